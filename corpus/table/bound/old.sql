create table p (id int) partition by list (id);
create table p_1 partition of p for values in (1);
