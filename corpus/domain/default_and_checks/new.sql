create domain d as int default 3 not null constraint positive check (value > 0);
comment on domain d is 'one or more';
