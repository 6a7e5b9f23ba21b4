create schema s;
create type s.r;
create function s.canon(s.r) returns s.r language internal immutable strict as 'int4range_canonical';
create type s.r as range (subtype = int4, canonical = s.canon);
