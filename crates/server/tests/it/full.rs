//! A full disk: reading and signing in still work, also after a restart, and every refusal gives the reason.

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::support::{Client, Command, Database, Process, World, empty_databases, eventually};

/// A file system of this many megabytes; `None` if this user may not create one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={megabytes}m"),
                "campanile-test",
            ])
            .arg(folder.path())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self(folder))
    }

    /// Fills all free space.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.path().join("filler")).unwrap();
        for size in [1 << 16, 1 << 12, 1] {
            while std::io::Write::write_all(&mut file, &vec![0; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.path().join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.0.path())
            .status();
    }
}

const SKIPPED: &str = "skipped: this user may not mount a file system";

/// A database and a data folder on a small disk.
struct Full {
    disk: SmallDisk,
    database: Database,
    log: NamedTempFile,
}

impl Full {
    /// `None` if this user may not mount a file system.
    async fn create() -> Option<Self> {
        Some(Self {
            disk: SmallDisk::mount(16)?,
            database: empty_databases().await.remove(0),
            log: NamedTempFile::new().unwrap(),
        })
    }

    fn settings(&self) -> [(&'static str, String); 2] {
        let data = self.disk.0.path().join("data");
        let url = format!("sqlite://{}", data.join("campanile.db").display());
        [
            ("CAMPANILE_DATA_DIR", data.display().to_string()),
            ("CAMPANILE_DATABASE_URL", url),
        ]
    }

    fn start(&self) -> Process {
        let log = self.log.reopen().unwrap().into();
        Process::start_with_log(&self.database, &self.settings(), log).unwrap()
    }
}

/// Waits until the server reports why it is not ready.
async fn not_ready(client: &Client) {
    let words = eventually("the reason", || async {
        let answer = client.get("/readyz").await;
        (answer.status == 503).then_some(answer.body)
    })
    .await;
    assert!(
        words["detail"]
            .as_str()
            .is_some_and(|words| words.contains("is full")),
        "{words}"
    );
}

async fn ready(client: &Client) {
    eventually("readiness", || async {
        (client.get("/readyz").await.status == 200).then_some(())
    })
    .await;
}

fn finding(world: &World) -> Value {
    json!({"company_id": world.company, "title": "x".repeat(200), "severity": "low"})
}

// issue 18, line 9
#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_reading_and_signing_in_work_and_the_log_stays_short() {
    let Some(full) = Full::create().await else {
        println!("{SKIPPED}");
        return;
    };
    let server = full.start();
    let admin = server.admin().await;
    let world = World::create(&admin, server.address()).await;
    admin.get("/readyz").await.expect(200);
    full.disk.fill();
    let finding = finding(&world);
    let mut refused = 0;
    eventually("a full disk", || async {
        (admin.post("/findings", finding.clone()).await.status == 507).then_some(())
    })
    .await;
    for _ in 0..100 {
        refused += usize::from(admin.post("/findings", finding.clone()).await.status == 507);
    }
    assert!(refused > 90, "{refused}");
    not_ready(&admin).await;
    let ana = world.sign_in("ana").await;
    ana.get("/findings").await.expect(200);
    let lines = std::fs::read_to_string(full.log.path()).unwrap();
    let refusals = lines
        .lines()
        .filter(|line| line.contains("ERROR") || line.contains("answered"));
    assert!(refusals.count() < 10, "{lines}");
    full.disk.make_room();
    ready(&admin).await;
    admin.post("/findings", finding).await.expect(201);
}

// issue 18, line 9
#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_on_a_full_disk_for_reading_and_signing_in() {
    let Some(full) = Full::create().await else {
        println!("{SKIPPED}");
        return;
    };
    let server = full.start();
    let admin = server.admin().await;
    let world = World::create(&admin, server.address()).await;
    admin.post("/findings", finding(&world)).await.expect(201);
    // Stopped cleanly, and then by kill -9: they leave different files. Freed space is filled at once.
    let ended = tokio::task::spawn_blocking(move || server.terminate());
    assert!(ended.await.unwrap().0.success());
    for _ in 0..2 {
        full.disk.fill();
        let server = full.start();
        let admin = server.admin().await;
        assert_eq!(
            admin.get("/findings").await.expect(200)["items"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        not_ready(&admin).await;
        let refused = admin.post("/findings", finding(&world)).await;
        assert_eq!(refused.status, 507, "{:?}", refused.body);
        let ana = Client::sign_in(server.address(), "ana@campanile.test", crate::support::PASSWORD).await;
        ana.get("/findings").await.expect(200);
        drop(server);
    }
    let server = full.start();
    let admin = server.admin().await;
    full.disk.make_room();
    ready(&admin).await;
    // Reads each time over existing connections and new ones.
    for number in 2..20 {
        admin.post("/findings", finding(&world)).await.expect(201);
        let page = admin.get("/findings").await.expect(200);
        assert_eq!(page["items"].as_array().unwrap().len(), number);
    }
    drop(server);
    let server = full.start();
    let page = server.admin().await.get("/findings").await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 19);
}

// issue 18, line 9
#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_on_a_full_disk_reports_that_it_is_full() {
    let Some(full) = Full::create().await else {
        println!("{SKIPPED}");
        return;
    };
    full.disk.fill();
    let refused = Command::new(&full.database, &full.settings(), &["serve"]).fails();
    assert!(refused.contains("no space left"), "{refused}");
    full.disk.make_room();
    full.start().admin().await.get("/readyz").await.expect(200);
}
