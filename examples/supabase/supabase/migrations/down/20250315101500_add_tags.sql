drop table public.tags;
drop function public.tag_is_lowercase();
