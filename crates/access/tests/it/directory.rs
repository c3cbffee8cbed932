//! Who is who, for those who send messages.

use access::{Role, Secret, Vault, directory, testing};
use base::Scope;

use crate::world::World;

// promise: F6
#[tokio::test]
async fn a_person_comes_with_their_scope() {
    for world in World::each().await {
        let both = world.member(world.ours, Role::Viewer).await;
        testing::member(&world.store, world.theirs, both, Role::Manager).await;
        let none = testing::user(&world.store, "Nobody@example.org").await;
        testing::disable(&world.store, none).await;
        let (ours, theirs, admin, missing) = (world.ours, world.theirs, world.admin, world.clock.id());
        let people = world
            .store
            .read(move |tx| directory::people(tx, &[none, admin, both, missing, both]))
            .await
            .unwrap();
        let seen: Vec<_> = people
            .iter()
            .map(|person| (person.id, person.scope.clone(), person.active))
            .collect();
        assert_eq!(
            seen,
            [
                (admin, Scope::All, true),
                (both, Scope::of([ours, theirs]), true),
                (none, Scope::of([]), false)
            ]
        );
        let (by_email, managers, members, administrators) = world
            .store
            .read(move |tx| {
                let emails = [" NOBODY@example.org".to_owned(), "x@example.org".to_owned()];
                Ok::<_, store::Error>((
                    directory::people_by_email(tx, &emails)?,
                    directory::members(tx, ours, Role::Manager)?,
                    directory::members(tx, theirs, Role::Analyst)?,
                    directory::administrators(tx)?,
                ))
            })
            .await
            .unwrap();
        assert_eq!(
            by_email.iter().map(|person| person.id).collect::<Vec<_>>(),
            [none]
        );
        assert_eq!((managers.len(), members.len()), (0, 1));
        assert_eq!(administrators, [admin]);
    }
}

#[tokio::test]
async fn an_address_opens_with_the_right_key_for_its_own_team() {
    let url = "https://hooks.slack.com/services/T/B/x";
    for world in World::each().await {
        let user = world.member(world.ours, Role::Viewer).await;
        let team = testing::team(&world.access, world.ours, "Red", &[user], [Some(url), None]).await;
        let other = testing::team(&world.access, world.ours, "Blue", &[], [None, None]).await;
        let (vault, ours) = (world.access.vault().clone(), world.ours);
        let wrong = Vault::new("another key", &world.clock);
        let (right, broken, names, members, company) = world
            .store
            .read(move |tx| {
                Ok::<_, store::Error>((
                    directory::teams(tx, &vault, &[team])?,
                    directory::teams(tx, &wrong, &[team])?,
                    directory::team_names(tx, &[team, other])?,
                    directory::team_members(tx, team)?,
                    directory::company_name(tx, ours)?,
                ))
            })
            .await
            .unwrap();
        assert_eq!(right[0].slack_url, Some(Secret::new(url)));
        assert!(!right[0].broken && right[0].teams_url.is_none());
        assert!(broken[0].broken && broken[0].slack_url.is_none());
        assert!(
            !format!("{right:?}").contains("hooks.slack.com"),
            "not even for a log"
        );
        assert_eq!(
            (names.len(), members, company.as_deref()),
            (2, vec![user], Some("Ours"))
        );
        // Moved to another team's row it does not open.
        let move_it =
            "update teams set slack_sealed = (select slack_sealed from teams where id = $1) where id = $2";
        world
            .store
            .write(move |tx| tx.execute(move_it, store::params![team, other]))
            .await
            .unwrap();
        let vault = world.access.vault().clone();
        let moved = world
            .store
            .read(move |tx| directory::teams(tx, &vault, &[other]))
            .await
            .unwrap();
        assert!(moved[0].broken && moved[0].slack_url.is_none());
    }
}
