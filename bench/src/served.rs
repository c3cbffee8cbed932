//! The release server in its own process, its callers, and a scan report to import.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

/// A scan report as a scanner writes it: about 500 bytes per result. A result of another version is a different problem in the same
/// place: with different text, code and hash.
pub(crate) fn report(results: u64, version: impl Fn(u64) -> u64) -> String {
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

/// A caller.
#[derive(Clone)]
pub(crate) struct Caller {
    port: u16,
    token: String,
}

impl Caller {
    /// Calls on a new connection; returns the response's JSON, which must be a success.
    pub(crate) fn call(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Value {
        let (status, answer) = self.ask(method, path, kind, body);
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// Calls on a new connection; returns the response's status and JSON.
    pub(crate) fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, Value) {
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
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_slice(&answer).unwrap_or(Value::Null))
    }

    /// The id of the first item of a list.
    pub(crate) fn first(&self, path: &str) -> String {
        let list = self.call("GET", path, "application/json", b"");
        list["items"][0]["id"].as_str().unwrap().to_owned()
    }
}

/// The server with the demo users; stopped when dropped.
pub(crate) struct Server {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Server {
    pub(crate) fn start(database: Option<String>) -> Self {
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
        while !server.is_ready() {
            thread::sleep(Duration::from_millis(100));
        }
        // The sample data is created after startup.
        thread::sleep(Duration::from_secs(3));
        server
    }

    /// Whether it has started: its port opens before that.
    fn is_ready(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        let asked = stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
        let mut status = String::new();
        asked.is_ok() && BufReader::new(stream).read_line(&mut status).is_ok() && status.contains(" 200 ")
    }

    /// Signs a user in.
    pub(crate) fn sign_in(&self, email: &str, password: &str) -> Caller {
        let mut caller = Caller {
            port: self.port,
            token: String::new(),
        };
        let who = json!({"email": email, "password": password}).to_string();
        let answer = caller.call("POST", "/auth/login", "application/json", who.as_bytes());
        answer["token"].as_str().unwrap().clone_into(&mut caller.token);
        caller
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Seconds of processor time the process has used.
    pub(crate) fn busy(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        // The name before it may contain anything; user and kernel time, in hundredths.
        let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
        let ticks = fields.skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap());
        f64::from(ticks.sum::<u32>()) / 100.0
    }

    /// A memory figure of the process, in kilobytes.
    pub(crate) fn memory(&self, field: &str) -> u64 {
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
