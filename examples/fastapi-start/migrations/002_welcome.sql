-- Migration: 002_welcome
-- Description: A first note, so that nobody starts with an empty page
-- Type: insert_data
-- Depends on: [001_create_notes]

-- @up
insert into notes (body) values ('welcome');

-- @down
delete from notes where body = 'welcome';
