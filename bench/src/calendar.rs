//! The calendar over 1,000,000 findings in 200 companies: response time, from the request to the last byte,
//! including authentication and writing the JSON. There is no socket, and requests run one after another. The database is
//! SQLite, then the PostgreSQL that `CAMPANILE_TEST_POSTGRES` names, if set. CPU is that of this process alone.
//!
//! `cargo run --release -p bench --bin bench-calendar [findings] [asked]`
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot continue has failed")]

use std::time::{Duration, Instant};

use access::{Access, testing as people};
use axum::{Router, body::Body, http::Request, middleware, routing::get};
use base::{Bus, Clock, Id, Time};
use calendar::Calendar;
use store::{MigrationSet, Store, params};
use tower::ServiceExt;

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

static TABLES: &[MigrationSet] = &[store::MIGRATIONS, access::MIGRATIONS, records::MIGRATIONS];

const COMPANIES: i64 = 200;
/// Ten users in each company.
const PEOPLE: i64 = 10 * COMPANIES;
/// How many findings one transaction adds.
const CHUNK: i64 = 20_000;
const HOUR: Duration = Duration::from_hours(1);

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<i64>().unwrap());
    let findings = arguments.next().unwrap_or(1_000_000);
    let asked = arguments.next().unwrap_or(1_000);
    let folder = tempfile::tempdir_in(".").unwrap();
    let clock = Clock::system();
    let mut urls = vec![(
        "SQLite",
        format!("sqlite://{}", folder.path().join("calendar.db").display()),
    )];
    if let Ok(server) = std::env::var(store::testing::POSTGRES) {
        urls.push((
            "PostgreSQL",
            store::testing::postgres_url(&server, &clock).await.unwrap(),
        ));
    }
    for (database, url) in urls {
        let began = Instant::now();
        let fixture = Fixture::new(&url, &clock, findings).await;
        println!(
            "{database}: {findings} findings, filled in {:.0} s",
            began.elapsed().as_secs_f64()
        );
        if database == "PostgreSQL" {
            vacuumed(&fixture.store).await;
        }
        fixture.measure(database, asked).await;
        fixture.store.close().await;
    }
}

struct Fixture {
    store: Store,
    router: Router,
    /// Tokens of an administrator, and of members of one and of twenty companies.
    admin: String,
    one: String,
    twenty: String,
    /// The paths of a feed of the first company, and of one of all companies.
    feeds: [String; 2],
}

impl Fixture {
    async fn new(url: &str, clock: &Clock, findings: i64) -> Self {
        let store = Store::open(store::Options::new(url), clock.clone(), Bus::new());
        let store = store.await.unwrap();
        store.migrate(TABLES).await.unwrap();
        fill(&store, clock.now(), findings).await;
        let access = people::access(&store);
        let admin = people::admin(&store, "root@example.com").await;
        let twenty = people::user(&store, "twenty@example.com").await;
        for n in 0..20 {
            people::member(&store, id(COMPANY, n * 10 + 3), twenty, access::Role::Viewer).await;
        }
        let one = id(USER, 0);
        let feeds = [feed(&access, one).await, feed(&access, admin).await];
        Self {
            router: router(&access),
            admin: people::token(&access, admin).await,
            one: people::token(&access, one).await,
            twenty: people::token(&access, twenty).await,
            feeds,
            store,
        }
    }

    async fn measure(&self, database: &str, asked: i64) {
        let now = self.store.clock().now();
        let (admin, one, twenty) = (Some(&*self.admin), Some(&*self.one), Some(&*self.twenty));
        // Three months that start at some point in the half year before now.
        let window = |n: i64| {
            let from = now.before(HOUR * u32::try_from(n * 7_919 % 4_000).unwrap());
            format!("from={from}&to={}", from.after(HOUR * 24 * 91))
        };
        let company = |n: i64| format!("&company_id={}", id(COMPANY, n * 37 % COMPANIES));
        // In the middle of an administrator's pages.
        let cursor = |n: i64| {
            let at = now.before(HOUR * u32::try_from(n * 7_919 % 2_000).unwrap());
            format!("&cursor={}_sla_due:{}", at.nanos(), id(FINDING, 0))
        };
        self.line(database, "one company, by a member of it", asked, |n| {
            (one, window(n))
        })
        .await;
        self.line(database, "one company, by an administrator", asked, |n| {
            (admin, window(n) + &company(n))
        })
        .await;
        self.line(database, "20 companies of 200, by a member of them", asked, |n| {
            (twenty, window(n))
        })
        .await;
        self.line(database, "every company, by an administrator", asked, |n| {
            (admin, window(n))
        })
        .await;
        self.line(database, "the same, a later page", asked, |n| {
            let from = now.before(HOUR * 24 * 91);
            (admin, format!("from={from}&to={now}{}", cursor(n)))
        })
        .await;
        self.line(database, "mine, by a member of one company", asked, |n| {
            (one, window(n) + "&mine=true")
        })
        .await;
        for (path, name) in self
            .feeds
            .iter()
            .zip(["a feed of one company", "a feed of every company"])
        {
            self.path_line(database, name, asked / 10, |_| (None, path.clone()))
                .await;
        }
    }

    async fn line<'a>(
        &self,
        database: &str,
        name: &str,
        asked: i64,
        ask: impl Fn(i64) -> (Option<&'a str>, String),
    ) {
        self.path_line(database, name, asked, |n| {
            let (token, query) = ask(n);
            (token, format!("/calendar?{query}"))
        })
        .await;
    }

    async fn path_line<'a>(
        &self,
        database: &str,
        name: &str,
        asked: i64,
        ask: impl Fn(i64) -> (Option<&'a str>, String),
    ) {
        let (mut times, mut bytes, mut cpu) = (Vec::new(), 0, 0.0);
        // The first few find no caches: they are not counted.
        for n in -20..asked {
            if n == 0 {
                cpu = cpu_seconds();
            }
            let (token, path) = ask(n.rem_euclid(asked));
            let mut request = Request::get(path);
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let began = Instant::now();
            let answer = self
                .router
                .clone()
                .oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap();
            let status = answer.status();
            let body = axum::body::to_bytes(answer.into_body(), usize::MAX)
                .await
                .unwrap();
            if n >= 0 {
                times.push(began.elapsed().as_secs_f64() * 1_000.0);
                bytes += body.len();
            }
            assert!(status.is_success(), "{}", String::from_utf8_lossy(&body));
        }
        let cpu = (cpu_seconds() - cpu) * 1_000.0 / asked as f64;
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        println!(
            "{database}: {name}: median {:.1} ms, p99 {:.1} ms, worst {:.1} ms; CPU {cpu:.1} ms; {} KB",
            at(50),
            at(99),
            at(100),
            bytes / times.len() / 1_000
        );
    }
}

fn router(access: &Access) -> Router {
    Router::new()
        .route("/calendar", get(calendar::http::get))
        .route("/calendar.ics", get(calendar::feeds::http::fetch))
        .layer(middleware::from_fn_with_state(
            access.clone(),
            access::authenticate,
        ))
        .with_state(Calendar::new(access.clone(), "https://campanile.example"))
}

/// User and system time of this process, from /proc/self/stat (fields 14 and 15, in 1/100 s).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

async fn feed(access: &Access, user: Id) -> String {
    let (store, caller) = (access.store(), people::caller(access, user).await);
    let settings = r#"{"company_id":null,"mine":false,"alarms":[],"kinds":null}"#;
    let key = access::feed_keys::secret(store.clock());
    let new = key.clone();
    let made = store.write(move |tx| access::feed_keys::make(tx, &caller, &new, ("", settings)));
    made.await.unwrap();
    format!("/calendar.ics?key={}", key.expose())
}

/// The prefixes of ids: the last twelve digits are a counter.
const COMPANY: &str = "01990000-0000-7000-8000-";
const USER: &str = "01990000-0000-7000-8001-";
const PROJECT: &str = "01990000-0000-7000-8002-";
const SCAN: &str = "01990000-0000-7000-8003-";
const AGREEMENT: &str = "01990000-0000-7000-8004-";
const FINDING: &str = "01990000-0000-7000-8005-";

fn id(kind: &str, n: i64) -> Id {
    format!("{kind}{n:012}").parse().unwrap()
}

/// The id of the row of this number, in SQL.
fn sql_id(kind: &str, number: &str) -> String {
    format!("'{kind}' || substr(cast(1000000000000 + {number} as text), 2)")
}

const ROWS: &str =
    "with recursive n (i) as (select cast($1 as bigint) union all select i + 1 from n where i + 1 < $2)";

/// Fills every table; dates are spread evenly within half a year of now. Six of ten findings are open, one waits for a retest.
async fn fill(store: &Store, now: Time, findings: i64) {
    let (company, user) = (sql_id(COMPANY, "i % 200"), sql_id(USER, "i"));
    let project = sql_id(PROJECT, "i % 2000");
    let day = "(cast($3 as bigint) / 86400000000000 + (i * 37) % 365 - 182) * 86400000000000";
    let at = "cast($3 as bigint) + ((i * 7919) % 31536000 - 15768000) * 1000000000 + i % 1000";
    let later = "cast($3 as bigint) + ((i * 104729) % 31536000 - 15768000) * 1000000000 + i % 1000";
    let text = "'Improper neutralization of input in handler number ' || cast(i as text)";
    let few = [
        (
            COMPANIES,
            format!(
                "insert into companies (id, name, created_at, updated_at) \
            select {}, 'Company ' || cast(i as text), cast($3 as bigint), $3 from n",
                sql_id(COMPANY, "i")
            ),
        ),
        (
            PEOPLE,
            format!(
                "insert into users (id, email, email_key, name, password_hash, is_admin, disabled, created_at, \
            updated_at) select {user}, {user} || '@example.com', {user} || '@example.com', 'Ana', '', 0, 0, \
            cast($3 as bigint), $3 from n"
            ),
        ),
        (
            PEOPLE,
            format!(
                "insert into memberships (company_id, user_id, role, created_at) \
            select {company}, {user}, 'analyst', cast($3 as bigint) from n"
            ),
        ),
        (
            10 * COMPANIES,
            format!(
                "insert into projects (id, company_id, name, description, status, starts_at, ends_at, \
            search, created_at, updated_at) select {}, {company}, 'Web shop', '', 'active', {day}, \
            {day} + 2592000000000000, '', $3, $3 from n",
                sql_id(PROJECT, "i")
            ),
        ),
        (
            20 * COMPANIES,
            format!(
                "insert into scans (id, company_id, project_id, name, tool, status, scheduled_at, \
            started_at, finished_at, counts, error, created_by, search, created_at, updated_at) select {}, {company}, \
            {project}, 'Nightly', 'Saw', case when i % 7 < 2 then 'scheduled' else 'completed' end, {at}, 0, 0, '', '', \
            '', '', $3, $3 from n",
                sql_id(SCAN, "i")
            ),
        ),
        (
            2 * COMPANIES,
            format!(
                "insert into agreements (id, company_id, name, reference, description, status, starts_at, \
            expires_at, hours, hours_used, search, created_at, updated_at) select {}, {company}, 'Frame', '', '', 'active', \
            0, {day}, -1, 0, '', $3, $3 from n",
                sql_id(AGREEMENT, "i")
            ),
        ),
    ];
    for (rows, sql) in few {
        add(store, 0, rows, now, sql).await;
    }
    let finding = sql_id(FINDING, "i");
    let status = "case (i / 200) % 10 when 0 then 'retest' when 1 then 'in_progress' when 2 then 'in_progress' \
         when 3 then 'open' when 4 then 'open' when 5 then 'open' when 6 then 'accepted_risk' else 'closed' end";
    let rows = format!(
        "insert into findings (id, company_id, project_id, tool, fingerprint, rule_id, location, cwe, title, \
         description, severity, severity_rank, status, first_scan_id, last_scan_id, sla_due_at, sla_by_hand, \
         retest_due_at, closed_at, closed_by_scan, created_by, search, created_at, updated_at, last_seen_at) \
         select {finding}, {company}, {project}, 'Saw', {finding}, 'js/xss', 'src/handler.js:42', 'CWE-79', {text}, \
         '{0}', 'high', 3, {status}, '', '', {at}, 0, case (i / 200) % 10 when 0 then {later} else 0 end, 0, 0, '', \
         '{0}', $3, $3, $3 from n",
        "the text of a scan report and what users have written about it; ".repeat(5)
    );
    // Each is assigned to one of the ten users of its company.
    let assignee = sql_id(USER, "((i / 2000) % 10) * 200 + i % 200");
    let seen_to = format!(
        "insert into finding_users (finding_id, user_id) select {finding}, {assignee} from n \
         where cast($3 as bigint) > 0"
    );
    for first in (0..findings).step_by(usize::try_from(CHUNK).unwrap()) {
        let last = findings.min(first + CHUNK);
        add(store, first, last, now, rows.clone()).await;
        add(store, first, last, now, seen_to.clone()).await;
    }
    store.write(|tx| tx.execute("analyze", &[])).await.unwrap();
}

/// Waits until PostgreSQL has vacuumed the new rows, as it does automatically within minutes, or for five minutes:
/// rows not vacuumed yet need a lookup in the table after one in the index.
async fn vacuumed(store: &Store) {
    const PERCENT: &str = "select cast(relallvisible as bigint) * 100 / greatest(relpages, 1) from pg_class \
         where relname = 'findings'";
    let began = Instant::now();
    loop {
        let (percent,): (i64,) = store.read(|tx| tx.one(PERCENT, &[])).await.unwrap().unwrap();
        let waited = began.elapsed();
        if percent > 95 || waited > HOUR / 12 {
            println!(
                "PostgreSQL: {percent} % vacuumed {:.0} s later",
                waited.as_secs_f64()
            );
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn add(store: &Store, first: i64, last: i64, now: Time, sql: String) {
    let added = store.write(move |tx| tx.execute(&format!("{ROWS} {sql}"), params![first, last, now]));
    added.await.unwrap();
}
