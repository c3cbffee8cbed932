//! A company with users, a project, and the endpoint.

use access::{Access, Caller, Role, testing};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use base::{Clock, Event, Id, bus::Batch};
use records::{
    By, Named, Records, Settings,
    findings::{self, Finding},
    import::{Import, Limits},
    projects,
};
use serde_json::{Value, json};
use store::{FromValue, MigrationSet, Row, Store, params};
use tempfile::TempDir;
use tokio::sync::broadcast;

static TABLES: [MigrationSet; 3] = [store::MIGRATIONS, access::MIGRATIONS, records::MIGRATIONS];

/// Maximum size of a scan report here in bytes.
pub(crate) const LIMIT: usize = 20_000_000;

pub(crate) struct World {
    pub(crate) database: &'static str,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) records: Records,
    pub(crate) folder: TempDir,
    pub(crate) router: Router,
    pub(crate) company: Id,
    pub(crate) project: Id,
    /// A company whose only member is the stranger.
    pub(crate) other: Id,
    pub(crate) analyst: Caller,
    pub(crate) viewer: Caller,
    pub(crate) manager: Caller,
    pub(crate) stranger: Caller,
    tokens: Vec<(Id, String)>,
    events: broadcast::Receiver<Batch>,
}

/// An answer: its status and its JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Answer {
    /// read, created, updated, reopened, closed, unchanged, skipped.
    pub(crate) fn counts(&self) -> [u64; 7] {
        assert_eq!(self.status, StatusCode::CREATED, "{}", self.body);
        let counts = &self.body["counts"];
        let keys = [
            "read",
            "created",
            "updated",
            "reopened",
            "closed",
            "unchanged",
            "skipped",
        ];
        let counts = keys.map(|key| counts[key].as_u64().unwrap());
        let [read, created, updated, reopened, _, unchanged, skipped] = counts;
        assert_eq!(read, created + updated + unchanged + skipped, "{}", self.body);
        assert!(reopened <= updated);
        assert_eq!(
            skipped.min(1_000),
            self.body["skipped"].as_array().unwrap().len() as u64
        );
        counts
    }

    /// The detail of the problem.
    pub(crate) fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_default()
    }
}

impl World {
    pub(crate) async fn all() -> Vec<Self> {
        Self::all_at(&Clock::system()).await
    }

    pub(crate) async fn all_at(clock: &Clock) -> Vec<Self> {
        let mut worlds = Vec::new();
        for (database, store) in store::testing::stores_with(clock.clone(), &TABLES).await {
            worlds.push(Self::new(database, store, clock.clone()).await);
        }
        worlds
    }

    async fn new(database: &'static str, store: Store, clock: Clock) -> Self {
        let access = testing::access(&store);
        let (company, other) = (
            testing::company(&store, "Ours").await,
            testing::company(&store, "Theirs").await,
        );
        let mut tokens = Vec::new();
        let mut people = Vec::new();
        for (name, company, role) in [
            ("analyst", company, Role::Analyst),
            ("viewer", company, Role::Viewer),
            ("manager", company, Role::Manager),
            ("stranger", other, Role::Manager),
        ] {
            let user = testing::user(&store, &format!("{name}@example.org")).await;
            testing::member(&store, company, user, role).await;
            tokens.push((user, testing::token(&access, user).await));
            people.push(testing::caller(&access, user).await);
        }
        let [analyst, viewer, manager, stranger] = people.try_into().unwrap();
        let records = Records::new(store.clone(), Settings::default());
        let folder = tempfile::tempdir().unwrap();
        let router = router(&access, &records, &folder, LIMIT);
        let events = store.bus().subscribe();
        let mut world = Self {
            database,
            clock,
            access,
            records,
            folder,
            router,
            company,
            project: company,
            other,
            analyst,
            viewer,
            manager,
            stranger,
            tokens,
            events,
            store,
        };
        world.project = world.add_project("Web").await;
        world.events();
        world
    }

    pub(crate) async fn add_project(&self, name: &str) -> Id {
        let company = Named {
            id: self.company,
            name: "Ours".to_owned(),
        };
        let new = projects::New::named(name, projects::Status::Active);
        let made = self
            .store
            .write(move |tx| projects::create(tx, new, company, &By::SYSTEM))
            .await;
        made.unwrap().id
    }

    /// From now on the server is another process.
    pub(crate) fn start_again(&mut self) {
        self.records = Records::new(self.store.clone(), Settings::default());
        self.router = router(&self.access, &self.records, &self.folder, LIMIT);
    }

    /// The same world with this maximum size of a scan report.
    pub(crate) fn limited(&self, limit: usize) -> Router {
        router(&self.access, &self.records, &self.folder, limit)
    }

    /// Sends a request of a user; none for an anonymous one.
    pub(crate) async fn send(
        &self,
        by: Option<&Caller>,
        query: &str,
        content_type: &str,
        body: impl Into<Body>,
    ) -> Answer {
        let request =
            Request::post(format!("/scans/import?{query}")).header(header::CONTENT_TYPE, content_type);
        self.ask(&self.router, by, request.body(body.into()).unwrap())
            .await
    }

    pub(crate) async fn ask(
        &self,
        router: &Router,
        by: Option<&Caller>,
        mut request: Request<Body>,
    ) -> Answer {
        if let Some(caller) = by {
            let (_, token) = self
                .tokens
                .iter()
                .find(|(user, _)| *user == caller.user_id)
                .unwrap();
            let bearer = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
        let answer = testkit::ask(router, self.database, request).await;
        let body = serde_json::from_slice(&answer.bytes).unwrap_or(Value::Null);
        let status = answer.status;
        Answer { status, body }
    }

    /// Imports a scan report into the project as the analyst.
    pub(crate) async fn import(&self, report: impl Into<Body>) -> Answer {
        self.import_into(Some(self.project), report).await
    }

    pub(crate) async fn import_into(&self, project: Option<Id>, report: impl Into<Body>) -> Answer {
        let project = project.map(|id| format!("&project_id={id}")).unwrap_or_default();
        let query = format!("company_id={}{project}", self.company);
        self.send(Some(&self.analyst), &query, "application/sarif+json", report)
            .await
    }

    /// Imports a scan report of this format into the project as the analyst.
    pub(crate) async fn import_as(&self, format: &str, report: impl Into<Body>) -> Answer {
        let query = format!(
            "company_id={}&project_id={}&format={format}",
            self.company, self.project
        );
        self.send(Some(&self.analyst), &query, "application/octet-stream", report)
            .await
    }

    /// Imports a scan report into the project as the analyst, with more in the query, such as `&target=x`.
    pub(crate) async fn import_with(&self, more: &str, report: impl Into<Body>) -> Answer {
        let query = format!("company_id={}&project_id={}{more}", self.company, self.project);
        self.send(Some(&self.analyst), &query, "application/octet-stream", report)
            .await
    }

    /// A request with a JSON body.
    pub(crate) async fn call(&self, by: &Caller, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        self.ask(&self.router, Some(by), request).await
    }

    /// Undoes the import of a response as the analyst.
    pub(crate) async fn undo(&self, imported: &Answer) -> Answer {
        let scan = imported.body["scan"]["id"].as_str().unwrap();
        self.call(&self.analyst, "POST", &format!("/scans/{scan}/undo"), Value::Null)
            .await
    }

    /// Gives a verdict on a finding as the analyst: a false positive.
    pub(crate) async fn judge(&self, id: Id) {
        self.status(id, "false_positive").await;
    }

    /// Sets the status of a finding as the analyst.
    pub(crate) async fn status(&self, id: Id, status: &str) {
        let body = json!({"status": status, "comment": "I looked at it."});
        let answer = self
            .call(&self.analyst, "POST", &format!("/findings/{id}/status"), body)
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }

    /// A finding as the API returns it.
    pub(crate) async fn view(&self, id: Id) -> Value {
        let answer = self
            .call(&self.viewer, "GET", &format!("/findings/{id}"), Value::Null)
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    /// The list of findings for a query, as the API returns it.
    pub(crate) async fn listed(&self, query: &str) -> Vec<Value> {
        let answer = self
            .call(&self.viewer, "GET", &format!("/findings?{query}"), Value::Null)
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body["items"].as_array().unwrap().clone()
    }

    /// The list in short: each finding's status and location, ordered by place.
    pub(crate) async fn short(&self) -> Vec<String> {
        let findings = self.findings().await;
        let line = |finding: &Finding| format!("{} {}", finding.status.name(), finding.location);
        findings.iter().map(line).collect()
    }

    /// The open ones.
    pub(crate) async fn open(&self) -> Vec<String> {
        let mut short = self.short().await;
        short.retain(|line| line.starts_with("open ") || line.starts_with("in_progress "));
        short
    }

    /// Changes a scan as the analyst.
    pub(crate) async fn patch(&self, scan: Id, change: Value) -> Answer {
        let request =
            Request::patch(format!("/scans/{scan}")).header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(change.to_string())).unwrap();
        self.ask(&self.router, Some(&self.analyst), request).await
    }

    /// What was announced since the last call, commit by commit.
    pub(crate) fn batches(&mut self) -> Vec<Batch> {
        let mut batches = Vec::new();
        loop {
            match self.events.try_recv() {
                Ok(batch) => batches.push(batch),
                Err(broadcast::error::TryRecvError::Lagged(_)) => panic!("the bus is too short"),
                Err(_) => return batches,
            }
        }
    }

    /// What was announced since the last call.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        self.batches().iter().flat_map(|batch| batch.to_vec()).collect()
    }

    /// The names of what was announced since the last call, each with how often.
    pub(crate) fn kinds(&mut self) -> Vec<(&'static str, usize)> {
        let events = self.events();
        let mut kinds: Vec<_> = events.iter().map(|event| event.kind.name()).collect();
        kinds.sort_unstable();
        let groups = kinds.chunk_by(|one, other| one == other);
        groups.map(|group| (group[0], group.len())).collect()
    }

    /// All findings, by location.
    pub(crate) async fn findings(&self) -> Vec<Finding> {
        let ids: Vec<Id> = self
            .column("select id from findings order by location, title, id")
            .await;
        let read = self.store.read(move |tx| {
            let get = |id| findings::get(tx, id, &base::Scope::All);
            ids.into_iter().map(get).collect()
        });
        read.await.unwrap()
    }

    /// The first column of a query.
    pub(crate) async fn column<T: FromValue + Send + 'static>(&self, sql: &'static str) -> Vec<T> {
        let rows = self.store.read(move |tx| tx.all::<(T,)>(sql, params![]));
        rows.await.unwrap().into_iter().map(|(value,)| value).collect()
    }

    /// Everything an import may change, as one value.
    pub(crate) async fn state(&self) -> Vec<Vec<String>> {
        struct Texts(Vec<String>);
        impl store::FromRow for Texts {
            fn from_row(row: &Row) -> Result<Self, store::Error> {
                (0..4)
                    .map(|column| row.get(column))
                    .collect::<Result<_, _>>()
                    .map(Self)
            }
        }
        let mut state = Vec::new();
        for sql in [
            "select id, status, title || '|' || description || '|' || severity || '|' || location, last_scan_id \
             from findings order by id",
            "select id, status, counts, error from scans order by id",
            "select id, kind, body, company_id from events order by id",
            "select finding_id, said, evidence, target_id || group_key || path from finding_evidence order by finding_id",
            "select scan_id, target_id, '', '' from target_leases order by scan_id, target_id",
            "select id, name, last_scan_id, root || reported_at || '|' || retired_at from scan_targets order by id",
            "select finding_id, identifier, '', '' from finding_identifiers order by finding_id, identifier",
            "select finding_id, from_status, to_status, comment from finding_moves order by id",
        ] {
            let rows = self
                .store
                .read(move |tx| tx.all::<Texts>(sql, params![]))
                .await
                .unwrap();
            state.extend(rows.into_iter().map(|Texts(row)| row));
        }
        state
    }

    /// Changes the status of a finding as the analyst.
    pub(crate) async fn change(
        &self,
        id: Id,
        change: impl Fn(&mut store::Tx<'_>, &mut Finding, findings::Context<'_>) + Clone + Send + 'static,
    ) {
        let (by, settings) = (By::caller(&self.analyst), self.records.settings());
        let done = self.store.write(move |tx| {
            let mut finding = findings::get_for_update(tx, id, &base::Scope::All)?;
            let context = findings::Context {
                settings: &settings,
                by: &by,
            };
            change(tx, &mut finding, context);
            Ok::<_, access::Problem>(())
        });
        done.await.unwrap();
    }

    /// Checks that nothing is left in the folder of spooled scan reports.
    pub(crate) fn assert_nothing_spooled(&self) {
        let left = std::fs::read_dir(self.folder.path()).unwrap().count();
        assert_eq!(left, 0, "a spooled report is left behind");
    }
}

fn router(access: &Access, records: &Records, folder: &TempDir, limit: usize) -> Router {
    let limits = Limits {
        taken: limit,
        unpacked: 2 * limit,
        ..Limits::default()
    };
    let state = Import::new(records.clone(), folder.path().to_owned(), limits);
    let (router, _) = records::router::imports()
        .with_state(state)
        .merge(records::router::records().with_state(records.clone()))
        .split_for_parts();
    testkit::guarded(router, access)
}

/// A sample.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/../formats/tests/samples/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

/// A result of a generated scan report.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) rule: String,
    pub(crate) line: u32,
    pub(crate) level: &'static str,
    pub(crate) message: String,
}

/// A result of this rule.
pub(crate) fn made(rule: impl Into<String>) -> Made {
    Made {
        rule: rule.into(),
        line: 1,
        level: "warning",
        message: "It is so.".to_owned(),
    }
}

/// A run of a tool; each result is identified by its rule.
pub(crate) fn run(tool: &str, results: &[Made]) -> Value {
    let results: Vec<_> = results
        .iter()
        .map(|made| {
            serde_json::json!({
                "ruleId": made.rule,
                "level": made.level,
                "message": {"text": made.message},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": format!("src/{}.rs", made.rule)},
                    "region": {"startLine": made.line},
                }}],
                "partialFingerprints": {"print": made.rule},
            })
        })
        .collect();
    serde_json::json!({"tool": {"driver": {"name": tool}}, "results": results})
}

/// A scan report of these runs.
pub(crate) fn report(runs: &[Value]) -> String {
    serde_json::json!({"version": "2.1.0", "runs": runs}).to_string()
}

/// A scan report of one run of the tool `Saw` with a result for each rule.
pub(crate) fn simple(rules: &[&str]) -> String {
    let results: Vec<_> = rules.iter().map(|rule| made(*rule)).collect();
    report(&[run("Saw", &results)])
}
