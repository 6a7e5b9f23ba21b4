do $$ begin create role corpus_owner; exception when duplicate_object then null; end $$;
create text search dictionary d (template = simple, stopwords = 'english', accept = 'false');
create text search dictionary "S" (template = snowball, language = 'english');
comment on text search dictionary d is 'plain';
alter text search dictionary d owner to corpus_owner;
