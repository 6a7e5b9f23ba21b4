create table t (a int, c date not null default current_date);
