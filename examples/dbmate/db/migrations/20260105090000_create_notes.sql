-- migrate:up
create table notes (
    id bigint generated always as identity primary key,
    title text not null,
    written_at timestamptz not null default now()
);

-- migrate:down
drop table notes;
