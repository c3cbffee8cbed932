//! A NATS server of a test's own, to be stopped and started again: with TLS, and accounts whose users sign in with credentials.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use notify::testing::Ca;
use tempfile::TempDir;

/// The URL of a NATS server for tests, with a user and password.
pub const NATS: &str = "CAMPANILE_TEST_NATS";

const ACCOUNTS: &str = include_str!("nats/accounts.conf");
const CREDENTIALS: &str = include_str!("nats/node.creds");
/// Debian puts the program where only root looks.
const FOLDER: &str = "/usr/sbin";

/// A running server; killed when dropped.
pub struct Nats {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Nats {
    /// None where tests have no NATS, or its program is not on this machine.
    pub fn start() -> Option<Self> {
        std::env::var(NATS).ok()?;
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let ca = Ca::new();
        ca.file(folder.path());
        let (cert, key) = ca.server_files(folder.path(), &["127.0.0.1"]);
        let config = format!(
            "listen: \"127.0.0.1:{port}\"\ntls {{ cert_file: \"{}\", key_file: \"{}\" }}\n{ACCOUNTS}",
            cert.display(),
            key.display()
        );
        std::fs::write(folder.path().join("nats.conf"), config).unwrap();
        std::fs::write(folder.path().join("node.creds"), CREDENTIALS).unwrap();
        let child = run(folder.path(), port)?;
        Some(Self { folder, port, child })
    }

    /// The settings of a node that uses it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let file = |name| self.folder.path().join(name).display().to_string();
        vec![
            ("CAMPANILE_NATS_URL", format!("tls://127.0.0.1:{}", self.port)),
            ("CAMPANILE_NATS_CREDENTIALS", file("node.creds")),
            ("SSL_CERT_FILE", file("ca.pem")),
        ]
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again after [`stop`](Self::stop), at the same address.
    pub fn start_again(&mut self) {
        self.child = run(self.folder.path(), self.port).unwrap();
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the program and waits until it listens; none if there is no such program.
fn run(folder: &Path, port: u16) -> Option<Child> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut child = Command::new("nats-server")
        .env("PATH", format!("{path}:{FOLDER}"))
        .arg("--config")
        .arg(folder.join("nats.conf"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(child.try_wait().unwrap().is_none(), "NATS ended");
        assert!(start.elapsed() < Duration::from_secs(20), "NATS does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(child)
}
