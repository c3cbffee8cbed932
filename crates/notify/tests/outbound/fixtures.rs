//! What the channels make of the hostile titles, written for parsers in other languages: `tests/foreign`.

use std::{fs, path::PathBuf};

use base::{Clock, Time};
use notify::{
    channels::{
        Channel, Outcome, slack, teams,
        webhook::{Format, Signing},
    },
    testing::{Answering, Request},
};
use serde_json::{Map, Value, json};

use crate::{
    hostile::{mail, titles},
    world::{WEBHOOK, World, message},
};

/// Writes nothing and passes unless `CAMPANILE_FIXTURES` names a folder.
#[tokio::test]
async fn are_written_for_foreign_parsers() {
    let Some(folder) = std::env::var_os("CAMPANILE_FIXTURES").map(PathBuf::from) else {
        return;
    };
    let mut world = World::new();
    // Receivers reject signatures of another time.
    world.clock = Clock::system();
    let sink = world.sink(Answering::status(204)).await;
    let channels = world.channels(&sink);
    let still = Clock::manual(Time::from_nanos(1_790_000_000_000_000_000));
    let mut all = vec!["plain title".to_owned()];
    all.extend(
        titles()
            .into_iter()
            .filter(|title| message(&still, title).company.is_some()),
    );
    let write = |name: String, bytes: &[u8]| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    for (number, title) in all.iter().enumerate() {
        let made = message(&still, title);
        write(
            format!("slack/{number:03}.json"),
            slack::payload(&made).to_string().as_bytes(),
        );
        write(
            format!("teams/{number:03}.json"),
            teams::payload(&made).to_string().as_bytes(),
        );
        write(format!("mail/{number:03}.eml"), &mail(title).await);
        let mut outbound = world.outbound(WEBHOOK);
        outbound.message = made;
        assert_eq!(
            channels.send(Channel::Webhook, &outbound).await.outcome,
            Outcome::Delivered
        );
        let mut post = read(sink.requests().pop().unwrap());
        post["secret"] = channels.webhook_secrets(WEBHOOK, outbound.signing).current.into();
        write(format!("webhook/{number:03}.json"), post.to_string().as_bytes());
    }
    let mut outbound = world.outbound(WEBHOOK);
    outbound.signing = Signing {
        version: 2,
        rotated_at: world.clock.now(),
    };
    channels.send(Channel::Webhook, &outbound).await;
    let secrets = channels.webhook_secrets(WEBHOOK, outbound.signing);
    let mut post = read(sink.requests().pop().unwrap());
    post["secrets"] = json!([secrets.current, secrets.previous.unwrap().0]);
    write("rotated.json".to_owned(), post.to_string().as_bytes());
    let mut outbound = world.outbound(WEBHOOK);
    outbound.body = Some(Format::Cloudevents.body(&outbound.message, "https://campanile.example"));
    channels.send(Channel::Webhook, &outbound).await;
    let mut post = read(sink.requests().pop().unwrap());
    post["secret"] = channels.webhook_secrets(WEBHOOK, outbound.signing).current.into();
    write("cloudevent.json".to_owned(), post.to_string().as_bytes());
    let clean: Vec<_> = all.iter().map(|title| base::text::line(title, 300)).collect();
    write("titles.json".to_owned(), json!(clean).to_string().as_bytes());
}

/// What a receiver read.
fn read(request: Request) -> Value {
    let headers: Map<String, Value> = request
        .headers
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect();
    json!({"headers": headers, "body": String::from_utf8(request.body).unwrap()})
}
