create function f(internal) returns internal language internal immutable as 'prsd_lextype';
create transform for int language sql (from sql with function f(internal));
comment on transform for int language sql is 'there';
