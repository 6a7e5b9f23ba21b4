create table a (id int primary key);
create table b (a int references a deferrable initially deferred);
