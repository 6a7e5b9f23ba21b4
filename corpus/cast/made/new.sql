create type c as (a int);
create function to_c(int) returns c language sql as $$ select row($1)::c $$;
create cast (int as c) with function to_c(int) as assignment;
