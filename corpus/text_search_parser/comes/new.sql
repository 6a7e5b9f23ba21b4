create text search parser p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype, headline = prsd_headline);
comment on text search parser p is 'reads';
create text search template t (init = dsimple_init, lexize = dsimple_lexize);
comment on text search template t is 'looks up';
