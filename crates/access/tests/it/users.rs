//! Users: what they may change about themselves, and that an administrator remains.

use access::{Role, testing};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn an_address_is_unique_in_every_spelling() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let add = async |email: &str| {
            admin
                .post("/users", json!({"email": email, "name": "X"}))
                .await
                .status
                .as_u16()
        };
        assert_eq!(add("Grace@Example.org").await, 201);
        assert_eq!(add(" grace@example.ORG ").await, 409);
        assert_eq!(add("grace@example.net").await, 201);
        for bad in ["", "x", "a\0@b", "a@b\n", "a b@c", "ä@example.org"] {
            // A line end at the end is trimmed away.
            let expected = if bad == "a@b\n" { 201 } else { 422 };
            assert_eq!(add(bad).await, expected, "{bad:?}");
        }
        let other = testing::user(&world.store, "other@example.org").await;
        let path = format!("/users/{other}");
        let answer = admin.patch(&path, json!({"email": "GRACE@example.org"})).await;
        assert_eq!(answer.status, 409);
        assert_eq!(
            admin
                .patch(&path, json!({"email": "OTHER@example.org"}))
                .await
                .status,
            200,
            "one's own"
        );
    }
}

#[tokio::test]
async fn a_user_changes_only_their_name() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Manager).await;
        let path = format!("/users/{user}");
        let client = world.as_user(user).await;
        let named = client.patch(&path, json!({"name": " New Name "})).await;
        assert_eq!(named.json()["name"], "New Name");
        for refused in [
            json!({"is_admin": true}),
            json!({"disabled": false}),
            json!({"email": "x@example.org"}),
            json!({"name": "X", "is_admin": true}),
        ] {
            assert_eq!(client.patch(&path, refused).await.status, 403);
        }
        assert_eq!(client.delete(&path).await.status, 403);
        assert_eq!(
            named.json()["name"],
            client.get("/me").await.json()["user"]["name"]
        );
    }
}

// issue 18, line 4
#[tokio::test]
async fn the_own_password_is_not_changed_without_the_current_one() {
    for world in World::each().await {
        let new = json!({"password": "quite another password"});
        let user = world.member(world.ours, Role::Manager).await;
        for own in [user, world.admin] {
            let path = format!("/users/{own}");
            let (client, elsewhere) = (world.as_user(own).await, world.as_user(own).await);
            let refused = client.patch(&path, new.clone()).await;
            assert_eq!(refused.status, 422, "{}: {}", world.name, refused.text());
            let error = &refused.json()["errors"][0];
            assert_eq!(error["field"], "password");
            assert!(
                error["detail"].as_str().unwrap().contains("/me/password"),
                "{error}"
            );
            assert_eq!(elsewhere.get("/me").await.status, 200, "nothing ended");
            let email = client.get("/me").await.json()["user"]["email"].clone();
            let login = json!({"email": email, "password": "quite another password"});
            let login = world.anonymous().post("/auth/login", login).await;
            assert_eq!(login.status, 401, "{}", world.name);
        }
        // Nobody else's, except by an administrator.
        let other = world.member(world.ours, Role::Viewer).await;
        let path = format!("/users/{other}");
        assert_eq!(
            world.as_user(user).await.patch(&path, new.clone()).await.status,
            403
        );
        assert_eq!(world.as_admin().await.patch(&path, new).await.status, 200);
    }
}

#[tokio::test]
async fn the_last_active_administrator_stays() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        let path = format!("/users/{}", world.admin);
        let disabled = testing::admin(&world.store, "off@example.org").await;
        testing::disable(&world.store, disabled).await;
        for change in [json!({"is_admin": false}), json!({"disabled": true})] {
            let refused = admin.patch(&path, change).await;
            assert_eq!(refused.status, 409, "{}", refused.text());
        }
        assert_eq!(admin.delete(&path).await.status, 409);
        assert_eq!(admin.get("/me").await.status, 200, "nothing ended");
        let second = testing::admin(&world.store, "second@example.org").await;
        assert_eq!(admin.patch(&path, json!({"is_admin": false})).await.status, 200);
        let second = world.as_user(second).await;
        assert_eq!(second.delete(&path).await.status, 204);
        assert_eq!(second.delete(&format!("/users/{disabled}")).await.status, 204);
    }
}

#[tokio::test]
async fn of_two_administrators_who_delete_each_other_one_remains() {
    for world in World::each().await {
        for round in 0..10 {
            let second = testing::admin(&world.store, &format!("{round}@example.org")).await;
            let (one, two) = (world.as_admin().await, world.as_user(second).await);
            let (first_path, second_path) = (format!("/users/{}", world.admin), format!("/users/{second}"));
            let (second_gone, first_gone) = tokio::join!(
                one.patch(&second_path, json!({"is_admin": false})),
                two.patch(&first_path, json!({"disabled": true})),
            );
            let statuses = [second_gone.status.as_u16(), first_gone.status.as_u16()];
            let changed = statuses.iter().filter(|status| **status == 200).count();
            assert_eq!(changed, 1, "{}: {statuses:?}", world.name);
            // Restore the initial state.
            if first_gone.status == 200 {
                assert_eq!(
                    two.patch(&first_path, json!({"disabled": false})).await.status,
                    200
                );
                assert_eq!(
                    two.patch(&second_path, json!({"is_admin": false})).await.status,
                    200
                );
            }
        }
    }
}

#[tokio::test]
async fn a_deleted_user_is_removed_everywhere() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Manager).await;
        testing::team(&world.access, world.ours, "Team", &[user]).await;
        let token = testing::token(&world.access, user).await;
        let admin = world.as_admin().await;
        assert_eq!(admin.delete(&format!("/users/{user}")).await.status, 204);
        assert_eq!(world.bearer(&token).get("/me").await.status, 401);
        let company = admin.get(&format!("/companies/{}", world.ours)).await.json();
        assert_eq!(company["members"], json!([]));
        assert_eq!(admin.get("/teams").await.json()["items"][0]["members"], json!([]));
        assert_eq!(admin.get(&format!("/users/{user}")).await.status, 404);
    }
}

#[tokio::test]
async fn users_and_companies_are_found_by_name() {
    for world in World::each().await {
        let admin = world.as_admin().await;
        for (email, name) in [
            ("zoe@example.org", "Zoë Ärger"),
            ("max@other.test", "Max"),
            ("x@ZOE.test", "X"),
            ("grace@other.example", "Grace 100%"),
            ("ada@other.example", "Ada 100x"),
        ] {
            admin.post("/users", json!({"email": email, "name": name})).await;
        }
        let found = async |path: &str| {
            let page = admin.get(path).await.json();
            let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
            let names: Vec<_> = items
                .iter()
                .map(|item| item["name"].as_str().unwrap().to_owned())
                .collect();
            names.join(", ")
        };
        assert_eq!(found("/users?text=zoe").await, "Zoë Ärger, X", "{}", world.name);
        assert_eq!(found("/users?text=%C3%A4RG").await, "Zoë Ärger");
        assert_eq!(found("/users?text=OTHER.test").await, "Max");
        assert_eq!(
            found("/users?text=100%25").await,
            "Grace 100%",
            "a percent sign is literal"
        );
        assert_eq!(found("/users?text=nobody").await, "");
        assert_eq!(found("/companies?text=HEIR").await, "Theirs");
        assert_eq!(found("/companies?text=zzz").await, "");
        let first = admin.get("/users?text=zoe&limit=1").await.json();
        let cursor = first["next_cursor"].as_str().unwrap();
        assert_eq!(
            found(&format!("/users?text=zoe&limit=1&cursor={cursor}")).await,
            "X"
        );
        // Users without access are not found.
        let viewer = world.as_user(world.member(world.ours, Role::Viewer).await).await;
        assert!(viewer.get("/users?text=zoe").await.ids().is_empty());
        assert!(viewer.get("/companies?text=Theirs").await.ids().is_empty());
        assert_eq!(viewer.get("/companies?text=our").await.ids().len(), 1);
        assert_eq!(
            viewer.get("/companies?text=").await.ids(),
            [world.ours.to_string()],
            "an empty search is not a filter"
        );
        for list in ["users", "companies"] {
            let long = format!("/{list}?text={}", "x".repeat(201));
            assert_eq!(viewer.get(&long).await.status, 422);
        }
    }
}
