create table topology.topology (
    id serial primary key,
    name varchar not null unique,
    srid integer not null,
    "precision" double precision not null,
    hasz boolean not null default false
);
create table topology.layer (
    topology_id integer not null references topology.topology (id),
    layer_id integer not null,
    schema_name varchar not null,
    table_name varchar not null,
    feature_column varchar not null,
    feature_type integer not null,
    level integer not null default 0,
    child_id integer,
    primary key (topology_id, layer_id)
);
create type topology.topogeometry as (
    topology_id integer, layer_id integer, id integer, type integer
);
create function topology.createtopology(
    atopology varchar, srid integer default 0, prec double precision default 0,
    hasz boolean default false
)
returns integer
language plpgsql as @unavailable@;
create function topology.droptopology(atopology varchar) returns text
language plpgsql as @unavailable@;
create function topology.addtopogeometrycolumn(
    toponame varchar, schema varchar, tbl varchar, col varchar, ltype varchar
)
returns integer
language plpgsql as @unavailable@;
