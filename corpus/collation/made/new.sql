create collation french (provider = icu, locale = 'fr');
create table t (a text collate french);
