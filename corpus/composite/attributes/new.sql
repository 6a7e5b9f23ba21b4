create type c as (a bigint, c date);
