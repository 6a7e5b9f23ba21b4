-- Keys are noted; nothing is encrypted here.

create type pgsodium.key_status as enum ('default', 'valid', 'invalid', 'expired');
create type pgsodium.key_type as enum (
    'aead-ietf', 'aead-det', 'hmacsha512', 'hmacsha256', 'auth', 'shorthash', 'generichash', 'kdf',
    'secretbox', 'secretstream', 'stream_xchacha20'
);
create sequence pgsodium.key_key_id_seq;
create table pgsodium.key (
    id uuid primary key default gen_random_uuid(),
    status pgsodium.key_status default 'valid',
    created timestamptz not null default current_timestamp,
    expires timestamptz,
    key_type pgsodium.key_type,
    key_id bigint default nextval('pgsodium.key_key_id_seq'),
    key_context bytea default 'pgsodium' check (length(key_context) = 8),
    name text unique,
    associated_data text default 'associated',
    raw_key bytea,
    raw_key_nonce bytea,
    parent_key uuid references pgsodium.key (id),
    comment text,
    user_data text
);
create view pgsodium.valid_key as
select id, name, status, key_type, key_id, key_context, created, expires, associated_data
from pgsodium.key
where status in ('valid', 'default') and (expires is null or expires > now());

create function pgsodium.create_key(
    key_type pgsodium.key_type default 'aead-det',
    name text default null,
    raw_key bytea default null,
    raw_key_nonce bytea default null,
    parent_key uuid default null,
    key_context bytea default 'pgsodium',
    expires timestamptz default null,
    associated_data text default ''
)
returns pgsodium.valid_key
language plpgsql security definer
as $$
declare
    made uuid;
    result pgsodium.valid_key;
begin
    insert into pgsodium.key (
        key_type, name, raw_key, raw_key_nonce, parent_key, key_context, expires, associated_data
    )
    values (
        create_key.key_type, create_key.name, create_key.raw_key, create_key.raw_key_nonce,
        create_key.parent_key, create_key.key_context, create_key.expires,
        create_key.associated_data
    )
    returning id into made;
    select * into result from pgsodium.valid_key where id = made;
    return result;
end
$$;
create function pgsodium.get_key_by_id(uuid) returns pgsodium.valid_key
language sql
as $$ select * from pgsodium.valid_key where id = $1 $$;
create function pgsodium.get_key_by_name(text) returns pgsodium.valid_key
language sql
as $$ select * from pgsodium.valid_key where name = $1 $$;

create function pgsodium.randombytes_random() returns integer
language sql volatile
as $$ select (random() * 2147483647)::integer $$;
create function pgsodium.randombytes_uniform(upper_bound integer) returns integer
language sql volatile
as $$ select floor(random() * upper_bound)::integer $$;
create function pgsodium.randombytes_buf(size integer) returns bytea
language sql volatile
as $$
    select decode(string_agg(lpad(to_hex(floor(random() * 256)::integer), 2, '0'), ''), 'hex')
    from generate_series(1, size)
$$;
create function pgsodium.crypto_aead_det_noncegen() returns bytea
language sql volatile
as $$ select pgsodium.randombytes_buf(16) $$;
create function pgsodium.crypto_aead_det_keygen() returns bytea
language sql volatile
as $$ select pgsodium.randombytes_buf(32) $$;

create function pgsodium.crypto_aead_det_encrypt(
    message bytea, additional bytea, key bytea, nonce bytea default null
)
returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_aead_det_decrypt(
    message bytea, additional bytea, key bytea, nonce bytea default null
)
returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_aead_det_encrypt(message bytea, additional bytea, key_uuid uuid)
returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_aead_det_decrypt(message bytea, additional bytea, key_uuid uuid)
returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_aead_det_encrypt(
    message bytea, additional bytea, key_uuid uuid, nonce bytea
)
returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_aead_det_decrypt(
    message bytea, additional bytea, key_uuid uuid, nonce bytea
)
returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_aead_ietf_encrypt(
    message bytea, additional bytea, nonce bytea, key_uuid uuid
)
returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_aead_ietf_decrypt(
    message bytea, additional bytea, nonce bytea, key_uuid uuid
)
returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_secretbox(message bytea, nonce bytea, key bytea) returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_secretbox_open(ciphertext bytea, nonce bytea, key bytea)
returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_generichash(message bytea, key bytea default null)
returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_shorthash(message bytea, key bytea) returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_auth(message bytea, key bytea) returns bytea
language plpgsql as @unavailable@;
create function pgsodium.crypto_pwhash_str(password bytea) returns bytea
language plpgsql as @unavailable@;
create function pgsodium.derive_key(
    key_id bigint, key_len integer default 32, context bytea default 'pgsodium'
)
returns bytea
language plpgsql as @unavailable@;
create function pgsodium.update_mask(target oid, debug boolean default false) returns void
language sql
as $$ select $$;
create function pgsodium.enable_security_label_trigger() returns void
language sql
as $$ select $$;
create function pgsodium.disable_security_label_trigger() returns void
language sql
as $$ select $$;
select pg_catalog.pg_extension_config_dump('pgsodium.key', '');
