create table customers (
    id bigint generated always as identity primary key,
    name text not null,
    email text not null
);

create table orders (
    id bigint generated always as identity primary key,
    customer_id bigint not null references customers (id),
    placed_at timestamptz not null default now(),
    total numeric(12, 2) not null check (total >= 0)
);

create index orders_by_customer on orders (customer_id, placed_at);
