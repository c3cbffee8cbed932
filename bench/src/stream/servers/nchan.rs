//! Nchan, the SSE module of nginx, from the machine's packages: two workers, no logs, small buffers.
//! This process supervises nginx and publishes over kept connections; only the workers count as the server.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use base::{Clock, Event, Id};
use realtime::Frame;

use crate::{
    http::Requester,
    orders::{Publish, execute},
    process::children,
};

const NGINX: &str = "/usr/sbin/nginx";
const MODULE: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";
const WORKERS: usize = 2;
/// Connections that publish, each company on one of them.
const PUBLISHERS: usize = 4;
/// How long nginx may take to start, and to exit.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What to do if it is not installed.
pub(crate) fn missing() -> Option<&'static str> {
    let there = Path::new(NGINX).exists() && Path::new(MODULE).exists();
    (!there)
        .then_some("`apt-get install nginx-light libnginx-mod-nchan` installs it (its service is not needed)")
}

/// Serves until its input ends.
pub(crate) fn serve(companies: usize, folder: &Path) {
    let nginx = Nginx::start(folder);
    let workers = children(nginx.process.id());
    let clock = Clock::system();
    let companies: Vec<Id> = (0..companies).map(|_| clock.id()).collect();
    execute(
        nginx.address,
        &workers,
        &companies,
        Publishers::new(nginx.address),
    );
}

struct Nginx {
    process: Child,
    address: SocketAddr,
    settings: PathBuf,
}

impl Nginx {
    fn start(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let settings = folder.join("nginx.conf");
        std::fs::write(&settings, settings_for(folder, address)).unwrap();
        let process = Command::new(NGINX)
            .arg("-c")
            .arg(&settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self {
            process,
            address,
            settings,
        };
        let started = Instant::now();
        while children(nginx.process.id()).len() < WORKERS || TcpStream::connect(address).is_err() {
            assert!(started.elapsed() < TIMEOUT, "nginx did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Stops the master, which stops the workers; killing the master would leave them.
        let _ = Command::new(NGINX)
            .arg("-c")
            .arg(&self.settings)
            .args(["-s", "stop"])
            .stderr(Stdio::null())
            .status();
        let asked = Instant::now();
        while asked.elapsed() < TIMEOUT {
            if self.process.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn settings_for(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "load_module {MODULE};
user root;
daemon off;
worker_processes {WORKERS};
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  nchan_shared_memory_size 256m;
  server {{
    listen {address} backlog=4096 reuseport;
    location ~ ^/sub/([0-9]+)$ {{
      nchan_subscriber eventsource;
      nchan_channel_id $1;
      nchan_subscriber_first_message newest;
    }}
    location ~ ^/pub/([0-9]+)$ {{
      nchan_publisher;
      nchan_channel_id $1;
      nchan_message_buffer_length 1;
    }}
  }}
}}
"
    )
}

/// Threads that post, and how many posts are not answered yet.
struct Publishers {
    posts: Vec<Sender<(usize, Vec<u8>)>>,
    open: Arc<AtomicUsize>,
}

impl Publishers {
    fn new(address: SocketAddr) -> Self {
        let open: Arc<AtomicUsize> = Arc::default();
        let start = |_| {
            let (sender, posts) = channel();
            let open = Arc::clone(&open);
            std::thread::spawn(move || post(address, &posts, &open));
            sender
        };
        Self {
            posts: (0..PUBLISHERS).map(start).collect(),
            open,
        }
    }
}

impl Publish for Publishers {
    fn publish(&mut self, company: usize, event: Event) {
        let frame = Frame::of(&event).unwrap();
        let text = frame.bytes().strip_prefix(b"data: ").unwrap().trim_ascii_end();
        self.open.fetch_add(1, Ordering::Relaxed);
        self.posts[company % PUBLISHERS]
            .send((company, text.to_vec()))
            .unwrap();
    }

    fn finish(&mut self) {
        while self.open.load(Ordering::Relaxed) > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn post(address: SocketAddr, posts: &Receiver<(usize, Vec<u8>)>, open: &AtomicUsize) {
    let mut asker = Requester::new(address);
    for (company, body) in posts {
        let status = asker.ask(&format!("POST /pub/{company}"), "", &body);
        assert!((200..300).contains(&status), "Nchan answered {status}");
        open.fetch_sub(1, Ordering::Relaxed);
    }
}
