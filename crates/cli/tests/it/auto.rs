//! The way `auto`: our own connection, and another only where that may do better.

use whimbrel_testkit::{ManagementApi, Psql};

use crate::ways::{FILES, api, psql, rows};

#[tokio::test]
async fn auto_goes_over_https_where_the_server_is_out_of_reach() {
    let (project, _api) = api(FILES, ManagementApi::new).await;
    let host = format!("db.{}.supabase.co", ManagementApi::PROJECT);
    let beyond = format!(
        "postgresql://postgres:hunter2secret@{host}:5432/postgres?hostaddr=127.0.0.1&port=1"
    );
    let project = project.with("DATABASE_URL", &beyond).with("WHIMBREL_VIA", "auto");
    let said = project.run("up --yes --no-rehearsal");
    assert_eq!(said.code, 0, "{}", said.whole());
    assert!(
        said.err.contains("going by api: connect to") && said.err.contains("refused"),
        "{}",
        said.err
    );
    assert!(!said.whole().contains("hunter2secret"));
    assert_eq!(rows(&project).await, "1 2 3");
    // Never to a project that the connection would not have led to.
    let other = beyond.replace(ManagementApi::PROJECT, "zyxwvutsrqponmlkjihg");
    for elsewhere in [other.as_str(), "postgresql://postgres@127.0.0.1:1/postgres"] {
        let said = project.run(&format!("status --database-url {elsewhere}"));
        assert_eq!(said.code, 5, "{}", said.whole());
        assert!(!said.err.contains("going by"), "{}", said.err);
    }
}

#[tokio::test]
async fn auto_has_psql_do_what_only_libpq_can() {
    let project = psql(FILES).await;
    let url = project.url();
    let joined = if url.contains('?') { "&" } else { "?" };
    let strange = format!("{url}{joined}sslcrl=/nowhere/crl.pem");
    let said = project.done(&format!("status --via auto --database-url {strange}"));
    assert!(said.err.contains("going by psql") && said.err.contains("sslcrl"), "{}", said.err);
    // A server that wants GSSAPI, and a psql that has a ticket for it.
    let ticket = project.path().join("ticket");
    let real = Psql::get();
    let script =
        format!("#!/bin/sh\nunset PGSERVICE\nexec '{}' -d '{url}' \"$@\"\n", real.path().display());
    std::fs::write(&ticket, script).unwrap();
    std::fs::set_permissions(&ticket, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let asks = |answer: &'static [u8]| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = std::io::Read::read(&mut stream, &mut [0; 512]);
                let _ = std::io::Write::write_all(&mut stream, answer);
            }
        });
        format!("postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable")
    };
    let project = project.with("WHIMBREL_PSQL", ticket.to_str().unwrap());
    let gss = asks(b"R\0\0\0\x08\0\0\0\x07");
    let said = project.run(&format!("up --yes --no-rehearsal --via auto --database-url {gss}"));
    assert_eq!(said.code, 0, "{}", said.whole());
    assert!(said.err.contains("going by psql") && said.err.contains("GSSAPI"), "{}", said.err);
    assert_eq!(rows(&project).await, "1 2 3");
    // What a server said is so for every way.
    let no = asks(b"E\0\0\0\x2aSFATAL\0VFATAL\0C28P01\0Mwrong password\0\0");
    let said = project.run(&format!("status --via auto --database-url {no}"));
    assert_eq!(said.code, 5, "{}", said.whole());
    assert!(said.err.contains("wrong password") && !said.err.contains("going by"), "{}", said.err);
    // Where a connection can be made, it is.
    let said = project.done("status --via auto");
    assert!(!said.err.contains("going by") && !said.out.contains("by psql"), "{}", said.whole());
}
