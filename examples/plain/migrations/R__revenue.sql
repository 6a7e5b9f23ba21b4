-- Repeatable: runs last, and again whenever its statements change.
create or replace view revenue as
select
    customers.name,
    count(orders.id) as orders,
    coalesce(sum(orders.total), 0) as total
from customers
left join orders on orders.customer_id = customers.id
group by customers.id, customers.name;
