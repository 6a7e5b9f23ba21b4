-- Migration: 005_index_snapshots_by_status
-- Description: Find failed snapshots fast, without stopping writes while the index is built
-- Type: create_index
-- Depends on: [002_create_website_tracking]

-- ===== UP MIGRATION =====
-- @up
create index concurrently website_snapshots_failed
    on website_snapshots (website_id, taken_at)
    where http_status >= 400;

-- ===== DOWN MIGRATION =====
-- @down
drop index concurrently website_snapshots_failed;
