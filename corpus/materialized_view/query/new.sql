create table t (a int, b int);
create materialized view m as select a, b from t with no data;
create unique index m_a on m (a);
