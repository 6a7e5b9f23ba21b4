create schema s;
create type s.r as range (subtype = int4);
