-- migrate:up transaction:false
create index concurrently notes_title on notes (title);

-- migrate:down transaction:false
drop index concurrently notes_title;
