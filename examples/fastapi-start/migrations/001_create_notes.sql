-- Migration: 001_create_notes
-- Description: The notes that people write
-- Type: create_table
-- Depends on: []

-- @up
create table notes (
    id bigint generated always as identity primary key,
    body text not null,
    written_at timestamptz not null default now()
);

-- @down
drop table notes;
