//! Importing a SARIF report of many results through the real server, the same once more, then one of which a tenth has
//! changed: seconds, seconds of processor time, the peak of memory above idle, and the latency of other calls meanwhile
//! next to the same calls before and after.
//!
//! `cargo build --release && cargo run --release -p bench --bin bench-import [results] [database URL]`
//!
//! The server is the release build beside this program, a process of its own with a folder of its own, SQLite unless
//! a URL is given. One caller asks for pages of findings and for the inbox's summary at a steady rate, so that it
//! measures how long calls wait and does not make the load itself. What one more busy thread on the machine does to
//! the same calls is measured too: on few cores that is much of what an import does.
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How often the caller asks.
const PERIOD: Duration = Duration::from_millis(20);
/// For how long it asks before the import, and after it.
const BEFORE: Duration = Duration::from_secs(15);
/// Results of a report, unless another number is given.
const RESULTS: u64 = 100_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let results = arguments.next().map_or(RESULTS, |text| text.parse().unwrap());
    let server = Server::start(arguments.next());
    let caller = server.sign_in();
    let company = caller.first("/companies");
    let project = caller.first("/projects");
    let first = report(results, |_| 1);
    println!("{results} results, {} MB", first.len() / 1_000_000);

    let before = latencies(&caller, || thread::sleep(BEFORE));
    let busy = latencies(&caller, spin);
    println!(
        "  p99 {:.1} ms when nothing else runs, {:.1} ms beside one busy thread",
        before.at(99),
        busy.at(99)
    );
    let idle = server.memory("VmRSS");
    let target = format!("/scans/import?company_id={company}&project_id={project}");
    let mut previous = 0;
    let changed = report(results, |n| if n % 10 == 7 { 2 } else { 1 });
    let reports = [
        ("first", &first),
        ("again, unchanged", &first),
        ("a tenth changed", &changed),
    ];
    for (round, report) in reports {
        // Writing 5 here sets the peak back to what is in use now.
        std::fs::write(format!("/proc/{}/clear_refs", server.process.id()), "5").unwrap();
        let mut took = (0.0, 0.0);
        let during = latencies(&caller, || {
            let (started, busy) = (Instant::now(), server.busy());
            let answer = caller.call("POST", &target, "application/sarif+json", report.as_bytes());
            took = (started.elapsed().as_secs_f64(), server.busy() - busy);
            println!("  {round}: {}", answer["counts"]);
        });
        let peak = server.memory("VmHWM");
        println!(
            "  {round}: {:.1} s, {:.1} s of processor time, {:.0} results/s, peak {:.0} MiB above idle ({:.0} MiB idle)",
            took.0,
            took.1,
            f64::from(u32::try_from(results).unwrap()) / took.0,
            mebibytes(peak.saturating_sub(idle.max(previous))),
            mebibytes(idle.max(previous)),
        );
        // With as many findings as there are now, which has a price of its own.
        let after = latencies(&caller, || thread::sleep(BEFORE));
        compare(&before, &during, &after);
        previous = server.memory("VmRSS");
    }
}

/// How long calls took meanwhile, next to before and after it.
fn compare(before: &Latencies, during: &Latencies, after: &Latencies) {
    for (name, percent) in [("p50", 50), ("p99", 99), ("worst", 100)] {
        let [before, during, after] = [before, during, after].map(|all| all.at(percent));
        println!(
            "    {name}: {before:.1} ms before, {during:.1} ms meanwhile, {after:.1} ms after it: {:.2} and {:.2} times",
            during / before,
            during / after
        );
    }
}

/// One busy thread, for as long as is measured without an import.
fn spin() {
    let started = Instant::now();
    while started.elapsed() < BEFORE {
        std::hint::spin_loop();
    }
}

fn mebibytes(kilobytes: u64) -> f64 {
    f64::from(u32::try_from(kilobytes).unwrap()) / 1024.0
}

/// A report as a scanner writes it: some 500 bytes a result. A result of another version is another problem in its
/// place: other words, other code, another hash.
fn report(results: u64, version: impl Fn(u64) -> u64) -> String {
    let mut text =
        r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Bench","rules":[]}},"results":["#.to_owned();
    for n in 0..results {
        let comma = if n == 0 { "" } else { "," };
        let (which, hash) = match version(n) {
            1 => (String::new(), n),
            version => (format!("{version}"), n + version * results),
        };
        write!(
            text,
            r#"{comma}{{"ruleId":"js/rule-{}","level":"{}","message":{{"text":"Cross-site scripting due to a user-provided value{which} in handler {n}."}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"src/module{}/file{n}.js"}},"region":{{"startLine":{},"snippet":{{"text":"    response.write(request.query.value{n}{which});\n"}}}}}}}}],"partialFingerprints":{{"primaryLocationLineHash":"{hash:016x}:1"}}}}"#,
            n % 40,
            ["note", "warning", "error"][usize::try_from(n % 3).unwrap()],
            n % 300,
            n % 5000 + 1,
        )
        .unwrap();
    }
    text + "]}]}"
}

/// Sorted, in milliseconds.
struct Latencies(Vec<f64>);

impl Latencies {
    fn at(&self, percent: usize) -> f64 {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }
}

/// How long calls take while `work` is done. A call that is late counts from when it should have begun.
fn latencies(caller: &Caller, work: impl FnOnce()) -> Latencies {
    let done = Arc::new(AtomicBool::new(false));
    let (asking, over) = (caller.clone(), done.clone());
    let asker = thread::spawn(move || {
        let mut found = Vec::new();
        let mut due = Instant::now();
        while !over.load(Ordering::Relaxed) {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let path = if found.len() % 2 == 0 {
                "/findings?limit=25"
            } else {
                "/notifications/summary"
            };
            asking.call("GET", path, "application/json", b"");
            found.push(due.elapsed().as_secs_f64() * 1000.0);
            due += PERIOD;
        }
        found.sort_by(f64::total_cmp);
        Latencies(found)
    });
    work();
    done.store(true, Ordering::Relaxed);
    asker.join().unwrap()
}

/// Whoever calls.
#[derive(Clone)]
struct Caller {
    port: u16,
    token: String,
}

impl Caller {
    /// Calls on a connection of its own; the answer's JSON.
    fn call(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let authorization = if self.token.is_empty() {
            String::new()
        } else {
            format!("Authorization: Bearer {}\r\n", self.token)
        };
        let head = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n{authorization}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut reader = BufReader::new(stream);
        let mut status = String::new();
        reader.read_line(&mut status).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        let text = String::from_utf8_lossy(&answer);
        assert!(status.contains(" 20"), "{path}: {status} {text}");
        serde_json::from_slice(&answer).unwrap_or(Value::Null)
    }

    /// The id of the first of a list.
    fn first(&self, path: &str) -> String {
        let list = self.call("GET", path, "application/json", b"");
        list["items"][0]["id"].as_str().unwrap().to_owned()
    }
}

/// The server with the demo's people in it; ended when it is dropped.
struct Server {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(database: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let sqlite = format!("sqlite://{}/campanile.db", folder.path().display());
        let program = std::env::current_exe().unwrap().with_file_name("campanile");
        let process = Command::new(program)
            .env("CAMPANILE_LISTEN", format!("127.0.0.1:{port}"))
            .env("CAMPANILE_DATA_DIR", folder.path())
            .env("CAMPANILE_DATABASE_URL", database.unwrap_or(sqlite))
            .env("CAMPANILE_DEMO", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let server = Self {
            process,
            port,
            _folder: folder,
        };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            thread::sleep(Duration::from_millis(100));
        }
        // The sample data is made behind the start.
        thread::sleep(Duration::from_secs(3));
        server
    }

    fn sign_in(&self) -> Caller {
        let mut caller = Caller {
            port: self.port,
            token: String::new(),
        };
        let who = json!({"email": "manager@demo.test", "password": "campanile-demo"}).to_string();
        let answer = caller.call("POST", "/auth/login", "application/json", who.as_bytes());
        answer["token"].as_str().unwrap().clone_into(&mut caller.token);
        caller
    }

    /// Seconds of processor time the process has used.
    fn busy(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        // The name before it may hold anything; in user mode and in the kernel, in hundredths.
        let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
        let ticks = fields.skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap());
        f64::from(ticks.sum::<u32>()) / 100.0
    }

    /// A figure of the process, in kilobytes.
    fn memory(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
