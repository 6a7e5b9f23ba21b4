create table tiger.geocode_settings (
    name text primary key, setting text, unit text, category text, short_desc text
);
create type tiger.norm_addy as (
    address integer, predirabbrev varchar, streetname varchar, streettypeabbrev varchar,
    postdirabbrev varchar, internal varchar, location varchar, stateabbrev varchar, zip varchar,
    parsed boolean, zip4 varchar, address_alphanumeric varchar
);
create function tiger.normalize_address(in_rawinput varchar) returns tiger.norm_addy
language plpgsql as @unavailable@;
