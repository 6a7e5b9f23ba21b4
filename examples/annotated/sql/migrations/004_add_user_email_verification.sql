-- Migration: 004_add_user_email_verification
-- Description: Remember when an address was verified, and how
-- Type: alter_table
-- Depends on: [001_create_user_profiles]

-- ===== UP MIGRATION =====
-- @up
create type verification_method as enum ('link', 'code');

alter table user_profiles
    add column email_verified_at timestamptz,
    add column email_verified_by verification_method,
    add constraint email_verification_is_whole
        check ((email_verified_at is null) = (email_verified_by is null));

-- ===== DOWN MIGRATION =====
-- @down
alter table user_profiles
    drop column email_verified_at,
    drop column email_verified_by;
drop type verification_method;
