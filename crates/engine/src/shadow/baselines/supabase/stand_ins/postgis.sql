-- Shapes are kept as the text they were given. Points can be made and asked for their coordinates;
-- measures, tests and other constructions raise. Type modifiers are not kept, and a gist index is
-- there and never used: its operator classes have no operators.

create type geometry;
create function geometry_in(cstring) returns geometry
language internal immutable strict parallel safe as 'textin';
create function geometry_out(geometry) returns cstring
language internal immutable strict parallel safe as 'textout';
create function geometry_typmod_in(cstring[]) returns integer
language internal immutable strict parallel safe as 'array_cardinality';
create function geometry_typmod_out(integer) returns cstring
language internal immutable strict parallel safe as 'varchartypmodout';
create type geometry (
    input = geometry_in, output = geometry_out, typmod_in = geometry_typmod_in,
    typmod_out = geometry_typmod_out, storage = main
);

create type geography;
create function geography_in(cstring) returns geography
language internal immutable strict parallel safe as 'textin';
create function geography_out(geography) returns cstring
language internal immutable strict parallel safe as 'textout';
create function geography_typmod_in(cstring[]) returns integer
language internal immutable strict parallel safe as 'array_cardinality';
create function geography_typmod_out(integer) returns cstring
language internal immutable strict parallel safe as 'varchartypmodout';
create type geography (
    input = geography_in, output = geography_out, typmod_in = geography_typmod_in,
    typmod_out = geography_typmod_out, storage = main
);

create type box2d;
create function box2d_in(cstring) returns box2d
language internal immutable strict parallel safe as 'textin';
create function box2d_out(box2d) returns cstring
language internal immutable strict parallel safe as 'textout';
create type box2d (
    input = box2d_in, output = box2d_out
);

create type box3d;
create function box3d_in(cstring) returns box3d
language internal immutable strict parallel safe as 'textin';
create function box3d_out(box3d) returns cstring
language internal immutable strict parallel safe as 'textout';
create type box3d (
    input = box3d_in, output = box3d_out
);

create type geometry_dump as (path integer[], geom geometry);
create type valid_detail as (valid boolean, reason varchar, location geometry);

create table spatial_ref_sys (
    srid integer not null primary key check (srid > 0 and srid <= 998999),
    auth_name varchar(256),
    auth_srid integer,
    srtext varchar(2048),
    proj4text varchar(2048)
);
insert into spatial_ref_sys (srid, auth_name, auth_srid)
values (4326, 'EPSG', 4326), (3857, 'EPSG', 3857);
grant select on spatial_ref_sys to public;

create cast (text as geometry) with inout as implicit;
create cast (geometry as text) with inout as implicit;
create cast (geometry as geography) with inout as implicit;
create cast (geography as geometry) with inout;
create cast (geometry as box2d) with inout as implicit;
create cast (geometry as box3d) with inout as implicit;
create cast (box2d as geometry) with inout as implicit;
create cast (box3d as geometry) with inout as implicit;
create cast (bytea as geometry) with inout as implicit;
create cast (bytea as geography) with inout as implicit;
create cast (geometry as bytea) with inout as implicit;
create cast (geography as bytea) with inout as implicit;
create cast (geometry as json) with inout;
create cast (geometry as jsonb) with inout;

-- Points, and texts as they come.

create function st_makepoint(double precision, double precision) returns geometry
language sql immutable strict parallel safe
as $$ select format('POINT(%s %s)', $1, $2)::@extschema@.geometry $$;
create function st_makepoint(double precision, double precision, double precision) returns geometry
language sql immutable strict parallel safe
as $$ select format('POINT Z (%s %s %s)', $1, $2, $3)::@extschema@.geometry $$;
create function st_point(double precision, double precision) returns geometry
language sql immutable strict parallel safe
as $$ select format('POINT(%s %s)', $1, $2)::@extschema@.geometry $$;
create function st_point(double precision, double precision, srid integer) returns geometry
language sql immutable strict parallel safe
as $$ select format('SRID=%s;POINT(%s %s)', $3, $1, $2)::@extschema@.geometry $$;
create function st_setsrid(geom geometry, srid integer) returns geometry
language sql immutable strict parallel safe
as $$ select ('SRID=' || srid || ';' || regexp_replace(geom::text, '^SRID=[0-9]+;', ''))::@extschema@.geometry $$;
create function st_setsrid(geog geography, srid integer) returns geography
language sql immutable strict parallel safe
as $$ select ('SRID=' || srid || ';' || regexp_replace(geog::text, '^SRID=[0-9]+;', ''))::@extschema@.geography $$;
create function st_srid(geom geometry) returns integer
language sql immutable strict parallel safe
as $$ select coalesce((regexp_match(geom::text, '^SRID=([0-9]+);'))[1]::integer, 0) $$;
create function st_srid(geog geography) returns integer
language sql immutable strict parallel safe
as $$ select coalesce((regexp_match(geog::text, '^SRID=([0-9]+);'))[1]::integer, 4326) $$;
create function st_x(geometry) returns double precision
language sql immutable strict parallel safe
as $$ select (regexp_match($1::text, 'POINT *Z? *\(([-0-9.e+]+)', 'i'))[1]::double precision $$;
create function st_y(geometry) returns double precision
language sql immutable strict parallel safe
as $$ select (regexp_match($1::text, 'POINT *Z? *\([-0-9.e+]+ +([-0-9.e+]+)', 'i'))[1]::double precision $$;
create function st_z(geometry) returns double precision
language sql immutable strict parallel safe
as $$ select (regexp_match($1::text, 'POINT *Z? *\([-0-9.e+]+ +[-0-9.e+]+ +([-0-9.e+]+)', 'i'))[1]::double precision $$;
create function st_geomfromtext(text) returns geometry
language sql immutable strict parallel safe
as $$ select $1::@extschema@.geometry $$;
create function st_geomfromtext(text, integer) returns geometry
language sql immutable strict parallel safe
as $$ select @extschema@.st_setsrid($1::@extschema@.geometry, $2) $$;
create function st_geometryfromtext(text) returns geometry
language sql immutable strict parallel safe
as $$ select $1::@extschema@.geometry $$;
create function st_geometryfromtext(text, integer) returns geometry
language sql immutable strict parallel safe
as $$ select @extschema@.st_setsrid($1::@extschema@.geometry, $2) $$;
create function st_pointfromtext(text) returns geometry
language sql immutable strict parallel safe
as $$ select $1::@extschema@.geometry $$;
create function st_pointfromtext(text, integer) returns geometry
language sql immutable strict parallel safe
as $$ select @extschema@.st_setsrid($1::@extschema@.geometry, $2) $$;
create function st_geomfromewkt(text) returns geometry
language sql immutable strict parallel safe
as $$ select $1::@extschema@.geometry $$;
create function st_geogfromtext(text) returns geography
language sql immutable strict parallel safe
as $$ select $1::@extschema@.geography $$;
create function st_geographyfromtext(text) returns geography
language sql immutable strict parallel safe
as $$ select $1::@extschema@.geography $$;
create function st_astext(geometry) returns text
language sql immutable strict parallel safe
as $$ select regexp_replace($1::text, '^SRID=[0-9]+;', '') $$;
create function st_astext(geometry, integer) returns text
language sql immutable strict parallel safe
as $$ select @extschema@.st_astext($1) $$;
create function st_asewkt(geometry) returns text
language sql immutable strict parallel safe
as $$ select $1::text $$;
create function st_astext(geography) returns text
language sql immutable strict parallel safe
as $$ select regexp_replace($1::text, '^SRID=[0-9]+;', '') $$;
create function st_astext(geography, integer) returns text
language sql immutable strict parallel safe
as $$ select @extschema@.st_astext($1) $$;
create function st_asewkt(geography) returns text
language sql immutable strict parallel safe
as $$ select $1::text $$;

-- What needs the library.
create function st_contains(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_within(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_intersects(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_overlaps(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_touches(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_crosses(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_disjoint(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_equals(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_covers(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_coveredby(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_containsproperly(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_orderingequals(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_3dintersects(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_intersects(geog1 geography, geog2 geography) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_covers(geog1 geography, geog2 geography) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_coveredby(geog1 geography, geog2 geography) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_intersects(text, text) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_dwithin(geom1 geometry, geom2 geometry, double precision) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_dwithin(geog1 geography, geog2 geography, tolerance double precision, use_spheroid boolean default true)
returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_dwithin(text, text, double precision) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_dfullywithin(geom1 geometry, geom2 geometry, double precision) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_distance(geom1 geometry, geom2 geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_distance(geog1 geography, geog2 geography, use_spheroid boolean default true)
returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_distance(text, text) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_distancesphere(geom1 geometry, geom2 geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_distancespheroid(geom1 geometry, geom2 geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_maxdistance(geom1 geometry, geom2 geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_hausdorffdistance(geom1 geometry, geom2 geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_3ddistance(geom1 geometry, geom2 geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_azimuth(geom1 geometry, geom2 geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_azimuth(geog1 geography, geog2 geography) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_area(geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_length(geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_perimeter(geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_m(geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_length2d(geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_minimumclearance(geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_area(geog geography, use_spheroid boolean default true)
returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_length(geog geography, use_spheroid boolean default true)
returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_perimeter(geog geography, use_spheroid boolean default true)
returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_xmin(box3d) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_xmax(box3d) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_ymin(box3d) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_ymax(box3d) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_zmin(box3d) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_zmax(box3d) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_centroid(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_envelope(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_boundary(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_convexhull(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_pointonsurface(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_startpoint(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_endpoint(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_exteriorring(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_makevalid(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_reverse(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_force2d(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_force3d(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_multi(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_unaryunion(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_linemerge(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_normalize(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_flipcoordinates(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_forcepolygoncw(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_forcepolygonccw(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_makepolygon(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_buildarea(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_points(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_node(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_orientedenvelope(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_minimumboundingcircle(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_collectionhomogenize(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_removerepeatedpoints(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_force3dz(geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_centroid(geography, use_spheroid boolean default true) returns geography
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_centroid(text) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_buffer(geom geometry, radius double precision, options text default '')
returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_buffer(geom geometry, radius double precision, quadsegs integer)
returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_buffer(geography, double precision) returns geography
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_buffer(geography, double precision, integer) returns geography
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_buffer(geography, double precision, text) returns geography
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_buffer(text, double precision) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_union(geom1 geometry, geom2 geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_intersection(geom1 geometry, geom2 geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_difference(geom1 geometry, geom2 geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_symdifference(geom1 geometry, geom2 geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_collect(geom1 geometry, geom2 geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_makeline(geom1 geometry, geom2 geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_shortestline(geom1 geometry, geom2 geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_longestline(geom1 geometry, geom2 geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_closestpoint(geom1 geometry, geom2 geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_split(geom1 geometry, geom2 geometry) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_intersection(geography, geography) returns geography
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_union(geometry[]) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_collect(geometry[]) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_makeline(geometry[]) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_project(geog geography, distance double precision, azimuth double precision)
returns geography
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_project(geom1 geometry, distance double precision, azimuth double precision)
returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_transform(geometry, integer) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_transform(geom geometry, to_proj text) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_simplify(geometry, double precision) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_simplifypreservetopology(geometry, double precision) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_snaptogrid(geometry, double precision) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_segmentize(geometry, double precision) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_simplifyvw(geometry, double precision) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_lineinterpolatepoint(geometry, double precision) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_segmentize(geog geography, max_segment_length double precision)
returns geography
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_linelocatepoint(geom1 geometry, geom2 geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_linesubstring(geometry, double precision, double precision) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_translate(geometry, double precision, double precision) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_scale(geometry, double precision, double precision) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_rotate(geometry, double precision) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_expand(geometry, double precision) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_expand(box2d, double precision) returns box2d
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_subdivide(geom geometry, maxvertices integer default 256, gridsize double precision default -1.0)
returns setof geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_makeenvelope(double precision, double precision, double precision, double precision, integer default 0)
returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_tileenvelope(zoom integer, x integer, y integer, bounds geometry default null, margin double precision default 0.0)
returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_makebox2d(geom1 geometry, geom2 geometry) returns box2d
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_asmvtgeom(geom geometry, bounds box2d, extent integer default 4096, buffer integer default 256, clip_geom boolean default true)
returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_numpoints(geometry) returns integer
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_npoints(geometry) returns integer
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_numgeometries(geometry) returns integer
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_numinteriorrings(geometry) returns integer
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_dimension(geometry) returns integer
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_nrings(geometry) returns integer
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_isvalid(geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_isempty(geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_isclosed(geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_issimple(geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_isring(geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_iscollection(geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_hasz(geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_coorddim(geometry geometry) returns smallint
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geometrytype(geometry) returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function geometrytype(geometry) returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_isvalidreason(geometry) returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_summary(geometry) returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_isvaliddetail(geom geometry, flags integer default 0) returns valid_detail
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geometryn(geometry, integer) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_pointn(geometry, integer) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_interiorringn(geometry, integer) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_dump(geometry) returns setof geometry_dump
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_dumppoints(geometry) returns setof geometry_dump
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_dumprings(geometry) returns setof geometry_dump
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_asgeojson(geom geometry, maxdecimaldigits integer default 9, options integer default 8)
returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_asgeojson(geog geography, maxdecimaldigits integer default 9, options integer default 0)
returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_asgeojson(r record, geom_column text default '', maxdecimaldigits integer default 9, pretty_bool boolean default false)
returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geomfromgeojson(text) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geomfromgeojson(json) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geomfromgeojson(jsonb) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geomfromkml(text) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geomfromgml(text) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_askml(geom geometry, maxdecimaldigits integer default 15, nprefix text default '')
returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_assvg(geom geometry, rel integer default 0, maxdecimaldigits integer default 15)
returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_asbinary(geometry) returns bytea
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_asbinary(geography) returns bytea
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_asewkb(geometry) returns bytea
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_ashexewkb(geometry) returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geomfromwkb(bytea) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geomfromwkb(bytea, integer) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geomfromewkb(bytea) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geogfromwkb(bytea) returns geography
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geohash(geom geometry, maxchars integer default 0) returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geohash(geog geography, maxchars integer default 0) returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_geomfromgeohash(text, integer default null) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_pointfromgeohash(text, integer default null) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_aslatlontext(geom geometry, tmpl text default '') returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_relate(geom1 geometry, geom2 geometry) returns text
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_relate(geom1 geometry, geom2 geometry, text) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_polygon(geometry, integer) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_polygonfromtext(text) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_polygonfromtext(text, integer) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_linefromtext(text) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_linefromtext(text, integer) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_mpolyfromtext(text) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_mpolyfromtext(text, integer) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_generatepoints(area geometry, npoints integer) returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_voronoipolygons(g1 geometry, tolerance double precision default 0.0, extend_to geometry default null)
returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_concavehull(param_geom geometry, param_pctconvex double precision, param_allow_holes boolean default false)
returns geometry
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_hexagongrid(size double precision, bounds geometry, out geom geometry, out i integer, out j integer)
returns setof record
language plpgsql immutable strict parallel safe as @unavailable@;
create function st_squaregrid(size double precision, bounds geometry, out geom geometry, out i integer, out j integer)
returns setof record
language plpgsql immutable strict parallel safe as @unavailable@;
create function box2d(geometry) returns box2d
language plpgsql immutable strict parallel safe as @unavailable@;
create function box3d(geometry) returns box3d
language plpgsql immutable strict parallel safe as @unavailable@;
create function postgis_version() returns text
language sql immutable
as $$ select '3.4 (stand-in of Whimbrel)' $$;
create function postgis_full_version() returns text
language sql immutable
as $$ select '3.4 (stand-in of Whimbrel)' $$;
create function postgis_lib_version() returns text
language sql immutable
as $$ select '3.4 (stand-in of Whimbrel)' $$;
create function postgis_geos_version() returns text
language sql immutable
as $$ select '3.4 (stand-in of Whimbrel)' $$;
create function postgis_proj_version() returns text
language sql immutable
as $$ select '3.4 (stand-in of Whimbrel)' $$;
create function addgeometrycolumn(
    table_name varchar, column_name varchar, new_srid integer, new_type varchar, new_dim integer,
    use_typmod boolean default true
)
returns text
language plpgsql
as $$
begin
    execute format('alter table %I add column %I @extschema@.geometry', table_name, column_name);
    return format('%s.%s', table_name, column_name);
end
$$;
create function find_srid(varchar, varchar, varchar) returns integer
language plpgsql stable strict as @unavailable@;

-- Windows and aggregates.
create function _aggregate(geometry, geometry) returns geometry
language plpgsql immutable parallel safe as @unavailable@;
create aggregate st_union(geometry) (sfunc = _aggregate, stype = geometry);
create aggregate st_collect(geometry) (sfunc = _aggregate, stype = geometry);
create aggregate st_makeline(geometry) (sfunc = _aggregate, stype = geometry);
create aggregate st_polygonize(geometry) (sfunc = _aggregate, stype = geometry);
create aggregate st_memunion(geometry) (sfunc = _aggregate, stype = geometry);
create function _extent(box2d, geometry) returns box2d
language plpgsql immutable parallel safe as @unavailable@;
create aggregate st_extent(geometry) (sfunc = _extent, stype = box2d);
create function _mvt(bytea, anyelement) returns bytea
language plpgsql immutable parallel safe as @unavailable@;
create function _mvt(bytea, anyelement, text) returns bytea
language plpgsql immutable parallel safe as @unavailable@;
create function _mvt(bytea, anyelement, text, integer, text) returns bytea
language plpgsql immutable parallel safe as @unavailable@;
create aggregate st_asmvt(anyelement) (sfunc = _mvt, stype = bytea);
create aggregate st_asmvt(anyelement, text) (sfunc = _mvt, stype = bytea);
create aggregate st_asmvt(anyelement, text, integer, text) (sfunc = _mvt, stype = bytea);
create function _cluster(integer, geometry, double precision, integer) returns integer
language plpgsql immutable parallel safe as @unavailable@;
create aggregate st_clusterdbscan(geometry, eps double precision, minpoints integer) (
    sfunc = _cluster, stype = integer
);

-- Operators.
create function geometry_overlaps(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator && (leftarg = geometry, rightarg = geometry, function = geometry_overlaps);
create function geometry_overleft(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator &< (leftarg = geometry, rightarg = geometry, function = geometry_overleft);
create function geometry_overright(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator &> (leftarg = geometry, rightarg = geometry, function = geometry_overright);
create function geometry_left(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator << (leftarg = geometry, rightarg = geometry, function = geometry_left);
create function geometry_right(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator >> (leftarg = geometry, rightarg = geometry, function = geometry_right);
create function geometry_within(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator @ (leftarg = geometry, rightarg = geometry, function = geometry_within);
create function geometry_contains(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator ~ (leftarg = geometry, rightarg = geometry, function = geometry_contains);
create function geometry_same(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator ~= (leftarg = geometry, rightarg = geometry, function = geometry_same);
create function geometry_overbelow(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator &<| (leftarg = geometry, rightarg = geometry, function = geometry_overbelow);
create function geometry_overabove(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator |&> (leftarg = geometry, rightarg = geometry, function = geometry_overabove);
create function geometry_below(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator <<| (leftarg = geometry, rightarg = geometry, function = geometry_below);
create function geometry_above(geom1 geometry, geom2 geometry) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator |>> (leftarg = geometry, rightarg = geometry, function = geometry_above);
create function geography_overlaps(geography, geography) returns boolean
language plpgsql immutable strict parallel safe as @unavailable@;
create operator && (leftarg = geography, rightarg = geography, function = geography_overlaps);
create function geometry_distance_knn(geometry, geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create operator <-> (
    leftarg = geometry, rightarg = geometry, function = geometry_distance_knn, commutator = <->
);
create function geography_distance_knn(geography, geography) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create operator <-> (
    leftarg = geography, rightarg = geography, function = geography_distance_knn, commutator = <->
);
create function geometry_distance_box(geom1 geometry, geom2 geometry) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create operator <#> (
    leftarg = geometry, rightarg = geometry, function = geometry_distance_box, commutator = <#>
);

create function geometry_lt(geometry, geometry) returns boolean
language internal immutable strict parallel safe as 'bytealt';
create operator < (
    leftarg = geometry, rightarg = geometry, function = geometry_lt, commutator = >, negator = >=
);
create function geometry_le(geometry, geometry) returns boolean
language internal immutable strict parallel safe as 'byteale';
create operator <= (
    leftarg = geometry, rightarg = geometry, function = geometry_le, commutator = >=, negator = >
);
create function geometry_eq(geometry, geometry) returns boolean
language internal immutable strict parallel safe as 'byteaeq';
create operator = (
    leftarg = geometry, rightarg = geometry, function = geometry_eq, commutator = =
);
create function geometry_ge(geometry, geometry) returns boolean
language internal immutable strict parallel safe as 'byteage';
create operator >= (
    leftarg = geometry, rightarg = geometry, function = geometry_ge, commutator = <=, negator = <
);
create function geometry_gt(geometry, geometry) returns boolean
language internal immutable strict parallel safe as 'byteagt';
create operator > (
    leftarg = geometry, rightarg = geometry, function = geometry_gt, commutator = <, negator = <=
);
create function geometry_cmp(geometry, geometry) returns integer
language internal immutable strict parallel safe as 'byteacmp';
create operator class btree_geometry_ops default for type geometry using btree as
    operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >,
    function 1 geometry_cmp(geometry, geometry);

create function geography_lt(geography, geography) returns boolean
language internal immutable strict parallel safe as 'bytealt';
create operator < (
    leftarg = geography, rightarg = geography, function = geography_lt, commutator = >, negator = >=
);
create function geography_le(geography, geography) returns boolean
language internal immutable strict parallel safe as 'byteale';
create operator <= (
    leftarg = geography, rightarg = geography, function = geography_le, commutator = >=, negator = >
);
create function geography_eq(geography, geography) returns boolean
language internal immutable strict parallel safe as 'byteaeq';
create operator = (
    leftarg = geography, rightarg = geography, function = geography_eq, commutator = =
);
create function geography_ge(geography, geography) returns boolean
language internal immutable strict parallel safe as 'byteage';
create operator >= (
    leftarg = geography, rightarg = geography, function = geography_ge, commutator = <=, negator = <
);
create function geography_gt(geography, geography) returns boolean
language internal immutable strict parallel safe as 'byteagt';
create operator > (
    leftarg = geography, rightarg = geography, function = geography_gt, commutator = <, negator = <=
);
create function geography_cmp(geography, geography) returns integer
language internal immutable strict parallel safe as 'byteacmp';
create operator class btree_geography_ops default for type geography using btree as
    operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >,
    function 1 geography_cmp(geography, geography);

-- The index is btree_gist's for bytea underneath.
create function _gist_consistent(internal, geometry, smallint, oid, internal) returns boolean
language c immutable strict parallel safe as '$libdir/btree_gist', 'gbt_bytea_consistent';
create function _gist_compress(internal) returns internal
language c immutable strict parallel safe as '$libdir/btree_gist', 'gbt_bytea_compress';
create function _gist_decompress(internal) returns internal
language c immutable strict parallel safe as '$libdir/btree_gist', 'gbt_var_decompress';
create function _gist_penalty(internal, internal, internal) returns internal
language c immutable strict parallel safe as '$libdir/btree_gist', 'gbt_bytea_penalty';
create function _gist_picksplit(internal, internal) returns internal
language c immutable strict parallel safe as '$libdir/btree_gist', 'gbt_bytea_picksplit';
create function _gist_union(internal, internal) returns bytea
language c immutable strict parallel safe as '$libdir/btree_gist', 'gbt_bytea_union';
create function _gist_same(bytea, bytea, internal) returns internal
language c immutable strict parallel safe as '$libdir/btree_gist', 'gbt_bytea_same';

create operator class gist_geometry_ops_2d default for type geometry using gist as
    function 1 _gist_consistent(internal, geometry, smallint, oid, internal),
    function 2 _gist_union(internal, internal),
    function 3 _gist_compress(internal),
    function 4 _gist_decompress(internal),
    function 5 _gist_penalty(internal, internal, internal),
    function 6 _gist_picksplit(internal, internal),
    function 7 _gist_same(bytea, bytea, internal),
    storage bytea;
create operator class gist_geometry_ops_nd for type geometry using gist as
    function 1 _gist_consistent(internal, geometry, smallint, oid, internal),
    function 2 _gist_union(internal, internal),
    function 3 _gist_compress(internal),
    function 4 _gist_decompress(internal),
    function 5 _gist_penalty(internal, internal, internal),
    function 6 _gist_picksplit(internal, internal),
    function 7 _gist_same(bytea, bytea, internal),
    storage bytea;
create operator class gist_geography_ops default for type geography using gist as
    function 1 _gist_consistent(internal, geometry, smallint, oid, internal),
    function 2 _gist_union(internal, internal),
    function 3 _gist_compress(internal),
    function 4 _gist_decompress(internal),
    function 5 _gist_penalty(internal, internal, internal),
    function 6 _gist_picksplit(internal, internal),
    function 7 _gist_same(bytea, bytea, internal),
    storage bytea;

create view geometry_columns as
select current_database()::varchar(256) as f_table_catalog,
    n.nspname as f_table_schema,
    c.relname as f_table_name,
    a.attname as f_geometry_column,
    2 as coord_dimension,
    0 as srid,
    'GEOMETRY'::varchar(30) as type
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and not a.attisdropped
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'f', 'p') and a.atttypid = 'geometry'::regtype;
create view geography_columns as
select current_database()::varchar(256) as f_table_catalog,
    n.nspname as f_table_schema,
    c.relname as f_table_name,
    a.attname as f_geography_column,
    2 as coord_dimension,
    4326 as srid,
    'Geometry' as type
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and not a.attisdropped
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'f', 'p') and a.atttypid = 'geography'::regtype;
grant select on geometry_columns, geography_columns to public;
