//! Lists: filters and texts.

use serde_json::{Value, json};

use crate::world::{Person, World};

pub(crate) const SEVERITIES: [&str; 6] = ["informational", "low", "medium", "high", "critical", "urgent"];

/// All ids of a list, page by page.
pub(crate) async fn pages(world: &World, by: &Person, path: &str, limit: usize) -> Vec<String> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = world
            .get(by, &format!("{path}{separator}limit={limit}{cursor}"))
            .await;
        let page = answer.ids();
        let next = answer.expect(200)["next_cursor"].clone();
        assert!(
            page.len() == limit || (next.is_null() && page.len() < limit),
            "{}",
            answer.asked
        );
        ids.extend(page);
        assert!(ids.len() < 1_000, "{} never ends", answer.asked);
        match next {
            Value::Null => return ids,
            next => cursor = format!("&cursor={}", next.as_str().unwrap()),
        }
    }
}

/// A finding that a test remembers.
pub(crate) struct Known {
    pub(crate) id: String,
    pub(crate) status: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) mine: bool,
    pub(crate) ours: bool,
    pub(crate) project: bool,
    pub(crate) title: String,
}

/// 60 findings, every fifth in the other company.
pub(crate) async fn known(world: &World) -> Vec<Known> {
    let project = world.project(world.ours, "Web").await;
    let mut all = Vec::new();
    for n in 0..60_usize {
        let known = Known {
            id: String::new(),
            status: ["open", "in_progress", "duplicate"][n % 3],
            severity: SEVERITIES[n % 6],
            mine: n % 4 == 0 && n % 5 != 0,
            ours: n % 5 != 0,
            project: n % 7 == 0 && n % 5 != 0,
            title: format!("Ünique {}% of _{}_", n % 2 * 50, ["XSS", "csrf"][n / 2 % 2]),
        };
        let company = if known.ours { world.ours } else { world.theirs };
        let users = if known.mine {
            vec![world.viewer.id, world.analyst.id]
        } else {
            vec![]
        };
        let body = json!({"company_id": company, "title": known.title, "severity": known.severity,
            "assignee_user_ids": users, "project_id": known.project.then_some(project)});
        let made = world.post(&world.admin, "/findings", body).await.expect(201);
        let id = made["id"].as_str().unwrap().to_owned();
        if known.status != "open" {
            let body = json!({"status": known.status, "comment": "As it is."});
            world
                .post(&world.admin, &format!("/findings/{id}/status"), body)
                .await
                .expect(200);
        }
        all.push(Known { id, ..known });
        world
            .clock
            .advance(std::time::Duration::from_secs(u64::from(n % 3 == 0)));
    }
    all
}

pub(crate) fn wanted(known: &[Known], fits: impl Fn(&Known) -> bool) -> Vec<String> {
    known
        .iter()
        .rev()
        .filter(|one| fits(one))
        .map(|one| one.id.clone())
        .collect()
}

#[tokio::test]
async fn filters_return_only_matches() {
    for world in World::all().await {
        let all = known(&world).await;
        let project = world.get(&world.viewer, "/projects").await.ids().remove(0);
        let (ours, theirs) = (world.ours, world.theirs);
        let me = world.viewer.id;
        let list = async |by: &Person, query: &str| {
            let one = world.get(by, &format!("/findings?limit=200&{query}")).await.ids();
            assert_eq!(
                pages(&world, by, &format!("/findings?{query}"), 7).await,
                one,
                "{query}"
            );
            one
        };
        let viewer = &world.viewer;
        assert_eq!(list(viewer, "").await, wanted(&all, |one| one.ours));
        assert_eq!(list(&world.admin, "").await, wanted(&all, |_| true));
        assert_eq!(list(&world.stranger, "").await, wanted(&all, |one| !one.ours));
        let query = format!("company_id={ours}");
        assert_eq!(list(&world.admin, &query).await, wanted(&all, |one| one.ours));
        assert_eq!(list(viewer, &format!("company_id={theirs}")).await, [""; 0]);
        assert_eq!(
            list(viewer, "status=open,%20duplicate").await,
            wanted(&all, |one| one.ours && one.status != "in_progress")
        );
        assert_eq!(
            list(viewer, "status=open&severity=low,high").await,
            wanted(&all, |one| one.ours
                && one.status == "open"
                && ["low", "high"].contains(&one.severity))
        );
        assert_eq!(list(viewer, "assignee=me").await, wanted(&all, |one| one.mine));
        assert_eq!(
            list(viewer, "assignee=none").await,
            wanted(&all, |one| one.ours && !one.mine)
        );
        assert_eq!(list(&world.admin, "assignee=me").await, [""; 0]);
        assert_eq!(
            list(&world.admin, &format!("assignee={me}")).await,
            wanted(&all, |one| one.mine)
        );
        assert_eq!(list(&world.stranger, &format!("assignee={me}")).await, [""; 0]);
        let query = format!("project_id={project}");
        assert_eq!(list(viewer, &query).await, wanted(&all, |one| one.project));
        assert_eq!(list(viewer, &format!("scan_id={me}")).await, [""; 0]);
        let everything =
            format!("{query}&company_id={ours}&status=open&severity=medium,urgent&assignee=me&text=xss");
        let fits = |one: &Known| {
            one.project
                && one.mine
                && one.status == "open"
                && ["medium", "urgent"].contains(&one.severity)
                && one.title.contains("XSS")
        };
        assert_eq!(list(viewer, &everything).await, wanted(&all, fits));
    }
}

#[tokio::test]
async fn a_text_is_found_in_any_case_and_taken_literally() {
    for world in World::all().await {
        let all = known(&world).await;
        let odd = world
            .finding(json!({"title": "Straße", "location": "SRC/Main.rs:7", "cwe": "CWE-79", "description": "In the DEPTHS"}))
            .await;
        let odd = odd.strip_prefix("/findings/").unwrap();
        let find = async |text: &str| {
            world
                .get(&world.viewer, &format!("/findings?limit=200&text={text}"))
                .await
                .ids()
        };
        for text in ["xss", "XSS", "_xss_", "+XsS"] {
            assert_eq!(
                find(text).await,
                wanted(&all, |one| one.ours && one.title.contains("XSS")),
                "{text}"
            );
        }
        let ours = wanted(&all, |one| one.ours);
        for text in ["%C3%BCnique", "%C3%9CNIQUE"] {
            assert_eq!(find(text).await, ours, "{text}");
        }
        // Nothing is a wildcard.
        assert_eq!(
            find("50%25").await,
            wanted(&all, |one| one.ours && one.title.contains("50%"))
        );
        for text in ["x_s", "%25XSS", "U%25", "!", "%5C_"] {
            assert_eq!(find(text).await, [""; 0], "{text}");
        }
        for text in ["STRASSE", "stra%C3%9Fe", "src/main.rs", "cwe-79", "depths"] {
            let expected: &[&str] = if text == "STRASSE" { &[] } else { &[odd] };
            assert_eq!(find(text).await, expected, "{text}");
        }
        // A changed record is found only by its new words.
        let path = format!("/findings/{odd}");
        world
            .patch(&world.analyst, &path, json!({"title": "Weg"}))
            .await
            .expect(200);
        assert_eq!(find("stra%C3%9Fe").await, [""; 0]);
        assert_eq!(find("WEG").await, [odd]);
    }
}

#[tokio::test]
async fn projects_and_scans_are_listed_like_findings() {
    for world in World::all().await {
        let (mut projects, mut scans) = (Vec::new(), Vec::new());
        for n in 0..30_usize {
            let company = if n % 5 == 0 { world.theirs } else { world.ours };
            let body = json!({"company_id": company, "name": format!("Äpp {n}"), "description": "50%",
                "status": (["planned", "active", "completed"][n % 3])});
            let project = world.post(&world.admin, "/projects", body).await.expect(201)["id"].clone();
            let body = json!({"company_id": company, "name": format!("Scän {n}"), "tool": "Saw_1",
                "status": (["running", "completed", "failed"][n % 3]), "project_id": project});
            let scan = world.post(&world.admin, "/scans", body).await.expect(201)["id"].clone();
            projects.push((n, testkit::text(&project)));
            scans.push((n, testkit::text(&scan)));
        }
        for (list, all, word, text) in [
            ("/projects", &projects, "active", "%C3%84PP 2"),
            ("/scans", &scans, "completed", "SC%C3%84N 2"),
        ] {
            let ids = |fits: &dyn Fn(usize) -> bool| -> Vec<String> {
                let fits = all.iter().rev().filter(|(n, _)| fits(*n));
                fits.map(|(_, id)| id.clone()).collect()
            };
            let get = async |query: &str| pages(&world, &world.viewer, &format!("{list}?{query}"), 4).await;
            let ours = ids(&|n| n % 5 != 0);
            assert_eq!(get("").await, ours);
            assert_eq!(pages(&world, &world.admin, list, 7).await, ids(&|_| true));
            assert_eq!(get(&format!("company_id={}", world.theirs)).await, [""; 0]);
            assert_eq!(
                get(&format!("status={word}")).await,
                ids(&|n| n % 5 != 0 && n % 3 == 1)
            );
            let text = text.replace(' ', "%20");
            let named = ids(&|n| n % 5 != 0 && n.to_string().starts_with('2'));
            assert_eq!(get(&format!("text={text}")).await, named);
            assert_eq!(get("text=_").await, if list == "/scans" { ours } else { vec![] });
        }
        let (n, project) = &projects[7];
        let query = format!("/scans?project_id={project}");
        assert_eq!(
            world.get(&world.viewer, &query).await.ids(),
            [scans[*n].1.clone()]
        );
    }
}
