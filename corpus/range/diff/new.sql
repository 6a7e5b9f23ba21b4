create schema s;
create function s.minus(a float8, b float8) returns float8 language sql immutable as 'select a - b';
create type s.span as range (subtype = float8, subtype_diff = s.minus);
create table s.t (a s.span, b s.span[]);
