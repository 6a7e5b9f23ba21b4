create schema s;
create type s.v;
create function s.v_in(cstring) returns s.v language internal immutable strict as 'textin';
create function s.v_out(s.v) returns cstring language internal immutable strict as 'textout';
create function s.v_send(s.v) returns bytea language internal immutable strict as 'textsend';
create type s.v (input = s.v_in, output = s.v_out, storage = extended, send = s.v_send);
create table s.t (id int, a s.v);
