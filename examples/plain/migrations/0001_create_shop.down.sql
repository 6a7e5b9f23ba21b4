-- The repeatable view stands on both tables and is made anew by the next `up`.
drop view if exists revenue;
drop table orders;
drop table customers;
