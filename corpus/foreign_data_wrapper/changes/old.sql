create foreign data wrapper w options (dbname 'x', host 'h');
