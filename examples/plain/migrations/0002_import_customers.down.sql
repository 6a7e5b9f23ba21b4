truncate orders, customers;
