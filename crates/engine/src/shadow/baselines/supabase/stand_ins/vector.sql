-- Vectors are kept as the text they were given, with their dimensions checked where a column says
-- them. Distances are computed, slowly; an index is there and never used.

create type vector;
create function vector_in(cstring, oid, integer) returns vector
language internal immutable strict parallel safe as 'textin';
create function vector_out(vector) returns cstring
language internal immutable strict parallel safe as 'textout';
create function vector_typmod_in(cstring[]) returns integer
language internal immutable strict parallel safe as 'varchartypmodin';
create function vector_typmod_out(integer) returns cstring
language internal immutable strict parallel safe as 'varchartypmodout';
create function vector_recv(internal, oid, integer) returns vector
language internal immutable strict parallel safe as 'textrecv';
create function vector_send(vector) returns bytea
language internal immutable strict parallel safe as 'textsend';
create type vector (
    input = vector_in, output = vector_out, typmod_in = vector_typmod_in,
    typmod_out = vector_typmod_out, receive = vector_recv, send = vector_send, storage = external
);

create type halfvec;
create function halfvec_in(cstring, oid, integer) returns halfvec
language internal immutable strict parallel safe as 'textin';
create function halfvec_out(halfvec) returns cstring
language internal immutable strict parallel safe as 'textout';
create function halfvec_typmod_in(cstring[]) returns integer
language internal immutable strict parallel safe as 'varchartypmodin';
create function halfvec_typmod_out(integer) returns cstring
language internal immutable strict parallel safe as 'varchartypmodout';
create type halfvec (
    input = halfvec_in, output = halfvec_out, typmod_in = halfvec_typmod_in,
    typmod_out = halfvec_typmod_out, storage = external
);

create type sparsevec;
create function sparsevec_in(cstring, oid, integer) returns sparsevec
language internal immutable strict parallel safe as 'textin';
create function sparsevec_out(sparsevec) returns cstring
language internal immutable strict parallel safe as 'textout';
create function sparsevec_typmod_in(cstring[]) returns integer
language internal immutable strict parallel safe as 'varchartypmodin';
create function sparsevec_typmod_out(integer) returns cstring
language internal immutable strict parallel safe as 'varchartypmodout';
create type sparsevec (
    input = sparsevec_in, output = sparsevec_out, typmod_in = sparsevec_typmod_in,
    typmod_out = sparsevec_typmod_out, storage = external
);

create function vector_to_float4(vector, integer, boolean) returns real[]
language sql immutable strict parallel safe
return (select translate($1::text, '[]', '{}')::real[]);
create function array_to_vector(real[], integer, boolean) returns vector
language sql immutable strict parallel safe
return (select ('[' || array_to_string($1, ',') || ']')::vector);
create function array_to_vector(double precision[], integer, boolean) returns vector
language sql immutable strict parallel safe
return (select ('[' || array_to_string($1, ',') || ']')::vector);
create function array_to_vector(integer[], integer, boolean) returns vector
language sql immutable strict parallel safe
return (select ('[' || array_to_string($1, ',') || ']')::vector);
create function array_to_vector(numeric[], integer, boolean) returns vector
language sql immutable strict parallel safe
return (select ('[' || array_to_string($1, ',') || ']')::vector);
create cast (vector as real[]) with function vector_to_float4(vector, integer, boolean) as implicit;
create cast (real[] as vector)
    with function array_to_vector(real[], integer, boolean) as assignment;
create cast (double precision[] as vector)
    with function array_to_vector(double precision[], integer, boolean) as assignment;
create cast (integer[] as vector)
    with function array_to_vector(integer[], integer, boolean) as assignment;
create cast (numeric[] as vector)
    with function array_to_vector(numeric[], integer, boolean) as assignment;

create function vector_dims(vector) returns integer
language sql immutable strict parallel safe
return (select cardinality(translate($1::text, '[]', '{}')::real[]));

create function vector(vector, integer, boolean) returns vector
language plpgsql immutable strict parallel safe
as $$
declare
    dimensions integer := cardinality(translate($1::text, '[]', '{}')::real[]);
begin
    if $2 >= 4 and dimensions <> $2 - 4 then
        raise exception using errcode = '22000',
            message = format('expected %s dimensions, not %s', $2 - 4, dimensions);
    end if;
    return $1;
end
$$;
create cast (vector as vector) with function vector(vector, integer, boolean) as implicit;
create cast (vector as halfvec) with inout as assignment;
create cast (halfvec as vector) with inout as assignment;
create cast (vector as sparsevec) with inout as assignment;
create cast (sparsevec as vector) with inout as assignment;

create function inner_product(vector, vector) returns double precision
language sql immutable strict parallel safe
return (
    select sum(a::double precision * b)
    from unnest($1::real[], $2::real[]) as both_sides (a, b)
);
create function vector_negative_inner_product(vector, vector) returns double precision
language sql immutable strict parallel safe
return (select - inner_product($1, $2));
create function l2_distance(vector, vector) returns double precision
language sql immutable strict parallel safe
return (
    select sqrt(sum((a::double precision - b) ^ 2))
    from unnest($1::real[], $2::real[]) as both_sides (a, b)
);
create function vector_l2_squared_distance(vector, vector) returns double precision
language sql immutable strict parallel safe
return (select l2_distance($1, $2) ^ 2);
create function l1_distance(vector, vector) returns double precision
language sql immutable strict parallel safe
return (
    select sum(abs(a::double precision - b))
    from unnest($1::real[], $2::real[]) as both_sides (a, b)
);
create function vector_norm(vector) returns double precision
language sql immutable strict parallel safe
return (select sqrt(inner_product($1, $1)));
create function cosine_distance(vector, vector) returns double precision
language sql immutable strict parallel safe
return (
    select 1 - inner_product($1, $2)
        / nullif(vector_norm($1) * vector_norm($2), 0)
);
create function vector_spherical_distance(vector, vector) returns double precision
language sql immutable strict parallel safe
return (select acos(greatest(-1, least(1, inner_product($1, $2)))) / pi());
create function l2_normalize(vector) returns vector
language sql immutable strict parallel safe
return (
    select ('[' || string_agg(
        (a / coalesce(nullif(vector_norm($1), 0), 1))::real::text, ',' order by n
    ) || ']')::vector
    from unnest($1::real[]) with ordinality as element (a, n)
);
create function vector_add(vector, vector) returns vector
language sql immutable strict parallel safe
return (
    select ('[' || string_agg((a + b)::text, ',' order by n) || ']')::vector
    from unnest($1::real[], $2::real[]) with ordinality as both_sides (a, b, n)
);
create function vector_sub(vector, vector) returns vector
language sql immutable strict parallel safe
return (
    select ('[' || string_agg((a - b)::text, ',' order by n) || ']')::vector
    from unnest($1::real[], $2::real[]) with ordinality as both_sides (a, b, n)
);
create function vector_mul(vector, vector) returns vector
language sql immutable strict parallel safe
return (
    select ('[' || string_agg((a * b)::text, ',' order by n) || ']')::vector
    from unnest($1::real[], $2::real[]) with ordinality as both_sides (a, b, n)
);
create function vector_concat(vector, vector) returns vector
language sql immutable strict parallel safe
return (select (rtrim($1::text, ']') || ',' || ltrim($2::text, '['))::vector);
create function subvector(vector, integer, integer) returns vector
language sql immutable strict parallel safe
return (select ($1::real[])[$2 : $2 + $3 - 1]::vector);
create function binary_quantize(vector) returns bit
language sql immutable strict parallel safe
return (
    select string_agg(case when a > 0 then '1' else '0' end, '' order by n)::varbit::bit
    from unnest($1::real[]) with ordinality as element (a, n)
);
create function hamming_distance(bit, bit) returns double precision
language sql immutable strict parallel safe
return (select bit_count($1 # $2)::double precision);
create function jaccard_distance(bit, bit) returns double precision
language sql immutable strict parallel safe
return (select 1 - bit_count($1 & $2)::double precision / nullif(bit_count($1 | $2), 0));

create operator <-> (leftarg = vector, rightarg = vector, function = l2_distance, commutator = <->);
create operator <#> (
    leftarg = vector, rightarg = vector, function = vector_negative_inner_product,
    commutator = <#>
);
create operator <=> (
    leftarg = vector, rightarg = vector, function = cosine_distance, commutator = <=>
);
create operator <+> (leftarg = vector, rightarg = vector, function = l1_distance, commutator = <+>);
create operator + (leftarg = vector, rightarg = vector, function = vector_add, commutator = +);
create operator - (leftarg = vector, rightarg = vector, function = vector_sub);
create operator * (leftarg = vector, rightarg = vector, function = vector_mul, commutator = *);
create operator || (leftarg = vector, rightarg = vector, function = vector_concat);
create operator <~> (leftarg = bit, rightarg = bit, function = hamming_distance, commutator = <~>);
create operator <%> (leftarg = bit, rightarg = bit, function = jaccard_distance, commutator = <%>);

create function l2_distance(halfvec, halfvec) returns double precision
language sql immutable strict parallel safe
return (
    select l2_distance(
        $1::text::vector, $2::text::vector
    )
);
create function inner_product(halfvec, halfvec) returns double precision
language sql immutable strict parallel safe
return (
    select inner_product(
        $1::text::vector, $2::text::vector
    )
);
create function halfvec_negative_inner_product(halfvec, halfvec) returns double precision
language sql immutable strict parallel safe
return (select - inner_product($1, $2));
create function cosine_distance(halfvec, halfvec) returns double precision
language sql immutable strict parallel safe
return (
    select cosine_distance(
        $1::text::vector, $2::text::vector
    )
);
create function l1_distance(halfvec, halfvec) returns double precision
language sql immutable strict parallel safe
return (
    select l1_distance(
        $1::text::vector, $2::text::vector
    )
);
create function vector_dims(halfvec) returns integer
language sql immutable strict parallel safe
return (select vector_dims($1::text::vector));
create operator <-> (
    leftarg = halfvec, rightarg = halfvec, function = l2_distance, commutator = <->
);
create operator <#> (
    leftarg = halfvec, rightarg = halfvec, function = halfvec_negative_inner_product,
    commutator = <#>
);
create operator <=> (
    leftarg = halfvec, rightarg = halfvec, function = cosine_distance, commutator = <=>
);
create operator <+> (
    leftarg = halfvec, rightarg = halfvec, function = l1_distance, commutator = <+>
);

create function l2_distance(sparsevec, sparsevec) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function inner_product(sparsevec, sparsevec) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function sparsevec_negative_inner_product(sparsevec, sparsevec) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function cosine_distance(sparsevec, sparsevec) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create function l1_distance(sparsevec, sparsevec) returns double precision
language plpgsql immutable strict parallel safe as @unavailable@;
create operator <-> (
    leftarg = sparsevec, rightarg = sparsevec, function = l2_distance, commutator = <->
);
create operator <#> (
    leftarg = sparsevec, rightarg = sparsevec, function = sparsevec_negative_inner_product,
    commutator = <#>
);
create operator <=> (
    leftarg = sparsevec, rightarg = sparsevec, function = cosine_distance, commutator = <=>
);
create operator <+> (
    leftarg = sparsevec, rightarg = sparsevec, function = l1_distance, commutator = <+>
);

create function vector_lt(vector, vector) returns boolean
language internal immutable strict parallel safe as 'bytealt';
create function vector_le(vector, vector) returns boolean
language internal immutable strict parallel safe as 'byteale';
create function vector_eq(vector, vector) returns boolean
language internal immutable strict parallel safe as 'byteaeq';
create function vector_ne(vector, vector) returns boolean
language internal immutable strict parallel safe as 'byteane';
create function vector_ge(vector, vector) returns boolean
language internal immutable strict parallel safe as 'byteage';
create function vector_gt(vector, vector) returns boolean
language internal immutable strict parallel safe as 'byteagt';
create function vector_cmp(vector, vector) returns integer
language internal immutable strict parallel safe as 'byteacmp';
create operator < (
    leftarg = vector, rightarg = vector, function = vector_lt, commutator = >, negator = >=
);
create operator <= (
    leftarg = vector, rightarg = vector, function = vector_le, commutator = >=, negator = >
);
create operator = (
    leftarg = vector, rightarg = vector, function = vector_eq, commutator = =, negator = <>
);
create operator <> (
    leftarg = vector, rightarg = vector, function = vector_ne, commutator = <>, negator = =
);
create operator >= (
    leftarg = vector, rightarg = vector, function = vector_ge, commutator = <=, negator = <
);
create operator > (
    leftarg = vector, rightarg = vector, function = vector_gt, commutator = <, negator = <=
);
create operator class vector_ops default for type vector using btree as
    operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >,
    function 1 vector_cmp(vector, vector);

create aggregate sum(vector) (sfunc = vector_add, stype = vector, parallel = safe);
create function vector_accum(double precision[], vector) returns double precision[]
language sql immutable parallel safe
return (
    select case
        when $2 is null then $1
        when $1 = '{}' then 1::double precision || ($2::real[])::double precision[]
        else ($1[1] + 1) || (
            select array_agg(a + b order by n)
            from unnest($1[2:], $2::real[]) with ordinality as both_sides (a, b, n)
        )
    end
);
create function vector_avg(double precision[]) returns vector
language sql immutable strict parallel safe
return (
    select ('[' || string_agg((a / $1[1])::real::text, ',' order by n) || ']')::vector
    from unnest($1[2:]) with ordinality as element (a, n)
);
create aggregate avg(vector) (
    sfunc = vector_accum, stype = double precision[], finalfunc = vector_avg, initcond = '{}'
);

-- Both methods are hash indexes underneath, which nothing ever searches: their operator classes
-- have no operators.
create access method ivfflat type index handler hashhandler;
create access method hnsw type index handler hashhandler;
create function vector_hash(vector) returns integer
language internal immutable strict parallel safe as 'hashvarlena';
create function vector_hash(halfvec) returns integer
language internal immutable strict parallel safe as 'hashvarlena';
create function vector_hash(sparsevec) returns integer
language internal immutable strict parallel safe as 'hashvarlena';
create function vector_hash(bit) returns integer
language internal immutable strict parallel safe as 'hashvarlena';

create operator class vector_l2_ops default for type vector using ivfflat as
    function 1 vector_hash(vector);
create operator class vector_ip_ops for type vector using ivfflat as
    function 1 vector_hash(vector);
create operator class vector_cosine_ops for type vector using ivfflat as
    function 1 vector_hash(vector);
create operator class halfvec_l2_ops for type halfvec using ivfflat as
    function 1 vector_hash(halfvec);
create operator class halfvec_ip_ops for type halfvec using ivfflat as
    function 1 vector_hash(halfvec);
create operator class halfvec_cosine_ops for type halfvec using ivfflat as
    function 1 vector_hash(halfvec);
create operator class bit_hamming_ops for type bit using ivfflat as
    function 1 vector_hash(bit);
create operator class vector_l2_ops for type vector using hnsw as
    function 1 vector_hash(vector);
create operator class vector_ip_ops for type vector using hnsw as
    function 1 vector_hash(vector);
create operator class vector_cosine_ops for type vector using hnsw as
    function 1 vector_hash(vector);
create operator class vector_l1_ops for type vector using hnsw as
    function 1 vector_hash(vector);
create operator class halfvec_l2_ops for type halfvec using hnsw as
    function 1 vector_hash(halfvec);
create operator class halfvec_ip_ops for type halfvec using hnsw as
    function 1 vector_hash(halfvec);
create operator class halfvec_cosine_ops for type halfvec using hnsw as
    function 1 vector_hash(halfvec);
create operator class halfvec_l1_ops for type halfvec using hnsw as
    function 1 vector_hash(halfvec);
create operator class sparsevec_l2_ops for type sparsevec using hnsw as
    function 1 vector_hash(sparsevec);
create operator class sparsevec_ip_ops for type sparsevec using hnsw as
    function 1 vector_hash(sparsevec);
create operator class sparsevec_cosine_ops for type sparsevec using hnsw as
    function 1 vector_hash(sparsevec);
create operator class sparsevec_l1_ops for type sparsevec using hnsw as
    function 1 vector_hash(sparsevec);
create operator class bit_hamming_ops for type bit using hnsw as
    function 1 vector_hash(bit);
create operator class bit_jaccard_ops for type bit using hnsw as
    function 1 vector_hash(bit);
