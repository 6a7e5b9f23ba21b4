-- Runs step by step: neither statement may stand in a transaction with the other.
create unique index concurrently customers_email on customers (email);

alter table customers add constraint customers_email_is_unique unique using index customers_email;
