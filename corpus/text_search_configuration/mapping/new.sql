create text search dictionary d (template = simple);
create text search configuration c (parser = "default");
alter text search configuration c add mapping for word with d, simple;
alter text search configuration c add mapping for asciiword with simple;
alter text search configuration c add mapping for url with simple;
