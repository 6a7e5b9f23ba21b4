create foreign data wrapper w;
create server far type 'b' foreign data wrapper w;
create user mapping for public server far;
create foreign table f (a int) server far;
