-- +goose NO TRANSACTION
-- +goose Up
create index concurrently tasks_open on tasks (id) where done_at is null;

-- +goose Down
drop index concurrently tasks_open;
