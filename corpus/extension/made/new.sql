create schema ext;
create extension pgcrypto with schema ext;
