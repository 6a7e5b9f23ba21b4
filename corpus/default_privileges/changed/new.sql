alter default privileges grant select on tables to public;
alter default privileges revoke execute on functions from public;
