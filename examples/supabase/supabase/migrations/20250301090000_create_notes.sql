create table public.notes (
    id bigint generated always as identity primary key,
    author text not null default current_user,
    body text not null,
    created_at timestamptz not null default now()
);

alter table public.notes enable row level security;

create policy "Authors see their notes" on public.notes
    for select
    using (author = current_user);
