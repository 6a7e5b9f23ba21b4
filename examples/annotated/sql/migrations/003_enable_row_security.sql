-- Migration: 003_enable_row_security
-- Description: Let people see and change only their own websites
-- Type: custom_sql
-- Depends on: [002_create_website_tracking]

-- ===== UP MIGRATION =====
-- @up
create function current_profile() returns uuid
language sql stable
begin atomic
    select nullif(current_setting('app.profile', true), '')::uuid;
end;

alter table websites enable row level security;
alter table website_snapshots enable row level security;

create policy own_websites on websites
    using (owner_id = current_profile());

create policy own_snapshots on website_snapshots
    for select
    using (exists (select from websites where websites.id = website_id));

-- ===== DOWN MIGRATION =====
-- @down
drop policy own_snapshots on website_snapshots;
drop policy own_websites on websites;
alter table website_snapshots disable row level security;
alter table websites disable row level security;
drop function current_profile();
