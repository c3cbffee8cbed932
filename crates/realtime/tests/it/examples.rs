//! The examples of `docs/stream.md`, run as documented.

use std::process::Stdio;

use realtime::{EndTarget, Options};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{Duration, timeout},
};

use crate::support::TestServer;

/// How long a program may take to start, and then to connect again.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The code blocks of the document in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let document = include_str!("../../../../docs/stream.md");
    document
        .split("\n```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'))
        .collect()
}

/// A program from the document that runs against a test server; none if its interpreter is missing.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(server: &TestServer, token: &str, interpreter: &[&str], program: &str) -> Option<Self> {
        let spawned = Command::new(interpreter[0])
            .args(&interpreter[1..])
            .arg(program)
            .env("SERVER", format!("http://{}", server.address))
            .env("TOKEN", token)
            .env_remove("http_proxy")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        match spawned {
            Ok(mut child) => Some(Self {
                lines: BufReader::new(child.stdout.take().unwrap()).lines(),
                child,
            }),
            Err(error) => {
                eprintln!("skipped, {} is missing: {error}", interpreter[0]);
                None
            }
        }
    }

    /// Waits for a line that contains this text.
    async fn says(&mut self, text: &str) {
        let waiting = async {
            loop {
                let line = self.lines.next_line().await.unwrap();
                if line.expect("more output").contains(text) {
                    return;
                }
            }
        };
        timeout(TIMEOUT, waiting).await.expect(text);
    }
}

/// A program that follows the stream prints events, and reconnects when the stream ends.
async fn follows(interpreter: &[&str], program: &str) {
    let server = TestServer::start(&Options::default());
    let company = server.clock.id();
    let token = server.access.sign_in(server.access.member(&[company]));
    let Some(mut running) = Running::start(&server, &token, interpreter, program) else {
        return;
    };
    for _ in 0..2 {
        running.says("refresh").await;
        let event = server.event(base::Kind::FindingCreated, base::Audience::Company(company));
        let subject = event.subject.id.to_string();
        server.commit(vec![event]);
        running.says(&format!("finding.created {subject}")).await;
        server.hub.end(EndTarget::Everyone);
    }
}

#[tokio::test]
async fn the_javascript_example_follows_and_reconnects() {
    let [program] = blocks("js")[..] else {
        panic!("one example")
    };
    follows(&["node", "--input-type=module", "--eval"], program).await;
}

#[tokio::test]
async fn the_python_example_follows_and_reconnects() {
    let [program] = blocks("python")[..] else {
        panic!("one example")
    };
    follows(&["python3", "-c"], program).await;
}

#[tokio::test]
async fn the_curl_examples_show_the_stream() {
    let server = TestServer::start(&Options::default());
    let company = server.clock.id();
    let token = server.access.sign_in(server.access.member(&[company]));
    let programs = blocks("sh");
    assert_eq!(programs.len(), 2);
    if std::process::Command::new("curl")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("skipped, curl is missing");
        return;
    }
    for (n, program) in programs.into_iter().enumerate() {
        let mut running = Running::start(&server, &token, &["sh", "-euc"], program).unwrap();
        running.says("data: {\"type\":\"ping\"}").await;
        let id = server.project_created(company);
        running.says(&id).await;
        server.hub.end(EndTarget::Everyone);
        let left = timeout(TIMEOUT, running.child.wait()).await.unwrap();
        assert!(left.unwrap().success(), "the stream ended cleanly");
        assert_eq!(server.access.asked(), n + 1);
    }
}
