create function id_encode(number bigint) returns text
language plpgsql immutable strict as @unavailable@;
create function id_encode(number bigint, salt text) returns text
language plpgsql immutable strict as @unavailable@;
create function id_encode(number bigint, salt text, min_length integer) returns text
language plpgsql immutable strict as @unavailable@;
create function id_encode(number bigint, salt text, min_length integer, alphabet text)
returns text
language plpgsql immutable strict as @unavailable@;
create function id_encode(numbers bigint[]) returns text
language plpgsql immutable strict as @unavailable@;
create function id_encode(numbers bigint[], salt text) returns text
language plpgsql immutable strict as @unavailable@;
create function id_encode(numbers bigint[], salt text, min_length integer) returns text
language plpgsql immutable strict as @unavailable@;
create function id_encode(numbers bigint[], salt text, min_length integer, alphabet text)
returns text
language plpgsql immutable strict as @unavailable@;
create function id_decode(hash_id text) returns bigint[]
language plpgsql immutable strict as @unavailable@;
create function id_decode(hash_id text, salt text) returns bigint[]
language plpgsql immutable strict as @unavailable@;
create function id_decode(hash_id text, salt text, min_length integer) returns bigint[]
language plpgsql immutable strict as @unavailable@;
create function id_decode(hash_id text, salt text, min_length integer, alphabet text)
returns bigint[]
language plpgsql immutable strict as @unavailable@;
create function id_decode_once(hash_id text) returns bigint
language plpgsql immutable strict as @unavailable@;
create function id_decode_once(hash_id text, salt text) returns bigint
language plpgsql immutable strict as @unavailable@;
create function id_decode_once(hash_id text, salt text, min_length integer) returns bigint
language plpgsql immutable strict as @unavailable@;
create function id_decode_once(hash_id text, salt text, min_length integer, alphabet text)
returns bigint
language plpgsql immutable strict as @unavailable@;
