create sequence s as int increment by -2 minvalue -100 maxvalue 50 start 10 cache 5 cycle;
