create function f(internal) returns internal language internal immutable as 'prsd_lextype';
