//! The private PostgreSQL as its users meet it: it starts, ends with its process, and says what is wrong.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use event_store::private_pg::{Options, PrivatePg, PrivatePgError, Profile, shared_for_tests};
use sqlx::{Connection, PgConnection};

/// Set for the copy of this test program that is killed.
const CHILD: &str = "VNR_TEST_PRIVATE_PG_CHILD";

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        // Not in the target folder: that may lie where only root can go, and the server would move out of it.
        let dir = std::env::temp_dir().join(format!("vnr-pg-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("a folder for the test");
        Self(dir)
    }

    fn options(&self) -> Options {
        Options::new(self.0.join("data dir")).profile(Profile::Throwaway)
    }

    fn cluster(&self) -> PathBuf {
        self.0.join("data dir/postgresql")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn ask(url: &str, question: &str) -> String {
    let mut connection = PgConnection::connect(url).await.expect("a connection");
    sqlx::query_scalar(question).fetch_one(&mut connection).await.expect("an answer")
}

fn processes_in(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let here = |pid: &String| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(dir));
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(here).collect()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_server_starts_with_its_roles_and_ends_when_it_is_stopped() {
    let folder = Folder::new("start");
    let pg = PrivatePg::start(folder.options()).await.expect("started");
    assert_eq!(ask(&pg.owner_url(), "select current_user || ' ' || current_database()").await, "vnr_owner vnr");
    assert_eq!(ask(&pg.app_url(), "select current_user::text").await, "vnr_app");
    assert_eq!(ask(&pg.app_url(), "select current_setting('listen_addresses')").await, "");
    assert_eq!(ask(&pg.owner_url(), "select current_setting('server_encoding')").await, "UTF8");
    assert_eq!(
        ask(&pg.owner_url(), "select pg_get_userbyid(datdba)::text from pg_database where datname = 'vnr'").await,
        "vnr_owner"
    );
    pg.stop().await;
    assert_eq!(processes_in(&folder.cluster()), Vec::<String>::new());

    let again = PrivatePg::start(folder.options()).await.expect("started again");
    let attached = PrivatePg::attach(&folder.options().data_dir).expect("ours").expect("it runs");
    assert_eq!(ask(&attached.app_url(), "select current_user::text").await, "vnr_app");
    drop(again);
    assert!(PrivatePg::attach(&folder.options().data_dir).expect("ours").is_none());
    assert_eq!(processes_in(&folder.cluster()), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_durable_server_confirmed_survives_its_stop() {
    let folder = Folder::new("durable");
    let options = folder.options().profile(Profile::Durable);
    let pg = PrivatePg::start(options.clone()).await.expect("started");
    let mut owner = PgConnection::connect(&pg.owner_url()).await.expect("a connection");
    sqlx::raw_sql("create table kept (n text); insert into kept values ('1')")
        .execute(&mut owner)
        .await
        .expect("written");
    assert_eq!(ask(&pg.app_url(), "select current_setting('fsync')").await, "on");
    pg.stop().await;
    let pg = PrivatePg::start(options).await.expect("started again");
    assert_eq!(ask(&pg.owner_url(), "select n from kept").await, "1");
}

#[tokio::test]
async fn what_was_filled_without_journal_is_there_for_a_durable_server() {
    let folder = Folder::new("filled");
    let pg = PrivatePg::start(folder.options().profile(Profile::Filling)).await.expect("started");
    let mut owner = PgConnection::connect(&pg.owner_url()).await.expect("a connection");
    sqlx::raw_sql("begin; create table filled as select generate_series(1, 100000) as n; commit")
        .execute(&mut owner)
        .await
        .expect("written");
    assert_eq!(ask(&pg.app_url(), "select current_setting('wal_level')").await, "minimal");
    assert_eq!(ask(&pg.app_url(), "select current_setting('fsync')").await, "on");
    pg.stop().await;
    let pg = PrivatePg::start(folder.options().profile(Profile::Durable)).await.expect("started again");
    assert_eq!(ask(&pg.app_url(), "select current_setting('wal_level')").await, "replica");
    assert_eq!(ask(&pg.owner_url(), "select count(*)::text from filled").await, "100000");
}

/// Not a test of its own: the program that the next test kills.
#[tokio::test]
async fn child_that_is_killed() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let dir = PathBuf::from(dir);
    let options = Options::new(dir.join("data dir")).profile(Profile::Throwaway);
    let _pg = PrivatePg::start(options).await.expect("started in the child");
    fs::write(dir.join("up"), "").expect("said so");
    tokio::time::sleep(Duration::from_secs(600)).await;
}

async fn child(folder: &Folder) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "child_that_is_killed"]).env(CHILD, &folder.0).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().expect("the child");
    until("the child's server is up", || folder.0.join("up").exists()).await;
    child
}

#[tokio::test]
async fn a_second_start_in_a_folder_in_use_names_the_holder() {
    let folder = Folder::new("twice");
    let mut child = child(&folder).await;
    let refused = PrivatePg::start(folder.options()).await.expect_err("the folder is in use");
    let _ = child.kill();
    let _ = child.wait();
    let expected = format!("another vnr (pid {}) is using this data folder", child.id());
    assert!(refused.to_string().starts_with(&expected), "{refused}");
}

#[tokio::test]
async fn a_killed_process_leaves_no_server() {
    let folder = Folder::new("killed");
    let mut child = child(&folder).await;
    assert_ne!(processes_in(&folder.cluster()), Vec::<String>::new());
    child.kill().expect("killed with -9");
    let _ = child.wait();
    until("the server has ended", || processes_in(&folder.cluster()).is_empty()).await;
    assert!(!folder.cluster().join("data/postmaster.pid").exists(), "it was shut down, not torn down");
}

#[tokio::test]
async fn a_start_right_after_a_kill_waits_for_the_old_server() {
    let folder = Folder::new("restart");
    let mut child = child(&folder).await;
    child.kill().expect("killed with -9");
    let _ = child.wait();
    let pg = PrivatePg::start(folder.options()).await.expect("started at once");
    assert_eq!(ask(&pg.owner_url(), "select current_user::text").await, "vnr_owner");
}

#[tokio::test]
async fn a_pid_file_whose_number_went_to_another_process_does_not_hinder() {
    let folder = Folder::new("stale");
    PrivatePg::start(folder.options()).await.expect("started").stop().await;
    let data = folder.cluster().join("data");
    fs::write(data.join("postmaster.pid"), format!("{}\n{}\n0\n5432\n", std::process::id(), data.display()))
        .expect("written");
    PrivatePg::start(folder.options()).await.expect("started over the stale file");
}

#[tokio::test]
async fn a_broken_data_folder_is_named_with_what_to_do() {
    let folder = Folder::new("broken");
    PrivatePg::start(folder.options()).await.expect("started").stop().await;
    fs::write(folder.cluster().join("data/global/pg_control"), "not a control file").expect("broken");
    let broken = PrivatePg::start(folder.options()).await.expect_err("broken");
    assert!(matches!(broken, PrivatePgError::Broken { .. }), "{broken}");
    let told = broken.to_string();
    assert!(told.contains("is broken") && told.contains("mv ") && told.contains("PostgreSQL said:"), "{told}");

    fs::remove_file(folder.cluster().join("data/PG_VERSION")).expect("removed");
    let broken = PrivatePg::start(folder.options()).await.expect_err("still broken");
    assert!(broken.to_string().contains("no readable PG_VERSION"), "{broken}");
}

#[tokio::test]
async fn data_of_another_major_version_is_left_alone() {
    let folder = Folder::new("version");
    PrivatePg::start(folder.options()).await.expect("started").stop().await;
    fs::write(folder.cluster().join("data/PG_VERSION"), "14\n").expect("written");
    let refused = PrivatePg::start(folder.options()).await.expect_err("another version");
    assert!(matches!(refused, PrivatePgError::WrongVersion { data: 14, .. }), "{refused}");
}

#[tokio::test]
async fn programs_that_are_not_there_are_asked_for() {
    let folder = Folder::new("programs");
    let mut options = folder.options();
    options.binaries = Some("/nowhere".into());
    let refused = PrivatePg::start(options).await.expect_err("no programs");
    assert!(refused.to_string().contains("make pg"), "{refused}");
}

#[tokio::test]
async fn root_runs_the_server_as_somebody_else_and_anyone_else_as_themselves() {
    let folder = Folder::new("user");
    let _pg = PrivatePg::start(folder.options()).await.expect("started");
    let us = fs::metadata("/proc/self").expect("ourselves").uid();
    let server = fs::metadata(folder.cluster().join("data/postmaster.pid")).expect("its pid file");
    let dir = fs::metadata(folder.cluster()).expect("its folder");
    assert_eq!(dir.mode() & 0o777, 0o700);
    assert_ne!(server.uid(), 0);
    assert!(us == 0 || server.uid() == us);
}

#[tokio::test]
async fn a_socket_path_that_would_be_too_long_is_made_short() {
    let folder = Folder::new("long");
    let mut options = folder.options();
    options.data_dir = folder.0.join("x".repeat(120));
    let pg = PrivatePg::start(options).await.expect("started");
    assert_eq!(ask(&pg.app_url(), "select current_user::text").await, "vnr_app");
}

#[tokio::test]
async fn tests_share_one_server_and_copy_a_template() {
    let pg = shared_for_tests().await.expect("the shared server");
    let prepare = |url: String| async move {
        let mut owner = PgConnection::connect(&url).await?;
        sqlx::raw_sql("create table t (n text); insert into t values ('from the template')")
            .execute(&mut owner)
            .await?;
        owner.close().await?;
        Ok::<_, PrivatePgError>(())
    };
    pg.ensure_template("private_pg_template", prepare).await.expect("a template");
    pg.ensure_template("private_pg_template", prepare).await.expect("once is enough");
    let name = format!("shared_{}", std::process::id());
    let database = pg.create_database(&name, Some("private_pg_template")).await.expect("a database");
    assert_eq!(ask(database.owner_url(), "select n from t").await, "from the template");
    assert_eq!(ask(database.app_url(), "select current_user::text").await, "vnr_app");
    drop(database);
    pg.create_database(&name, None).await.expect("its name is free again");
}
