create schema s;
create type s.pair as (a int, b int);
create function s.lt(s.pair, s.pair) returns boolean language sql immutable as 'select ($1).a < ($2).a';
create function s.gt(s.pair, s.pair) returns boolean language sql immutable as 'select ($1).a > ($2).a';
create function s.ge(s.pair, s.pair) returns boolean language sql immutable as 'select ($1).a >= ($2).a';
create function s.eq(s.pair, s.pair) returns boolean language sql immutable as 'select ($1).a = ($2).a';
create function s.neg(s.pair) returns s.pair language sql immutable as 'select $1';
create operator s.< (function = s.gt, leftarg = s.pair, rightarg = s.pair);
create view s.v as select x from (select row(1,2)::s.pair as x) y where x operator(s.<) row(2, 3)::s.pair;
