create schema s;
create type s.pair as (a int, b int);
create function s.lt(s.pair, s.pair) returns boolean language sql immutable as 'select ($1).a < ($2).a';
create function s.gt(s.pair, s.pair) returns boolean language sql immutable as 'select ($1).a > ($2).a';
create function s.ge(s.pair, s.pair) returns boolean language sql immutable as 'select ($1).a >= ($2).a';
create function s.eq(s.pair, s.pair) returns boolean language sql immutable as 'select ($1).a = ($2).a';
create function s.neg(s.pair) returns s.pair language sql immutable as 'select $1';
create operator s.= (function = s.eq, leftarg = s.pair, rightarg = s.pair, commutator = operator(s.=), hashes, merges);
