//! A command of the program that exits on its own.

use std::{
    io::Write,
    process::{Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use super::Database;

/// How long a command may take before the test fails.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A command on a database.
pub struct Command {
    command: std::process::Command,
    input: String,
}

impl Command {
    pub fn new(database: &Database, more: &[(&str, String)], arguments: &[&str]) -> Self {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_campanile"));
        command.args(arguments).env_clear().envs(database.settings(more));
        Self {
            command,
            input: String::new(),
        }
    }

    /// With this line on standard input.
    pub fn with_input(mut self, line: &str) -> Self {
        self.input = format!("{line}\n");
        self
    }

    /// Runs it to its end.
    fn run(mut self) -> Output {
        let piped = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(self.input.as_bytes())
            .unwrap();
        let id = child.id().to_string();
        let (sender, ended) = mpsc::channel();
        // Its output is read while it runs: a pipe's buffer is limited.
        std::thread::spawn(move || sender.send(child.wait_with_output().unwrap()));
        ended.recv_timeout(TIMEOUT).unwrap_or_else(|_| {
            std::process::Command::new("kill")
                .args(["-KILL", &id])
                .status()
                .unwrap();
            panic!("the command does not exit");
        })
    }

    /// Its output, on success.
    pub fn succeeds(self) -> String {
        let output = self.run();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Its standard error, on failure.
    pub fn fails(self) -> String {
        let output = self.run();
        assert!(!output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}
