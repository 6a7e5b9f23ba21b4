//! What counts as a change of a script.

use whimbrel_sql::{Fingerprint, fingerprint, statement_fingerprints};

#[track_caller]
fn same(left: &str, right: &str) {
    assert_eq!(fingerprint(left), fingerprint(right), "{left:?} and {right:?}");
}

#[track_caller]
fn different(left: &str, right: &str) {
    assert_ne!(fingerprint(left), fingerprint(right), "{left:?} and {right:?}");
}

#[test]
fn looks_do_not_count() {
    same("select 1", "SELECT /* one */ 1;");
    same("select 1; select 2", "\u{feff}select\r\n1 ;;\r\n\r\nselect 2;\r\n-- the end");
    same("select a+-b", "select a + - b");
    same("select 'ab'", "select 'a' -- why\n 'b'");
    same("select E'a'", "select e'a'");
    same("do $$\nbegin\nend $$", "do $$\r\nbegin\r\nend $$");
    same("select 'a\nb'", "select 'a\r\nb'");
    same(
        "\\restrict abc\nselect 1;\n\\unrestrict abc",
        "\\restrict xyz\nselect 1;\n\\unrestrict xyz",
    );
    same("copy t from stdin;\n1\n\\.\n", "COPY t FROM stdin;\r\n1\r\n\\.\r\n");
}

#[test]
fn what_is_said_counts() {
    different("select 1", "select 2");
    different("select 'a'", "select 'A'");
    different(r#"select "a""#, r#"select "A""#);
    different("select 'a b'", "select 'a  b'");
    different("do $$ begin -- a\n end $$", "do $$ begin -- b\n end $$");
    different("select 1; select 2", "select 1 select 2");
    different("select a b", "select ab");
    different("select e'a'", "select e 'a'");
    different("select a @ -b", "select a @- b");
    different("copy t from stdin;\n1\n\\.\n", "copy t from stdin;\n2\n\\.\n");
    different("copy t from stdin;\n\\.\nselect 1", "copy t from stdin;\nselect 1\n\\.\n");
    different("", "select 1");
}

#[test]
fn a_text_that_cannot_be_cut_has_a_fingerprint_too() {
    same("select 'a\nb", "\u{feff}select 'a\r\nb");
    different("select 'a", "select 'b");
    different("select 'a", "select  'a");
}

#[test]
fn a_change_is_found_statement_by_statement() {
    let old = "select 1; insert into t values (1); select 3";
    let new = "SELECT 1; insert into t values (2); /* same */ select 3";
    let prints = |text| -> Vec<String> {
        let all = statement_fingerprints(text).expect("it can be cut");
        all.into_iter().map(|(_, print)| print).collect()
    };
    let (old, new) = (prints(old), prints(new));
    let changed: Vec<_> = (0..3).filter(|index| old[*index] != new[*index]).collect();
    assert_eq!(changed, [1]);
}

#[test]
fn it_never_changes_between_versions() {
    // Ledgers hold it: a change here makes every applied migration look edited.
    assert_eq!(
        fingerprint("Select 'It''s', \"X\", e'a' 'b', $$c\r\n$$, 1.5, t.* -- end\n;"),
        "071b7726bbccba09a3ba1337ad7d05cb862d7564427bb59f022ab97e01d77ef4"
    );
}

#[test]
fn a_text_that_cannot_be_cut_is_fingerprinted_in_helpings_too() {
    let text = "select 'é\r\n\r\r\na\r";
    for chunk in 1..=text.len() {
        let mut pieces = Fingerprint::uncut();
        for bytes in text.as_bytes().chunks(chunk) {
            pieces.data(bytes);
        }
        assert_eq!(pieces.finish(), fingerprint(text), "{chunk} bytes at a time");
    }
    assert_eq!(fingerprint("select 'a\r\n"), fingerprint("select 'a\n"));
    assert_ne!(fingerprint("select 'a\r"), fingerprint("select 'a"));
}
