create function s(text, text) returns text language sql as $$ select $1 || $2 $$;
create aggregate joined(text) (sfunc = s, stype = text);
