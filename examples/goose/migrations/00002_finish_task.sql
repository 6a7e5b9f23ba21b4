-- +goose Up
-- +goose StatementBegin
create function finish_task(task bigint) returns void language plpgsql as $$
begin
    update tasks set done_at = now() where id = task;
end
$$;
-- +goose StatementEnd

-- +goose Down
drop function finish_task(bigint);
