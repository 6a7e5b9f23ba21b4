create table public.tags (
    note_id bigint not null references public.notes (id) on delete cascade,
    tag text not null,
    primary key (note_id, tag)
);

create function public.tag_is_lowercase() returns trigger
language plpgsql
as $$
begin
    new.tag := lower(new.tag);
    return new;
end;
$$;

create trigger tag_is_lowercase
before insert or update on public.tags
for each row execute function public.tag_is_lowercase();
