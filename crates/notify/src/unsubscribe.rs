//! One click in a mail program turns off a cell of a person's matrix: RFC 8058.
//!
//! Owns: what happens when the link in a mail is followed. Nothing is stored for it.
//! Must not: change anything on a GET, which mail scanners follow.

use std::collections::BTreeMap;

use access::{Problem, Query, directory};
use axum::{extract::State as Extract, response::Html};
use base::{Id, Kind};
use serde::Deserialize;

use crate::{channel::Channel, http::State, links::Links, preferences};

/// The contents of the link.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LinkQuery {
    /// The recipient of the mails.
    user: Id,
    /// The event type.
    #[serde(rename = "type")]
    kind: Kind,
    /// The signature.
    key: String,
}

/// Asks whether to stop mails of this type: the page for a person who opens the link. Changes nothing.
#[utoipa::path(get, path = "/unsubscribe", tag = "preferences", security(()), params(LinkQuery), responses(
    (status = 200, description = "A confirmation page", body = String, content_type = "text/html"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
#[allow(
    clippy::unused_async,
    reason = "a handler is async; clippy says so only where no test uses it"
)]
pub async fn ask(
    Extract(state): Extract<State>,
    Query(query): Query<LinkQuery>,
) -> Result<Html<String>, Problem> {
    proven(&state, &query)?;
    Ok(page(&format!(
        "<p>Stop mails of this kind: {}</p>\n<form method=\"post\"><button>Stop these mails</button></form>",
        query.kind.about().summary
    )))
}

/// Stops mails of this type for the person in the link: RFC 8058 one-click, without a session.
#[utoipa::path(post, path = "/unsubscribe", tag = "preferences", security(()), params(LinkQuery), responses(
    (status = 200, description = "The mails are stopped", body = String, content_type = "text/html"),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn unsubscribe(
    Extract(state): Extract<State>,
    Query(query): Query<LinkQuery>,
) -> Result<Html<String>, Problem> {
    proven(&state, &query)?;
    let (user, kind) = (query.user, query.kind);
    let off = BTreeMap::from([((kind, Channel::Email), false)]);
    let written = state.access.store().write(move |tx| {
        if directory::people(tx, &[user])?.is_empty() {
            return Err(Problem::not_found());
        }
        preferences::save(tx, user, &off)?;
        Ok(())
    });
    written.await?;
    Ok(page(
        "<p>You will get no more mails of this kind. You can turn them on again in your Campanile settings; your inbox still shows all notifications.</p>",
    ))
}

/// Whether the link is ours and for a type that has a preference: otherwise 404.
fn proven(state: &State, query: &LinkQuery) -> Result<(), Problem> {
    if query.kind.about().notifies && Links::of(&state.channels).proves(query.user, query.kind, &query.key) {
        Ok(())
    } else {
        Err(Problem::not_found())
    }
}

fn page(body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Campanile</title>\n<h1>Campanile</h1>\n{body}\n</html>\n"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;
    use crate::fixture::{FakeReceiver, Fixture, fixtures, next};

    fn path(fixture: &Fixture, user: Id, kind: Kind) -> String {
        let link = Links::of(&fixture.channels).link(user, kind);
        let (_, path) = link.split_once("/api/v1").unwrap();
        path.to_owned()
    }

    // promise: R5
    #[tokio::test]
    async fn one_click_stops_mails_of_one_type_for_one_person() {
        for fixture in fixtures().await {
            let (fake, mut received) = FakeReceiver::new();
            let engine = fixture.engine(&fake);
            let link = path(&fixture, fixture.ana, Kind::FindingAssigned);
            assert_eq!(
                fixture.without_session("GET", &link).await,
                200,
                "{}",
                fixture.name
            );
            fixture.assign(&[fixture.ana], &[]).await;
            next(&mut received).await;
            assert_eq!(fixture.without_session("POST", &link).await, 200);
            let matrix = fixture.get(fixture.ana, "/me/notification-preferences").await;
            assert_eq!(matrix["finding.assigned:email"], Json::Bool(false));
            assert_eq!(matrix["finding.assigned:in_app"], Json::Bool(true));
            assert_eq!(matrix["sla.breached:email"], Json::Bool(true));
            fixture.assign(&[fixture.ana, fixture.ben], &[]).await;
            assert_eq!(next(&mut received).await.to, "ben@example.com");
            fixture.until("select count(*) from notifications", 3).await;
            engine.stop().await;
            assert!(received.try_recv().is_err(), "{}: Ana gets no mail", fixture.name);
        }
    }

    #[tokio::test]
    async fn a_link_that_is_not_ours_is_not_there() {
        for fixture in fixtures().await {
            let link = path(&fixture, fixture.ana, Kind::FindingAssigned);
            let (ana, ben) = (fixture.ana.to_string(), fixture.ben.to_string());
            let gone = path(&fixture, fixture.clock.id(), Kind::FindingAssigned);
            for foreign in [
                link.replace(&ana, &ben),
                link.replace("finding.assigned", "sla.breached"),
                link[..link.len() - 1].to_owned(),
                format!("{link}A"),
                gone,
                path(&fixture, fixture.ana, Kind::NotificationCreated),
            ] {
                assert_eq!(
                    fixture.without_session("POST", &foreign).await,
                    404,
                    "{}: {foreign}",
                    fixture.name
                );
            }
            let bare = link.split_once("&key").unwrap().0;
            assert_eq!(fixture.without_session("POST", bare).await, 422);
            let matrix = fixture.get(fixture.ana, "/me/notification-preferences").await;
            assert_eq!(matrix["finding.assigned:email"], Json::Bool(true));
        }
    }
}
