-- Migration: 002_create_website_tracking
-- Description: Create the websites that people watch, and their snapshots
-- Type: create_table
-- Depends on: [001_create_user_profiles]

-- ===== UP MIGRATION =====
-- @up
create table websites (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null references user_profiles (id) on delete cascade,
    url text not null check (url like 'http%'),
    checked_every interval not null default '1 day',
    unique (owner_id, url)
);

create table website_snapshots (
    id bigint generated always as identity primary key,
    website_id uuid not null references websites (id) on delete cascade,
    taken_at timestamptz not null default now(),
    http_status integer not null,
    content_hash text
);

create index website_snapshots_latest on website_snapshots (website_id, taken_at desc);

-- ===== DOWN MIGRATION =====
-- @down
drop table website_snapshots;
drop table websites;
