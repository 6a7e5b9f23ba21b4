create schema "Odd ""schema""";
create table "Odd ""schema"""."select" ("Größe" bigint primary key, "a b" text not null default 'ü');
create index "Index 1" on "Odd ""schema"""."select" ("a b");
comment on column "Odd ""schema"""."select"."Größe" is 'größer';
