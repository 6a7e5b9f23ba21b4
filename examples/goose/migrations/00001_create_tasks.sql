-- +goose Up
create table tasks (
    id bigint generated always as identity primary key,
    title text not null,
    done_at timestamptz
);

-- +goose Down
drop table tasks;
