-- As pg_dump writes it: the rows stand in the file and go to the server by the COPY protocol.
copy customers (name, email) from stdin;
Ada Lovelace	ada@example.com
Grace Hopper	grace@example.com
Kurt "the \\ slash" Gödel	odd@example.com
\.

insert into orders (customer_id, total)
select id, 10 * id from customers;
