//! Extensions that stand in for those that the server lacks.

use whimbrel_engine::shadow::stand_ins;

use super::kit::{EXPLICIT, MAJORS, database};

/// Every stand-in.
const ALL: &[&str] = &[
    "address_standardizer",
    "address_standardizer_data_us",
    "http",
    "hypopg",
    "index_advisor",
    "pg_cron",
    "pg_graphql",
    "pg_hashids",
    "pg_jsonschema",
    "pg_net",
    "pg_partman",
    "pg_repack",
    "pg_stat_monitor",
    "pg_tle",
    "pgaudit",
    "pgjwt",
    "pgmq",
    "pgroonga",
    "pgrouting",
    "pgsodium",
    "pgtap",
    "plpgsql_check",
    "plv8",
    "postgis",
    "postgis_raster",
    "postgis_tiger_geocoder",
    "postgis_topology",
    "rum",
    "supabase_vault",
    "timescaledb",
    "vector",
    "wrappers",
];

#[tokio::test]
async fn each_is_made_dropped_and_made_again_and_has_its_members() {
    for major in MAJORS {
        let mut database = database(major, EXPLICIT).await;
        for name in ALL {
            database.run(&format!("drop extension if exists \"{name}\" cascade")).await;
            database.run(&format!("create extension \"{name}\" cascade")).await;
            let members = database
                .value(&format!(
                    "select count(*) > 0 from pg_depend as d join pg_extension as e on e.oid = d.refobjid
                     where d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass
                     and e.extname = '{name}'"
                ))
                .await;
            assert_eq!(members, "t", "{name}");
            database.run(&format!("drop extension \"{name}\" cascade")).await;
            database.run(&format!("create extension if not exists \"{name}\" cascade")).await;
        }
        // What was dropped with another comes back.
        for name in ALL {
            database.run(&format!("create extension if not exists \"{name}\" cascade")).await;
        }
        let there = stand_ins(&mut database.session).await.unwrap();
        assert_eq!(there, ALL);
    }
}

#[tokio::test]
async fn each_says_so_in_its_comment_and_by_its_control_file_whatever_a_script_comments() {
    let mut database = database(17, EXPLICIT).await;
    database
        .run(
            "create extension vector with schema extensions;
            comment on extension vector is 'vector data type'",
        )
        .await;
    let said = database
        .value(
            "select obj_description(oid, 'pg_extension') from pg_extension where extname = 'pg_net'",
        )
        .await;
    assert!(said.starts_with("stand-in of Whimbrel for pg_net"), "{said}");
    let there = stand_ins(&mut database.session).await.unwrap();
    assert_eq!(there, ["pg_net", "supabase_vault", "vector"]);
}

#[tokio::test]
async fn what_cannot_work_raises_0a000_and_names_the_extension() {
    let mut database = database(17, EXPLICIT).await;
    database
        .run(
            "create extension http with schema extensions; create extension postgis;
            create extension pg_graphql with schema graphql; create extension index_advisor cascade;
            create extension pgsodium with schema pgsodium; create extension pg_hashids",
        )
        .await;
    for (call, extension) in [
        ("extensions.http_get('http://localhost/')", "http"),
        ("st_distance(st_makepoint(1, 2), st_makepoint(3, 4))", "postgis"),
        ("graphql.resolve('{ __typename }')", "pg_graphql"),
        ("index_advisor('select 1')", "index_advisor"),
        ("pgsodium.crypto_auth('a', 'b')", "pgsodium"),
        ("id_encode(1)", "pg_hashids"),
    ] {
        let refused = database.refused(&format!("select {call}")).await;
        let wanted = format!("0A000 the extension {extension} is a stand-in here");
        assert!(refused.starts_with(&wanted), "{refused}");
    }
}

#[tokio::test]
async fn signatures_are_those_of_the_real_extensions() {
    let mut database = database(17, EXPLICIT).await;
    database.run("create extension pg_cron; create extension http; create extension vector").await;
    for (function, wanted) in [
        (
            "net.http_post",
            "url text, body jsonb DEFAULT '{}'::jsonb, params jsonb DEFAULT '{}'::jsonb, headers \
             jsonb DEFAULT '{\"Content-Type\": \"application/json\"}'::jsonb, timeout_milliseconds \
             integer DEFAULT 5000 -> bigint",
        ),
        (
            "vault.create_secret",
            "new_secret text, new_name text DEFAULT NULL::text, new_description text DEFAULT \
             ''::text, new_key_id uuid DEFAULT NULL::uuid -> uuid",
        ),
        (
            "cron.schedule_in_database",
            "job_name text, schedule text, command text, database text, username text DEFAULT \
             NULL::text, active boolean DEFAULT true -> bigint",
        ),
        ("public.http_header", "field character varying, value character varying -> http_header"),
        ("public.cosine_distance(vector, vector)", "vector, vector -> double precision"),
    ] {
        let kind = if function.contains('(') { "regprocedure" } else { "regproc" };
        let function = format!("'{function}'::{kind}");
        let said = database
            .value(&format!(
                "select pg_get_function_arguments(f) || ' -> ' || pg_get_function_result(f)
                from (values ({function}::oid)) as v (f)"
            ))
            .await;
        assert_eq!(said, wanted);
    }
}

#[tokio::test]
async fn jobs_requests_secrets_and_queues_are_kept() {
    for major in MAJORS {
        let mut database = database(major, EXPLICIT).await;
        database
            .run(
                "create extension pg_cron with schema extensions;
                select cron.schedule('nightly', '0 3 * * *', 'vacuum');
                select cron.schedule('nightly', '30 seconds', 'select 1');
                grant usage on schema cron to postgres;
                grant all privileges on all tables in schema cron to postgres",
            )
            .await;
        let job = "select jobname || schedule || command from cron.job";
        assert_eq!(database.value(job).await, "nightly30 secondsselect 1");
        let schema =
            "select extnamespace::regnamespace from pg_extension where extname = 'pg_cron'";
        assert_eq!(database.value(schema).await, "pg_catalog");
        assert_eq!(database.value("select cron.unschedule('nightly')").await, "t");
        let refused = database.refused("select cron.unschedule('nightly')").await;
        assert!(refused.contains("could not find valid entry for job 'nightly'"), "{refused}");
        let refused = database.refused("select cron.schedule('x', 'often', 'select 1')").await;
        assert!(refused.contains("invalid schedule: often"), "{refused}");

        database.run("select net.http_post('http://localhost/', body := '{\"a\": 1}')").await;
        let queued = "select method || convert_from(body, 'UTF8') from net.http_request_queue";
        assert_eq!(database.value(queued).await, "POST{\"a\": 1}");

        let secret = "select vault.create_secret('hush', 'key', 'what for');
            select decrypted_secret from vault.decrypted_secrets where name = 'key'";
        assert_eq!(database.value(secret).await, "hush");

        let queue = "create extension pgmq; select pgmq.create('mail');
            select pgmq.send('mail', '{\"to\": \"a\"}');
            select message ->> 'to' from pgmq.read('mail', 30, 5)";
        assert_eq!(database.value(queue).await, "a");
        assert_eq!(database.value("select count(*) from pgmq.read('mail', 30, 5)").await, "0");
        assert_eq!(database.value("select pgmq.delete('mail', 1)").await, "t");
        assert_eq!(database.value("select pgmq.drop_queue('mail')").await, "t");
    }
}

#[tokio::test]
async fn a_token_is_signed_as_the_standard_has_it() {
    let mut database = database(15, EXPLICIT).await;
    // RFC 7515's algorithm on the example of jwt.io.
    let signed = database
        .value(
            "select extensions.sign(
                '{\"sub\":\"1234567890\",\"name\":\"John Doe\",\"iat\":1516239022}',
                'your-256-bit-secret')",
        )
        .await;
    assert_eq!(
        signed,
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwi\
         aWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
    );
    let valid = format!("select valid from extensions.verify('{signed}', 'your-256-bit-secret')");
    assert_eq!(database.value(&valid).await, "t");
    let wrong = format!("select valid from extensions.verify('{signed}', 'another')");
    assert_eq!(database.value(&wrong).await, "f");
}

#[tokio::test]
async fn vectors_are_kept_compared_and_indexed() {
    for major in MAJORS {
        let mut database = database(major, EXPLICIT).await;
        database
            .run(
                "create extension vector with schema public version '0.5.0';
                alter extension vector set schema extensions;
                set search_path = public, extensions;
                create table items (id int, embedding vector(3), half halfvec(3));
                insert into items values (1, '[1,0,0]', '[1,0,0]'), (2, '[0,1,0]', null);
                create index on items using hnsw (embedding vector_cosine_ops);
                create index on items using ivfflat (embedding vector_l2_ops);
                create index on items using hnsw ((half::halfvec(3)) halfvec_l2_ops)",
            )
            .await;
        let type_said = "select format_type(atttypid, atttypmod) from pg_attribute
            where attrelid = 'items'::regclass and attname = 'embedding'";
        assert_eq!(database.value(type_said).await, "vector(3)");
        let nearest = "select id from items order by embedding <=> '[0.9,0.1,0]' limit 1";
        assert_eq!(database.value(nearest).await, "1");
        let distance =
            "select round((embedding <-> '[0,0,0]')::numeric, 3) from items where id = 1";
        assert_eq!(database.value(distance).await, "1.000");
        assert_eq!(database.value("select avg(embedding) from items").await, "[0.5,0.5,0]");
        let refused = database.refused("insert into items values (3, '[1,2]')").await;
        assert_eq!(refused, "22000 expected 3 dimensions, not 2");
        let index = "select pg_get_indexdef('items_embedding_idx'::regclass)";
        assert_eq!(
            database.value(index).await,
            "CREATE INDEX items_embedding_idx ON public.items USING hnsw (embedding vector_cosine_ops)"
        );
    }
}

#[tokio::test]
async fn shapes_have_columns_indexes_and_points() {
    for major in MAJORS {
        let mut database = database(major, EXPLICIT).await;
        database
            .run(
                "create extension postgis with schema extensions;
                set search_path = public, extensions;
                create table places (id int, at geography(point, 4326) not null,
                    area geometry(Polygon, 4326),
                    lng float8 generated always as (st_x(at::geometry)) stored);
                create index on places using gist (at);
                create index on places using gist (area);
                insert into places (id, at) values
                    (1, st_setsrid(st_makepoint(13.4, 52.5), 4326)::geography);
                create function near(lat float8, lng float8) returns setof places language sql as $$
                    select * from places
                    where st_dwithin(at, st_point(lng, lat)::geography, 1000)
                    order by at <-> st_point(lng, lat)::geography $$",
            )
            .await;
        assert_eq!(database.value("select lng from places").await, "13.4");
        let refused = database.refused("select * from near(1, 2)").await;
        assert!(refused.starts_with("0A000 the extension postgis"), "{refused}");
    }
}

#[tokio::test]
async fn foreign_servers_of_wrappers_can_be_declared() {
    let mut database = database(17, EXPLICIT).await;
    database
        .run(
            "create extension if not exists wrappers with schema extensions;
            create foreign data wrapper stripe_wrapper handler extensions.stripe_fdw_handler
                validator extensions.stripe_fdw_validator;
            create server stripe_server foreign data wrapper stripe_wrapper
                options (api_key_id 'x', api_url 'y');
            create foreign table customers (id text, attrs jsonb) server stripe_server
                options (object 'customers', rowid_column 'id')",
        )
        .await;
    database.refused("select * from customers").await;
}

#[tokio::test]
async fn a_json_schema_is_looked_at() {
    let mut database = database(17, EXPLICIT).await;
    database
        .run(
            "create extension pg_jsonschema with schema extensions;
            create table t (tags json check (extensions.json_matches_schema(
                '{\"type\": \"array\", \"items\": {\"type\": \"string\", \"maxLength\": 3}}', tags)))",
        )
        .await;
    database.run("insert into t values ('[\"ab\"]')").await;
    let refused = database.refused("insert into t values ('[\"abcd\"]')").await;
    assert!(refused.starts_with("23514"), "{refused}");
}
