create function pgr_version() returns text
language sql
as $$ select 'stand-in' $$;
create function pgr_dijkstra(
    text, bigint, bigint, directed boolean default true,
    out seq integer, out path_seq integer, out node bigint, out edge bigint,
    out cost double precision, out agg_cost double precision
)
returns setof record
language plpgsql as @unavailable@;
create function pgr_dijkstra(
    text, anyarray, anyarray, directed boolean default true,
    out seq integer, out path_seq integer, out start_vid bigint, out end_vid bigint,
    out node bigint, out edge bigint, out cost double precision, out agg_cost double precision
)
returns setof record
language plpgsql as @unavailable@;
create function pgr_astar(
    text, bigint, bigint, directed boolean default true, heuristic integer default 5,
    factor double precision default 1.0, epsilon double precision default 1.0,
    out seq integer, out path_seq integer, out node bigint, out edge bigint,
    out cost double precision, out agg_cost double precision
)
returns setof record
language plpgsql as @unavailable@;
create function pgr_createtopology(
    edge_table text, tolerance double precision, the_geom text default 'the_geom',
    id text default 'id', source text default 'source', target text default 'target',
    rows_where text default 'true', clean boolean default false
)
returns varchar
language plpgsql as @unavailable@;
