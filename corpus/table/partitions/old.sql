create table p (id int not null, at date not null) partition by range (at);
