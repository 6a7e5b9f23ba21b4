use std::fs::{self, File, FileTimes};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use whimbrel_history::History;

use super::stored::{self, Stored};
use crate::histories;
use crate::kept;
use crate::surroundings::{Clock, Surroundings};
use crate::workspace::Workspace;

/// A project with a cache; each reading is a command of its own.
struct Setup {
    temporary: tempfile::TempDir,
    /// How much later than the files were written the commands run, in seconds.
    later: i64,
}

struct Later(i64);

impl Clock for Later {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now() + jiff::SignedDuration::from_secs(self.0)
    }
}

impl Setup {
    fn new() -> Self {
        let setup = Self { temporary: tempfile::tempdir().unwrap(), later: 3600 };
        fs::create_dir_all(setup.root().join("migrations")).unwrap();
        setup.write("001_a", "select 1;");
        setup.write("002_b", "select 2;");
        setup
    }

    fn root(&self) -> Utf8PathBuf {
        Utf8Path::from_path(self.temporary.path()).unwrap().join("project")
    }

    fn file(&self, name: &str) -> Utf8PathBuf {
        self.root().join(format!("migrations/{name}.sql"))
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap();
    }

    /// Where the digests are kept.
    fn cached(&self) -> Utf8PathBuf {
        stored::place(&self.root().with_file_name("cache"), &self.root())
    }

    fn stored(&self) -> Option<Stored> {
        Stored::read(&self.cached(), &self.root())
    }

    fn read(&self) -> History {
        let cache = self.root().with_file_name("cache").to_string();
        let surroundings = Surroundings {
            folder: self.root(),
            link: None,
            variables: [("WHIMBREL_CACHE_DIR".to_owned(), cache)].into(),
            user: String::new(),
            machine: String::new(),
            program: String::new(),
            helper: None,
            clock: Box::new(Later(self.later)),
        };
        let workspace = Workspace::open(surroundings, Some(&self.root())).unwrap();
        let outlines = histories::outlines(&workspace).unwrap();
        histories::read(&workspace, &outlines).unwrap().remove(0)
    }

    fn modified(&self, name: &str) -> SystemTime {
        fs::metadata(self.file(name)).unwrap().modified().unwrap()
    }

    /// Waits until what is written now has another time than a file: what follows would not be
    /// told from it within one tick of the file system's clock, and no command trusts a time so
    /// recent.
    fn wait_for_another_time_than(&self, name: &str) {
        let probe = self.root().with_file_name("probe");
        loop {
            fs::write(&probe, "").unwrap();
            if fs::metadata(&probe).unwrap().modified().unwrap() > self.modified(name) {
                return;
            }
        }
    }
}

fn set_modified(path: &Utf8Path, time: SystemTime) {
    let times = FileTimes::new().set_modified(time);
    File::options().write(true).open(path).unwrap().set_times(times).unwrap();
}

#[test]
fn what_did_not_change_is_known_from_the_cache() {
    let setup = Setup::new();
    let first = setup.read();
    let written = fs::metadata(setup.cached()).unwrap().modified().unwrap();
    let second = setup.read();
    assert_eq!(first.migrations, second.migrations);
    assert_eq!(fs::metadata(setup.cached()).unwrap().modified().unwrap(), written);
}

#[test]
fn an_edited_file_of_the_same_size_and_time_is_noticed() {
    let setup = Setup::new();
    let before = setup.read();
    let time = setup.modified("001_a");
    setup.wait_for_another_time_than("002_b");
    setup.write("001_a", "select 3;");
    set_modified(&setup.file("001_a"), time);
    assert_eq!(setup.modified("001_a"), time);
    let after = setup.read();
    assert_ne!(before.migrations[0].checksum, after.migrations[0].checksum);
    assert_eq!(before.migrations[1], after.migrations[1]);
}

#[test]
fn a_file_replaced_by_another_of_the_same_size_and_time_is_noticed() {
    let setup = Setup::new();
    let other = setup.root().with_file_name("other");
    fs::write(&other, "select 3;").unwrap();
    set_modified(&other, setup.modified("001_a"));
    let before = setup.read();
    setup.wait_for_another_time_than("002_b");
    fs::rename(&other, setup.file("001_a")).unwrap();
    assert_ne!(before.migrations[0].checksum, setup.read().migrations[0].checksum);
}

#[test]
fn a_change_of_this_moment_is_not_trusted() {
    let setup = Setup { later: 0, ..Setup::new() };
    setup.read();
    assert!(setup.stored().is_none());
}

#[test]
fn a_new_file_and_one_that_is_gone_change_nothing_for_the_rest() {
    let setup = Setup::new();
    let before = setup.read();
    setup.write("003_c", "select 3;");
    fs::remove_file(setup.file("001_a")).unwrap();
    let after = setup.read();
    assert_eq!(after.migrations[0], before.migrations[1]);
    assert_eq!(after.migrations[1].id, "003_c");
    assert_eq!(setup.read().migrations, after.migrations);
}

#[test]
fn a_cache_that_is_not_whole_is_not_believed() {
    let setup = Setup::new();
    let before = setup.read();
    let whole = fs::read(setup.cached()).unwrap();
    for length in 0..whole.len() {
        fs::write(setup.cached(), &whole[..length]).unwrap();
        assert!(setup.stored().is_none(), "the first {length} bytes");
    }
    for place in 0..whole.len() {
        let mut wrong = whole.clone();
        wrong[place] ^= 1;
        fs::write(setup.cached(), wrong).unwrap();
        assert!(setup.stored().is_none(), "byte {place}");
    }
    for wrong in [&b"{}"[..], &[0xff; 4096], &[0; 4096]] {
        fs::write(setup.cached(), wrong).unwrap();
        assert_eq!(setup.read().migrations, before.migrations);
        assert!(setup.stored().is_some(), "it is written anew");
    }
}

#[test]
fn the_cache_of_another_project_or_build_is_not_believed() {
    let setup = Setup::new();
    setup.read();
    let elsewhere = setup.root().with_file_name("elsewhere");
    assert!(Stored::read(&setup.cached(), &elsewhere).is_none());
    let mut other = kept::read(&setup.cached()).unwrap();
    stored::of_another_build(&mut other);
    kept::write(&setup.cached(), other).unwrap();
    assert!(setup.stored().is_none());
    setup.read();
    assert!(setup.stored().is_some(), "it is written anew");
}

#[test]
fn a_cache_that_cannot_be_written_only_costs_time() {
    let setup = Setup::new();
    fs::write(setup.root().with_file_name("cache"), "a file where a folder should be").unwrap();
    assert_eq!(setup.read().migrations.len(), 2);
    assert!(setup.stored().is_none());
}

#[test]
fn many_commands_at_once_see_the_same() {
    let setup = Setup::new();
    let before = setup.read();
    fs::remove_file(setup.cached()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(setup.read().migrations, before.migrations));
        }
    });
    assert_eq!(setup.read().migrations, before.migrations);
}
