//! The server in its own process, to be killed.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use super::{Client, Database, server::ADMIN, server::ADMIN_PASSWORD};

/// A running process; killed when dropped.
pub struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// Starts the program and waits until it prints its address. `None` if it exits before that.
    pub fn start(database: &Database, more: &[(&str, String)]) -> Option<Self> {
        Self::start_with_log(database, more, Stdio::inherit())
    }

    /// The same with this log output.
    pub fn start_with_log(database: &Database, more: &[(&str, String)], log: Stdio) -> Option<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_campanile"))
            .env_clear()
            .envs(database.settings(more))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        let read = BufReader::new(output).read_line(&mut line).unwrap();
        if read == 0 {
            child.wait().unwrap();
            return None;
        }
        let address = line
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next());
        let address = address
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("no address in {line}"));
        Some(Self { child, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub async fn admin(&self) -> Client {
        Client::sign_in(self.address, ADMIN, ADMIN_PASSWORD).await
    }

    /// SIGTERM; returns the exit status and how long it took.
    pub fn terminate(mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        self.signal("-TERM");
        let status = self.child.wait().unwrap();
        (status, start.elapsed())
    }

    /// SIGSTOP: stops it until [`resume`](Self::resume).
    pub fn suspend(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
