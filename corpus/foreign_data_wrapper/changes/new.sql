create foreign data wrapper w options (dbname 'y', port '1');
