//! Who may do what, and what stays hidden.

use serde_json::{Value, json};

use crate::world::{Person, World};

/// A request for a record and the lowest role that may make it.
struct Call {
    method: &'static str,
    path: String,
    body: Option<Value>,
    least: usize,
}

const VIEWER: usize = 0;
const ANALYST: usize = 1;
const MANAGER: usize = 2;

fn call(method: &'static str, path: impl Into<String>, body: impl Into<Option<Value>>, least: usize) -> Call {
    Call {
        method,
        path: path.into(),
        body: body.into(),
        least,
    }
}

/// Every request for one record, with bodies that change nothing if possible.
fn calls(finding: &str, scan: &str, project: &str) -> Vec<Call> {
    vec![
        call("GET", finding, None, VIEWER),
        call("GET", format!("{finding}/history"), None, VIEWER),
        call("PATCH", finding, json!({}), ANALYST),
        call(
            "POST",
            format!("{finding}/assignees"),
            json!({"user_ids": []}),
            ANALYST,
        ),
        call(
            "POST",
            format!("{finding}/status"),
            json!({"status": "in_progress"}),
            ANALYST,
        ),
        call("GET", scan, None, VIEWER),
        call("PATCH", scan, json!({"status": "completed"}), ANALYST),
        call("GET", project, None, VIEWER),
        call("PATCH", project, json!({"name": "Another"}), MANAGER),
        call("DELETE", finding, None, MANAGER),
        call("DELETE", scan, None, MANAGER),
        call("DELETE", project, None, MANAGER),
    ]
}

async fn records(world: &World) -> [String; 3] {
    let finding = world.finding(json!({})).await;
    let body = json!({"company_id": world.ours, "name": "Nightly"});
    let scan = world.post(&world.analyst, "/scans", body).await.expect(201);
    let project = world.project(world.ours, "Web").await;
    [
        finding,
        format!("/scans/{}", scan["id"].as_str().unwrap()),
        format!("/projects/{project}"),
    ]
}

async fn ask(world: &World, by: &Person, call: &Call) -> testkit::Answer {
    world.send(by, call.method, &call.path, call.body.as_ref()).await
}

#[tokio::test]
async fn a_role_includes_the_lower_ones() {
    for world in World::all().await {
        let [finding, scan, project] = records(&world).await;
        world.events().await;
        for call in calls(&finding, &scan, &project) {
            let people = [&world.viewer, &world.analyst, &world.manager];
            for by in &people[..call.least] {
                ask(&world, by, &call).await.problem(403);
                assert_eq!(world.kinds().await, [""; 0], "{} {}", call.method, call.path);
            }
            let answer = ask(&world, people[call.least], &call).await;
            assert!(answer.status.is_success(), "{}: {}", answer.asked, answer.text());
            world.events().await;
        }
    }
}

#[tokio::test]
async fn records_of_another_company_are_not_found_byte_for_byte() {
    for world in World::all().await {
        let [finding, scan, project] = records(&world).await;
        let nowhere = world.clock.id();
        let gone = calls(
            &format!("/findings/{nowhere}"),
            &format!("/scans/{nowhere}"),
            &format!("/projects/{nowhere}"),
        );
        world.events().await;
        for (call, gone) in calls(&finding, &scan, &project).iter().zip(&gone) {
            let theirs = ask(&world, &world.stranger, call).await;
            let never = ask(&world, &world.stranger, gone).await;
            theirs.problem(404);
            assert_eq!(
                (theirs.status, theirs.media(), &theirs.bytes),
                (never.status, never.media(), &never.bytes)
            );
            // An invalid id gets the same response.
            let odd = gone.path.replace(&nowhere.to_string(), "%27%20or%201");
            let odd = world
                .send(&world.stranger, call.method, &odd, call.body.as_ref())
                .await;
            assert_eq!((odd.status, &odd.bytes), (never.status, &never.bytes));
        }
        assert_eq!(world.kinds().await, [""; 0]);
        for path in ["/findings", "/scans", "/projects"] {
            assert_eq!(world.get(&world.stranger, path).await.ids(), [""; 0]);
            let ours = format!("{path}?company_id={}", world.ours);
            assert_eq!(world.get(&world.stranger, &ours).await.ids(), [""; 0]);
            assert_eq!(world.get(&world.admin, &ours).await.ids().len(), 1);
        }
    }
}

#[tokio::test]
async fn nothing_is_created_in_a_company_without_the_role() {
    for world in World::all().await {
        world.events().await;
        for (path, body, least) in [
            ("/findings", json!({"title": "x", "severity": "low"}), ANALYST),
            ("/scans", json!({"name": "x"}), ANALYST),
            ("/projects", json!({"name": "x"}), MANAGER),
        ] {
            let in_company = |company: base::Id| {
                let mut body = body.clone();
                body["company_id"] = json!(company);
                body
            };
            let people = [&world.viewer, &world.analyst, &world.manager];
            for by in &people[..least] {
                world.post(by, path, in_company(world.ours)).await.problem(403);
            }
            let theirs = world.post(&world.manager, path, in_company(world.theirs)).await;
            let never = world
                .post(&world.manager, path, in_company(world.clock.id()))
                .await;
            theirs.problem(404);
            assert_eq!(theirs.bytes, never.bytes);
            // An administrator finds every company that exists, but no other.
            let nowhere = in_company(world.clock.id());
            world.post(&world.admin, path, nowhere).await.problem(404);
            assert_eq!(world.kinds().await, [""; 0]);
            world
                .post(&world.admin, path, in_company(world.theirs))
                .await
                .expect(201);
            world.events().await;
        }
    }
}

#[tokio::test]
async fn a_project_of_another_company_is_rejected_for_findings_and_scans() {
    for world in World::all().await {
        let [finding, scan, project] = records(&world).await;
        let theirs = world.project(world.theirs, "Shop").await;
        let nowhere = world.clock.id();
        world.events().await;
        let finding_body = json!({"company_id": world.ours, "title": "x", "severity": "low"});
        let scan_body = json!({"company_id": world.ours, "name": "x"});
        let mut answers = Vec::new();
        for id in [theirs, nowhere] {
            let with = |mut body: Value| {
                body["project_id"] = json!(id);
                body
            };
            answers.push([
                world
                    .post(&world.analyst, "/findings", with(finding_body.clone()))
                    .await,
                world.patch(&world.analyst, &finding, with(json!({}))).await,
                world
                    .post(&world.analyst, "/scans", with(scan_body.clone()))
                    .await,
                world.patch(&world.analyst, &scan, with(json!({}))).await,
                world
                    .post(&world.admin, "/findings", with(finding_body.clone()))
                    .await,
                world.patch(&world.admin, &finding, with(json!({}))).await,
            ]);
        }
        for (one, other) in answers[0].iter().zip(&answers[1]) {
            assert_eq!(one.fields(), ["project_id"]);
            assert_eq!(one.bytes, other.bytes);
        }
        assert_eq!(world.kinds().await, [""; 0]);
        let id = project.strip_prefix("/projects/").unwrap();
        for path in [&finding, &scan] {
            let body = json!({"project_id": id});
            let view = world.patch(&world.analyst, path, body).await.expect(200);
            assert_eq!(view["project_name"], "Web");
        }
        // The project is no longer empty.
        world.delete(&world.manager, &project).await.problem(409);
        for path in [&finding, &scan] {
            let body = json!({"project_id": null});
            let view = world.patch(&world.analyst, path, body).await.expect(200);
            assert_eq!(view["project_id"], Value::Null);
        }
        assert_eq!(
            world.delete(&world.manager, &project).await.expect(204),
            Value::Null
        );
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_accessible() {
    for world in World::all().await {
        let [finding, scan, project] = records(&world).await;
        let nobody = Person::nobody();
        for call in calls(&finding, &scan, &project) {
            ask(&world, &nobody, &call).await.problem(401);
        }
        for path in ["/findings", "/scans", "/projects"] {
            world.get(&nobody, path).await.problem(401);
        }
    }
}
