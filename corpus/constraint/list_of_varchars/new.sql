create table t (a varchar(9) default 'x' check (a in ('x', 'it''s')), b varchar);
create view v as select a from t where b not in ('p', 'q');
create index t_b on t (a) where b in ('r', 's');
