-- Migration: 006_insert_first_profiles
-- Description: The team's own profiles, so that a fresh database can be looked at
-- Type: insert_data
-- Depends on: [004_add_user_email_verification]

-- ===== UP MIGRATION =====
-- @up
insert into user_profiles (email, display_name, email_verified_at, email_verified_by) values
    ('ada@example.com', 'Ada', now(), 'link'),
    ('grace@example.com', 'Grace; the "admiral"', now(), 'code');

-- ===== DOWN MIGRATION =====
-- @down
delete from user_profiles where email in ('ada@example.com', 'grace@example.com');
