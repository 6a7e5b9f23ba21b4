create conversion one for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create default conversion two for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
