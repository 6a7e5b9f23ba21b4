create foreign data wrapper w;
create server far type 'a' foreign data wrapper w;
create user mapping for public server far;
create foreign table f (a int) server far;
