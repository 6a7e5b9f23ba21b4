-- Migration: 001_create_user_profiles
-- Description: Create user profiles table for storing user information
-- Type: create_table
-- Depends on: []

-- ===== UP MIGRATION =====
-- @up
create table user_profiles (
    id uuid primary key default gen_random_uuid(),
    email text not null unique,
    display_name text not null,
    created_at timestamptz not null default now()
);

comment on table user_profiles is 'One row a person who may log in';

-- ===== DOWN MIGRATION =====
-- @down
drop table user_profiles;
