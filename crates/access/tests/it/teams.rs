//! Teams: their members, and what is deleted with a company.

use access::{Role, testing};
use serde_json::{Value, json};
use store::Error;

use crate::world::World;

#[tokio::test]
async fn team_members_are_company_members() {
    for world in World::each().await {
        let ours = world.member(world.ours, Role::Viewer).await;
        let theirs = world.member(world.theirs, Role::Viewer).await;
        let client = world.as_user(world.member(world.ours, Role::Manager).await).await;
        let nobody = world.clock.id();
        let team = async |members: Value| {
            client
                .post(
                    "/teams",
                    json!({"company_id": world.ours, "name": "Red", "member_ids": members}),
                )
                .await
        };
        let refused = team(json!([ours, theirs, nobody])).await;
        assert_eq!(refused.status, 422);
        assert_eq!(
            refused.json()["errors"],
            json!([
                {"field": "member_ids[1]", "detail": "must be a member of the company"},
                {"field": "member_ids[2]", "detail": "must be a member of the company"},
            ])
        );
        let made = team(json!([ours, ours])).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.json();
        assert_eq!(made["members"].as_array().unwrap().len(), 1, "each once");
        assert_eq!(team(json!([])).await.status, 409, "a name once per company");
        let path = format!("/teams/{}", made["id"].as_str().unwrap());
        let admin = world.as_admin().await;
        let left = admin
            .delete(&format!("/companies/{}/members/{ours}", world.ours))
            .await;
        assert_eq!(left.status, 204);
        assert_eq!(
            client.get(&path).await.json()["members"],
            json!([]),
            "former members leave the teams"
        );
    }
}

#[tokio::test]
async fn a_company_is_deleted_with_its_teams_unless_it_has_records() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Manager).await;
        testing::team(&world.access, world.ours, "Red", &[user]).await;
        let admin = world.as_admin().await;
        // Like a table of another crate.
        world
            .store
            .write(|tx| {
                let sql = "create table records (id text not null primary key, company_id text not null \
                     references companies (id), user_id text not null references users (id))";
                tx.execute(sql, &[])
            })
            .await
            .unwrap();
        let (ours, theirs) = (world.ours, world.theirs);
        let kept = async |company: base::Id| {
            world
                .store
                .write(move |tx| {
                    let sql = "insert into records (id, company_id, user_id) values ('1', $1, $2)";
                    tx.execute(sql, store::params![company, user])
                })
                .await
                .unwrap();
        };
        kept(theirs).await;
        let refused = admin.delete(&format!("/companies/{theirs}")).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()["title"].as_str()),
            (409, Some("Conflict"))
        );
        assert_eq!(admin.delete(&format!("/users/{user}")).await.status, 409);
        assert_eq!(
            world.as_user(user).await.get("/me").await.status,
            200,
            "nothing changed"
        );
        assert_eq!(admin.delete(&format!("/companies/{ours}")).await.status, 204);
        assert!(admin.get("/teams").await.ids().is_empty());
        let left = world
            .store
            .read(|tx| tx.one::<(i64,)>("select count(*) from memberships", &[]))
            .await;
        assert_eq!(left, Ok::<_, Error>(Some((0,))));
    }
}
