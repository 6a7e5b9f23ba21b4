//! What the baseline's functions, roles and privileges do (facts of the platform).

use whimbrel_engine::wire::Session;

use super::kit::{EXPLICIT, EXPOSED, MAJORS, baseline, database};

#[tokio::test]
async fn claims_of_the_request_are_read_from_either_setting() {
    for major in MAJORS {
        let mut database = database(major, EXPLICIT).await;
        let id = "6f0e0c26-1b39-4c2e-a3a2-1d6b6e9f4a10";
        let uid = database.value("select auth.uid() is null and auth.role() is null").await;
        assert_eq!(uid, "t");
        database
            .run(&format!(
                "select set_config('request.jwt.claims',
                    '{{\"sub\": \"{id}\", \"role\": \"authenticated\", \"email\": \"a@b.c\"}}', false)"
            ))
            .await;
        assert_eq!(database.value("select auth.uid()").await, id);
        assert_eq!(database.value("select auth.role()").await, "authenticated");
        assert_eq!(database.value("select auth.email()").await, "a@b.c");
        assert_eq!(database.value("select auth.jwt() ->> 'email'").await, "a@b.c");
        database.run("select set_config('request.jwt.claim.role', 'anon', false)").await;
        assert_eq!(database.value("select auth.role()").await, "anon");
    }
}

#[tokio::test]
async fn object_names_are_taken_apart_as_documented() {
    for major in MAJORS {
        let mut database = database(major, EXPLICIT).await;
        let parts = "select concat_ws('|', storage.foldername(name)::text, storage.filename(name),
            storage.extension(name)) from (values";
        assert_eq!(
            database.value(&format!("{parts} ('a/b/photo.tar.gz')) as v (name)")).await,
            "{a,b}|photo.tar.gz|gz"
        );
        assert_eq!(
            database.value(&format!("{parts} ('photo')) as v (name)")).await,
            "{}|photo|photo"
        );
    }
}

#[tokio::test]
async fn a_policy_shows_whoever_asks_only_the_rows_of_that_user() {
    for major in MAJORS {
        let mut database = database(major, EXPOSED).await;
        database
            .run(
                "insert into auth.users (id, email) values
                    ('00000000-0000-0000-0000-000000000001', 'one@example.com'),
                    ('00000000-0000-0000-0000-000000000002', 'two@example.com');
                create table notes (user_id uuid references auth.users (id), body text);
                alter table notes enable row level security;
                create policy own on notes to authenticated using (user_id = (select auth.uid()))
                    with check (user_id = (select auth.uid()));
                insert into notes select id, email from auth.users",
            )
            .await;
        database
            .run(
                "begin; set local role authenticated;
                set local \"request.jwt.claims\" = '{\"sub\": \"00000000-0000-0000-0000-000000000002\"}'",
            )
            .await;
        assert_eq!(
            database.value("select string_agg(body, ',') from notes").await,
            "two@example.com"
        );
        let refused = database
            .refused("insert into notes values ('00000000-0000-0000-0000-000000000001', 'x')")
            .await;
        assert_eq!(refused, "42501 new row violates row-level security policy for table \"notes\"");
        assert_eq!(database.value("select count(*) from notes").await, "2", "postgres sees all");
    }
}

#[tokio::test]
async fn what_is_made_in_public_is_open_to_the_api_as_the_regime_says() {
    for (major, variant, wanted) in [
        (17, EXPOSED, "DELETE,INSERT,MAINTAIN,REFERENCES,SELECT,TRIGGER,TRUNCATE,UPDATE"),
        (17, EXPLICIT, "MAINTAIN,REFERENCES,TRIGGER,TRUNCATE"),
        (15, EXPOSED, "DELETE,INSERT,REFERENCES,SELECT,TRIGGER,TRUNCATE,UPDATE"),
        (15, EXPLICIT, "REFERENCES,TRIGGER,TRUNCATE"),
    ] {
        let mut database = database(major, variant).await;
        database.run("create table t (id serial); create function f() returns int return 1").await;
        let granted = "select string_agg(a.privilege_type, ',' order by a.privilege_type)
            from pg_class, aclexplode(relacl) as a
            where a.grantee = 'anon'::regrole and relname =";
        assert_eq!(database.value(&format!("{granted} 't'")).await, wanted, "{major} {variant}");
        let sequence = if variant == EXPOSED { "SELECT,UPDATE,USAGE" } else { "UPDATE" };
        assert_eq!(database.value(&format!("{granted} 't_id_seq'")).await, sequence);
        let function = "select count(*) from pg_proc, aclexplode(proacl) as a
            where a.grantee = 'anon'::regrole and proname = 'f'";
        let count = if variant == EXPOSED { "1" } else { "0" };
        assert_eq!(database.value(function).await, count);
    }
}

#[tokio::test]
async fn a_database_tells_its_variant_and_a_plain_one_that_it_has_none() {
    for variant in [EXPLICIT, EXPOSED] {
        let mut database = database(17, variant).await;
        let found = baseline(EXPLICIT).as_in(&mut database.session).await.unwrap();
        assert_eq!(found, Some(baseline(variant)));
    }
    let plain = whimbrel_testkit::Server::shared(17).await.database().await;
    let mut session = Session::connect(plain.target(), "test").await.unwrap();
    assert_eq!(baseline(EXPLICIT).as_in(&mut session).await.unwrap(), None);
}

#[tokio::test]
async fn the_api_may_not_look_at_users_and_postgres_may_hand_on_what_it_reads() {
    for major in MAJORS {
        let mut database = database(major, EXPLICIT).await;
        for table in ["users", "identities", "sessions", "mfa_factors"] {
            let of = |role: &str, right: &str| {
                format!("select has_table_privilege('{role}', 'auth.{table}', '{right}')")
            };
            assert_eq!(database.value(&of("anon", "select")).await, "f");
            assert_eq!(database.value(&of("authenticated", "select")).await, "f");
            let owner = format!("select tableowner from pg_tables where tablename = '{table}'");
            assert_eq!(database.value(&owner).await, "supabase_auth_admin");
            let with_option = format!(
                "select bool_or(a.is_grantable) from pg_class, aclexplode(relacl) as a
                where oid = 'auth.{table}'::regclass and a.grantee = 'postgres'::regrole
                and a.privilege_type = 'SELECT'"
            );
            assert_eq!(database.value(&with_option).await, "t");
        }
    }
}

#[tokio::test]
async fn rows_of_storage_are_only_deleted_where_a_setting_allows_it() {
    let mut database = database(17, EXPLICIT).await;
    database
        .run(
            "insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true);
            insert into storage.objects (bucket_id, name) values ('avatars', 'me/photo.png')",
        )
        .await;
    let refused = database.refused("delete from storage.objects").await;
    assert!(refused.starts_with("42501 Direct deletion from storage tables"), "{refused}");
    let listed = "select string_agg(name || coalesce(id::text, '/'), ',')
        from storage.search('', 'avatars')";
    assert_eq!(database.value(listed).await, "me/");
    let deep = "select name from storage.search('me/', 'avatars', 100, 2)";
    assert_eq!(database.value(deep).await, "photo.png");
    database.run("set storage.allow_delete_query = 'true'; delete from storage.objects").await;
}

#[tokio::test]
async fn a_channel_gets_what_a_trigger_broadcasts() {
    for major in MAJORS {
        let mut database = database(major, EXPLICIT).await;
        database
            .run(
                "create table rooms (id int);
                create function announce() returns trigger language plpgsql as $$
                begin
                    perform realtime.broadcast_changes('room:' || new.id, tg_op, tg_op, tg_table_name,
                        tg_table_schema, new, old);
                    return null;
                end $$;
                create trigger announce after insert or update or delete on rooms
                    for each row execute function announce();
                create policy listen on realtime.messages for select to authenticated
                    using (realtime.topic() = 'room:7' and extension = 'broadcast');
                insert into rooms values (7);
                begin; set local role authenticated; set local realtime.topic = 'room:7'",
            )
            .await;
        let heard = database
            .value("select event || (payload -> 'record' ->> 'id') from realtime.messages")
            .await;
        assert_eq!(heard, "INSERT7");
    }
}

#[tokio::test]
async fn a_session_of_postgres_finds_extensions_without_their_schema() {
    for major in MAJORS {
        let database = database(major, EXPLICIT).await;
        let mut session = database.connect("postgres").await;
        let answers = session
            .simple(
                "select uuid_generate_v4() is not null and extensions.gen_salt('bf') is not null",
            )
            .await
            .unwrap();
        assert_eq!(answers[0].value(), Some("t"));
        session.close().await;
    }
}
