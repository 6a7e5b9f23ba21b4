alter table customers drop constraint customers_email_is_unique;
