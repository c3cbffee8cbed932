//! The examples of `docs/stream.md`, run as they stand there.

use std::process::Stdio;

use realtime::{Options, Whose};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{Duration, timeout},
};

use crate::support::Station;

/// How long a program may take to start, and then to connect again.
const PATIENCE: Duration = Duration::from_secs(30);

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

/// A program of the document that runs against a station; none where its interpreter is missing.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(station: &Station, token: &str, interpreter: &[&str], program: &str) -> Option<Self> {
        let spawned = Command::new(interpreter[0])
            .args(&interpreter[1..])
            .arg(program)
            .env("SERVER", format!("http://{}", station.address))
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
                eprintln!("not run, {} is missing: {error}", interpreter[0]);
                None
            }
        }
    }

    /// Waits for a line that holds this text.
    async fn says(&mut self, text: &str) {
        let waiting = async {
            loop {
                let line = self.lines.next_line().await.unwrap();
                if line.expect("it goes on").contains(text) {
                    return;
                }
            }
        };
        timeout(PATIENCE, waiting).await.expect(text);
    }
}

/// A program that follows the stream shows what happens, and comes back when the stream ends.
async fn follows(interpreter: &[&str], program: &str) {
    let station = Station::start(&Options::default());
    let company = station.clock.id();
    let token = station.gate.sign_in(station.gate.member(&[company]));
    let Some(mut running) = Running::start(&station, &token, interpreter, program) else {
        return;
    };
    for _ in 0..2 {
        running.says("refresh").await;
        let event = station.event(base::Kind::FindingCreated, base::Audience::Company(company));
        let subject = event.subject.id.to_string();
        station.commit(vec![event]);
        running.says(&format!("finding.created {subject}")).await;
        station.hub.end(Whose::Everyone);
    }
}

#[tokio::test]
async fn the_javascript_example_follows_and_comes_back() {
    let [program] = blocks("js")[..] else {
        panic!("one example")
    };
    follows(&["node", "--input-type=module", "--eval"], program).await;
}

#[tokio::test]
async fn the_python_example_follows_and_comes_back() {
    let [program] = blocks("python")[..] else {
        panic!("one example")
    };
    follows(&["python3", "-c"], program).await;
}

#[tokio::test]
async fn the_curl_examples_show_the_stream() {
    let station = Station::start(&Options::default());
    let company = station.clock.id();
    let token = station.gate.sign_in(station.gate.member(&[company]));
    let programs = blocks("sh");
    assert_eq!(programs.len(), 2);
    if std::process::Command::new("curl")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("not run, curl is missing");
        return;
    }
    for (n, program) in programs.into_iter().enumerate() {
        let mut running = Running::start(&station, &token, &["sh", "-euc"], program).unwrap();
        running.says("data: {\"type\":\"ping\"}").await;
        let id = station.project_created(company);
        running.says(&id).await;
        station.hub.end(Whose::Everyone);
        let left = timeout(PATIENCE, running.child.wait()).await.unwrap();
        assert!(left.unwrap().success(), "the stream ended in good order");
        assert_eq!(station.gate.asked(), n + 1);
    }
}
