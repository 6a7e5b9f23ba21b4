create schema app;
comment on schema app is 'what we sell';
