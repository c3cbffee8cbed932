//! Every call by every kind of caller.

use access::{Role, testing};
use base::Id;
use serde_json::{Value, json};

use crate::world::World;

/// Records created for each cell of the matrix, so that cells do not depend on each other.
struct Cell {
    company: Id,
    team: Id,
    member: Id,
    stranger: Id,
    nobody: Id,
}

type Call = fn(&Cell) -> (&'static str, String, Option<Value>);

/// The callers: no credentials, a member of another company, then viewer, analyst, manager, administrator.
const CALLERS: [&str; 6] = ["nobody", "outsider", "viewer", "analyst", "manager", "admin"];

const MATRIX: &[(&str, Call, [u16; 6])] = &[
    (
        "me",
        |_| ("GET", "/me".into(), None),
        [401, 200, 200, 200, 200, 200],
    ),
    (
        "tokens",
        |_| ("GET", "/tokens".into(), None),
        [401, 200, 200, 200, 200, 200],
    ),
    (
        "create a token",
        |_| ("POST", "/tokens".into(), Some(json!({"name": "ci"}))),
        [401, 201, 201, 201, 201, 201],
    ),
    (
        "another's token",
        |cell| ("DELETE", format!("/tokens/{}", cell.nobody), None),
        [401, 404, 404, 404, 404, 404],
    ),
    (
        "companies",
        |_| ("GET", "/companies".into(), None),
        [401, 200, 200, 200, 200, 200],
    ),
    (
        "create a company",
        |_| ("POST", "/companies".into(), Some(json!({"name": "New"}))),
        [401, 403, 403, 403, 403, 201],
    ),
    (
        "a company",
        |cell| ("GET", format!("/companies/{}", cell.company), None),
        [401, 404, 200, 200, 200, 200],
    ),
    (
        "rename a company",
        |cell| {
            (
                "PATCH",
                format!("/companies/{}", cell.company),
                Some(json!({"name": "X"})),
            )
        },
        [401, 404, 403, 403, 403, 200],
    ),
    (
        "hide details in a company's messages",
        |cell| {
            (
                "PATCH",
                format!("/companies/{}", cell.company),
                Some(json!({"minimal_messages": true})),
            )
        },
        [401, 404, 403, 403, 200, 200],
    ),
    (
        "rename a company and hide details",
        |cell| {
            (
                "PATCH",
                format!("/companies/{}", cell.company),
                Some(json!({"name": "X", "minimal_messages": true})),
            )
        },
        [401, 404, 403, 403, 403, 200],
    ),
    (
        "delete a company",
        |cell| ("DELETE", format!("/companies/{}", cell.company), None),
        [401, 404, 403, 403, 403, 204],
    ),
    (
        "add a member",
        |cell| {
            let path = format!("/companies/{}/members/{}", cell.company, cell.stranger);
            ("PUT", path, Some(json!({"role": "analyst"})))
        },
        [401, 404, 403, 403, 403, 200],
    ),
    (
        "add nobody as a member",
        |cell| {
            let path = format!("/companies/{}/members/{}", cell.company, cell.nobody);
            ("PUT", path, Some(json!({"role": "analyst"})))
        },
        [401, 404, 403, 403, 403, 404],
    ),
    (
        "remove a member",
        |cell| {
            (
                "DELETE",
                format!("/companies/{}/members/{}", cell.company, cell.member),
                None,
            )
        },
        [401, 404, 403, 403, 403, 204],
    ),
    (
        "users",
        |_| ("GET", "/users".into(), None),
        [401, 200, 200, 200, 200, 200],
    ),
    (
        "add a user",
        |cell| {
            let email = format!("{}@new.example", cell.company);
            (
                "POST",
                "/users".into(),
                Some(json!({"email": email, "name": "New"})),
            )
        },
        [401, 403, 403, 403, 403, 201],
    ),
    (
        "a colleague",
        |cell| ("GET", format!("/users/{}", cell.member), None),
        [401, 404, 200, 200, 200, 200],
    ),
    (
        "a user without a company",
        |cell| ("GET", format!("/users/{}", cell.stranger), None),
        [401, 404, 404, 404, 404, 200],
    ),
    (
        "rename a colleague",
        |cell| {
            (
                "PATCH",
                format!("/users/{}", cell.member),
                Some(json!({"name": "X"})),
            )
        },
        [401, 404, 403, 403, 403, 200],
    ),
    (
        "remove a colleague",
        |cell| ("DELETE", format!("/users/{}", cell.member), None),
        [401, 404, 403, 403, 403, 204],
    ),
    (
        "teams",
        |_| ("GET", "/teams".into(), None),
        [401, 200, 200, 200, 200, 200],
    ),
    (
        "add a team",
        |cell| {
            let body = json!({"company_id": cell.company, "name": "New", "member_ids": [cell.member]});
            ("POST", "/teams".into(), Some(body))
        },
        [401, 404, 403, 403, 201, 201],
    ),
    (
        "a team",
        |cell| ("GET", format!("/teams/{}", cell.team), None),
        [401, 404, 200, 200, 200, 200],
    ),
    (
        "rename a team",
        |cell| {
            (
                "PATCH",
                format!("/teams/{}", cell.team),
                Some(json!({"name": "X"})),
            )
        },
        [401, 404, 403, 403, 200, 200],
    ),
    (
        "remove a team",
        |cell| ("DELETE", format!("/teams/{}", cell.team), None),
        [401, 404, 403, 403, 204, 204],
    ),
];

#[tokio::test]
async fn permissions_match_the_matrix() {
    for world in World::each().await {
        for (what, call, expected) in MATRIX {
            for (who, expected) in CALLERS.iter().zip(expected) {
                let cell = cell(&world).await;
                let client = match *who {
                    "nobody" => world.anonymous(),
                    "admin" => world.as_admin().await,
                    "outsider" => {
                        world
                            .as_user(world.member(world.theirs, Role::Manager).await)
                            .await
                    }
                    role => {
                        let role = role.parse().unwrap();
                        world.as_user(world.member(cell.company, role).await).await
                    }
                };
                let (method, path, body) = call(&cell);
                let answer = client.send(method, &path, body.as_ref()).await;
                assert_eq!(
                    answer.status.as_u16(),
                    *expected,
                    "{}: {what} by {who}: {}",
                    world.name,
                    answer.text()
                );
                if answer.status.as_u16() >= 400 {
                    assert_eq!(answer.headers["content-type"], access::PROBLEM_CONTENT_TYPE);
                    assert_eq!(answer.json()["status"], *expected);
                }
            }
        }
    }
}

async fn cell(world: &World) -> Cell {
    let company = testing::company(&world.store, "Cell").await;
    let member = world.member(company, Role::Viewer).await;
    let stranger = testing::user(&world.store, &format!("{}@example.net", world.clock.id())).await;
    Cell {
        company,
        team: testing::team(&world.access, company, "Team", &[member]).await,
        member,
        stranger,
        nobody: world.clock.id(),
    }
}

#[tokio::test]
async fn inaccessible_records_look_like_missing_ones() {
    for world in World::each().await {
        let cell = cell(&world).await;
        let outsider = world
            .as_user(world.member(world.theirs, Role::Manager).await)
            .await;
        let missing = outsider.get(&format!("/companies/{}", cell.nobody)).await;
        let paths = [
            ("GET", format!("/companies/{}", cell.company)),
            ("GET", "/companies/no-id".to_owned()),
            ("GET", format!("/users/{}", cell.member)),
            ("GET", format!("/users/{}", cell.nobody)),
            ("GET", format!("/teams/{}", cell.team)),
            ("GET", format!("/teams/{}", cell.nobody)),
            ("GET", "/teams/%00".to_owned()),
            ("GET", "/teams/%ff".to_owned()),
            ("DELETE", format!("/companies/{}", cell.company)),
            ("DELETE", format!("/companies/{}", cell.nobody)),
            ("DELETE", format!("/users/{}", cell.member)),
            ("DELETE", format!("/users/{}", cell.nobody)),
            ("DELETE", format!("/teams/{}", cell.team)),
            ("DELETE", format!("/teams/{}", cell.nobody)),
            (
                "DELETE",
                format!("/companies/{}/members/{}", cell.company, cell.member),
            ),
            (
                "DELETE",
                format!("/companies/{}/members/{}", cell.nobody, cell.nobody),
            ),
            ("DELETE", format!("/tokens/{}", cell.nobody)),
        ];
        for (method, path) in paths {
            let answer = outsider.send(method, &path, None).await;
            assert_eq!(answer.status, 404, "{method} {path}");
            assert_eq!(answer.bytes, missing.bytes, "{method} {path}");
            assert_eq!(answer.headers, missing.headers, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn lists_contain_only_accessible_records() {
    for world in World::each().await {
        let ours = cell(&world).await;
        let theirs = cell(&world).await;
        let viewer = world.member(ours.company, Role::Viewer).await;
        let client = world.as_user(viewer).await;
        assert_eq!(client.get("/companies").await.ids(), [ours.company.to_string()]);
        assert_eq!(client.get("/teams").await.ids(), [ours.team.to_string()]);
        let expected = [ours.member.to_string(), viewer.to_string()];
        assert_eq!(client.get("/users").await.ids(), expected);
        assert_eq!(
            client
                .get(&format!("/users?company_id={}", ours.company))
                .await
                .ids(),
            expected
        );
        // A filter by another user's company finds nothing, like one by an unknown company.
        for company in [theirs.company, ours.nobody] {
            assert!(
                client
                    .get(&format!("/teams?company_id={company}"))
                    .await
                    .ids()
                    .is_empty()
            );
            assert!(
                client
                    .get(&format!("/users?company_id={company}"))
                    .await
                    .ids()
                    .is_empty()
            );
        }
        // A user without a company sees only themselves.
        let alone = world.as_user(ours.stranger).await;
        assert!(alone.get("/companies").await.ids().is_empty());
        assert_eq!(alone.get("/users").await.ids(), [ours.stranger.to_string()]);
        let me = alone.get("/me").await.json();
        assert_eq!((&me["is_admin"], &me["companies"]), (&json!(false), &json!([])));
        let me = client.get("/me").await.json();
        assert_eq!(
            me["companies"],
            json!([{"id": ours.company, "name": "Cell", "role": "viewer"}])
        );
    }
}

#[tokio::test]
async fn pages_contain_every_row_once() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        for n in 0..7 {
            testing::company(&world.store, &format!("Company {n}")).await;
        }
        let mut seen = Vec::new();
        let mut path = "/companies?limit=2".to_owned();
        loop {
            let page = admin.get(&path).await;
            seen.extend(page.ids());
            match page.json()["next_cursor"].as_str() {
                Some(cursor) => path = format!("/companies?limit=2&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 9);
        assert!(seen.is_sorted());
        for bad in [
            "limit=0",
            "limit=201",
            "limit=x",
            "limit=-1",
            "cursor=x",
            "cursor=%00",
            "company_id=x",
        ] {
            for list in ["companies", "users", "teams", "tokens"] {
                if bad.starts_with("company_id") && !matches!(list, "users" | "teams") {
                    continue;
                }
                let answer = admin.get(&format!("/{list}?{bad}")).await;
                assert_eq!(answer.status, 422, "{list} {bad}: {}", answer.text());
            }
        }
        // A parameter without a value counts as omitted.
        for list in ["companies", "users", "teams", "tokens", "audit"] {
            let answer = admin
                .get(&format!("/{list}?limit=&cursor=&company_id=&text&"))
                .await;
            assert_eq!(answer.status, 200, "{list}: {}", answer.text());
        }
    }
}
