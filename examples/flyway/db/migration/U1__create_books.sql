drop view if exists titles;
drop table books;
