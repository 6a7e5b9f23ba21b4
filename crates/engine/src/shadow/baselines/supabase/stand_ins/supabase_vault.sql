-- Secrets are kept as they come: nothing is encrypted here.

create table vault.secrets (
    id uuid primary key default gen_random_uuid(),
    name text,
    description text not null default '',
    secret text not null,
    key_id uuid,
    nonce bytea default decode(replace(gen_random_uuid()::text, '-', ''), 'hex'),
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp
);
create unique index secrets_name_idx on vault.secrets (name) where name is not null;
comment on table vault.secrets is
    'stand-in: the secrets of this table are not encrypted';

create view vault.decrypted_secrets as
select id, name, description, secret, secret as decrypted_secret, key_id, nonce, created_at,
    updated_at
from vault.secrets;

create function vault.create_secret(
    new_secret text,
    new_name text default null,
    new_description text default '',
    new_key_id uuid default null
)
returns uuid
language sql security definer
set search_path = ''
as $$
    insert into vault.secrets (secret, name, description, key_id)
    values (new_secret, new_name, new_description, new_key_id)
    returning id
$$;

create function vault.update_secret(
    secret_id uuid,
    new_secret text default null,
    new_name text default null,
    new_description text default null,
    new_key_id uuid default null
)
returns void
language sql security definer
set search_path = ''
as $$
    update vault.secrets
    set secret = coalesce(new_secret, secret),
        name = coalesce(new_name, name),
        description = coalesce(new_description, description),
        key_id = coalesce(new_key_id, key_id),
        updated_at = now()
    where id = secret_id
$$;

create function vault._crypto_aead_det_encrypt(
    message bytea,
    additional bytea,
    key_id bigint,
    context bytea default 'pgsodium',
    nonce bytea default null
)
returns bytea
language plpgsql immutable as @unavailable@;
create function vault._crypto_aead_det_decrypt(
    message bytea,
    additional bytea,
    key_id bigint,
    context bytea default 'pgsodium',
    nonce bytea default null
)
returns bytea
language plpgsql immutable as @unavailable@;
create function vault._crypto_aead_det_noncegen() returns bytea
language plpgsql immutable as @unavailable@;

do $$ begin
    if to_regrole('service_role') is not null then
        grant select, delete on vault.secrets, vault.decrypted_secrets to service_role;
        grant execute on function vault.create_secret, vault.update_secret to service_role;
    end if;
    revoke execute on function vault.create_secret, vault.update_secret from public;
end $$;
