//! The server in its own process, with its own folder.

use std::{
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::http::{Caller, PASSWORD};

pub(crate) const ADMIN: &str = "admin@bench.test";

/// A running server; stopped when dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
}

impl Server {
    /// The build next to this program, with the default settings.
    pub(crate) fn start(database: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let sqlite = format!("sqlite://{}/campanile.db", folder.path().display());
        let program = std::env::current_exe().unwrap().with_file_name("campanile");
        let process = Command::new(program)
            .env("CAMPANILE_LISTEN", format!("127.0.0.1:{port}"))
            .env("CAMPANILE_DATA_DIR", folder.path())
            .env("CAMPANILE_DATABASE_URL", database.unwrap_or(&sqlite))
            .env("CAMPANILE_ADMIN_EMAIL", ADMIN)
            .env("CAMPANILE_ADMIN_PASSWORD", PASSWORD)
            .env("CAMPANILE_LOG__LEVEL", "error")
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let server = Self {
            process,
            port,
            _folder: folder,
        };
        let started = Instant::now();
        while Caller::new((Ipv4Addr::LOCALHOST, port), "")
            .try_sign_in(ADMIN)
            .status
            != 200
        {
            assert!(
                started.elapsed() < Duration::from_mins(1),
                "the server does not start"
            );
            thread::sleep(Duration::from_millis(100));
        }
        server
    }

    /// Seconds of processor time the process has used.
    pub(crate) fn busy(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        // The name before it may contain anything; user and kernel time, in hundredths.
        let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
        let ticks = fields.skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap());
        f64::from(ticks.sum::<u32>()) / 100.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
