create access method mine type index handler bthandler;
create access method keep type table handler heap_tableam_handler;
comment on access method mine is 'mine';
create table t (a int) using keep;
