create schema "Odd ""schema""";
create table "Odd ""schema"""."select" ("Größe" int, "a b" text);
