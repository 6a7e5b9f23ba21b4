create type raster;
create function raster_in(cstring) returns raster
language internal immutable strict parallel safe as 'textin';
create function raster_out(raster) returns cstring
language internal immutable strict parallel safe as 'textout';
create type raster (input = raster_in, output = raster_out, storage = extended);
create function st_value(rast raster, band integer, x integer, y integer) returns double precision
language plpgsql immutable strict as @unavailable@;
create function st_width(raster) returns integer
language plpgsql immutable strict as @unavailable@;
create function st_height(raster) returns integer
language plpgsql immutable strict as @unavailable@;
