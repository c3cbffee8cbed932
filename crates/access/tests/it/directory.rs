//! The directory, for code that sends messages.

use access::{Role, directory, testing};
use base::Scope;

use crate::world::World;

// promise: F6
#[tokio::test]
async fn a_user_is_returned_with_their_scope() {
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
async fn teams_and_companies_are_found_by_name() {
    for world in World::each().await {
        let user = world.member(world.ours, Role::Viewer).await;
        let team = testing::team(&world.access, world.ours, "Red", &[user]).await;
        let other = testing::team(&world.access, world.ours, "Blue", &[]).await;
        let ours = world.ours;
        let (names, members, company) = world
            .store
            .read(move |tx| {
                Ok::<_, store::Error>((
                    directory::team_names(tx, &[team, other])?,
                    directory::team_members(tx, team)?,
                    directory::company_name(tx, ours)?,
                ))
            })
            .await
            .unwrap();
        assert_eq!(
            (names.len(), members, company.as_deref()),
            (2, vec![user], Some("Ours"))
        );
    }
}
