//! Email: real conversations with an SMTP server, the mails parsed by an independent parser.

use std::time::Duration;

use mail_parser::{HeaderValue, MessageParser, MimeHeaders};
use notify::{
    channels::{
        Channel, Channels, Outcome,
        email::{Mailer, Options},
    },
    testing::{Answering, Misbehaviour, SmtpSink, SmtpSinkOptions, Stage},
};

use crate::world::World;

const TO: &str = "mara@example.com";

impl World {
    fn mailer(&self, url: &str) -> Mailer {
        let options = Options {
            smtp_url: Some(url.to_owned()),
            ..self.email_options()
        };
        Mailer::new(&options, self.clock.clone()).unwrap()
    }

    fn secured(&self) -> SmtpSinkOptions {
        SmtpSinkOptions {
            tls: Some(self.ca.acceptor(&["localhost"])),
            credentials: Some(("mail user".to_owned(), "p:w/ä".to_owned())),
            ..SmtpSinkOptions::default()
        }
    }
}

const USER: &str = "mail%20user:p%3Aw%2F%C3%A4";

// promise: C2
#[tokio::test]
async fn a_mail_goes_over_starttls_with_credentials_and_reads_back() {
    let world = World::new();
    let sink = SmtpSink::start(world.secured()).await;
    let mailer = world.mailer(&format!(
        "smtp://{USER}@localhost:{}?tls=required",
        sink.address().port()
    ));
    let mut outbound = world.outbound(TO);
    let link = "https://campanile.example/api/v1/unsubscribe?user=1&type=finding.assigned&key=2";
    outbound.unsubscribe = Some(link.to_owned());
    let attempt = mailer.send(&outbound).await;
    assert_eq!(attempt.outcome, Outcome::Delivered, "{attempt:?}");
    assert_eq!(
        (attempt.status, attempt.answer.as_str()),
        (Some(250), "2.0.0 queued as 42")
    );
    let mail = &sink.mails()[0];
    assert!(mail.encrypted && mail.authenticated);
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("campanile@example.com", [TO.to_owned()].as_slice())
    );
    assert!(mail.data.is_ascii());

    let parsed = MessageParser::default().parse(&mail.data).unwrap();
    assert_eq!(
        parsed.subject(),
        Some("[Critical] Status changed: SQL injection in login (SQL injection in login)")
    );
    let from = parsed.from().unwrap().first().unwrap();
    assert_eq!(
        (from.name(), from.address()),
        (Some("Campanile, Acme"), Some("campanile@example.com"))
    );
    assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some(TO));
    assert_eq!(
        parsed.message_id(),
        Some(&*format!("{}@example.com", outbound.delivery_id))
    );
    assert_eq!(parsed.date().unwrap().to_timestamp(), 1_790_000_000);
    assert_eq!(
        parsed.header("Auto-Submitted").and_then(HeaderValue::as_text),
        Some("auto-generated")
    );
    // RFC 8058, section 3: both headers, only the link in its brackets.
    let unsubscribe = parsed.header_raw("List-Unsubscribe").unwrap();
    assert_eq!(unsubscribe.trim(), format!("<{link}>"));
    let one_click = parsed.header_raw("List-Unsubscribe-Post").unwrap();
    assert_eq!(one_click.trim(), "List-Unsubscribe=One-Click");
    let thread = format!("finding.{}@example.com", outbound.message.subject.unwrap().id);
    assert_eq!(parsed.references().as_text(), Some(&*thread));
    let kind = parsed.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("alternative")));
    let (text, html) = (parsed.body_text(0).unwrap(), parsed.body_html(0).unwrap());
    for body in [&text, &html] {
        for piece in [
            "SQL injection in login",
            "Critical",
            "3 Dec 2026, 14:00 UTC",
            &outbound.message.link.url,
        ] {
            assert!(body.contains(piece), "{piece} in {body}");
        }
    }
    assert_eq!(html.matches("<a ").count(), 1, "one link");
    assert!(
        !html.contains("<img") && !html.contains("src="),
        "readable without images"
    );
}

#[tokio::test]
async fn tls_is_used_as_the_url_says() {
    let world = World::new();
    let offered = SmtpSink::start(SmtpSinkOptions {
        credentials: None,
        ..world.secured()
    })
    .await;
    let implicit = SmtpSink::start(SmtpSinkOptions {
        implicit: true,
        ..world.secured()
    })
    .await;
    let bare = SmtpSink::start(SmtpSinkOptions::default()).await;
    let cases = [
        (&offered, "smtp://localhost:PORT", true, true),
        (&offered, "smtp://localhost:PORT?tls=none", true, false),
        (&implicit, &format!("smtps://{USER}@localhost:PORT"), true, true),
        (&bare, "smtp://localhost:PORT", true, false),
        (&bare, "smtp://localhost:PORT?tls=required", false, false),
        (&bare, "smtps://localhost:PORT", false, false),
        // The certificate is for `localhost`.
        (&offered, "smtp://127.0.0.1:PORT?tls=required", false, false),
    ];
    for (sink, url, delivered, encrypted) in cases {
        let before = sink.mails().len();
        let mailer = world.mailer(&url.replace("PORT", &sink.address().port().to_string()));
        let attempt = mailer.send(&world.outbound(TO)).await;
        let mails = sink.mails();
        if delivered {
            assert_eq!(attempt.outcome, Outcome::Delivered, "{url}: {attempt:?}");
            assert_eq!(mails.last().unwrap().encrypted, encrypted, "{url}");
        } else {
            assert_eq!(
                attempt.outcome,
                Outcome::RefusedForNow { retry_after: None },
                "{url}: {attempt:?}"
            );
            assert_eq!(mails.len(), before, "{url}");
        }
    }
}

#[tokio::test]
async fn a_password_does_not_cross_in_the_clear_or_into_an_attempt() {
    let world = World::new();
    let sink = SmtpSink::start(world.secured()).await;
    let port = sink.address().port();
    let mailer = world.mailer(&format!("smtp://{USER}@localhost:{port}?tls=none"));
    let attempt = mailer.send(&world.outbound(TO)).await;
    assert_eq!(
        attempt.outcome,
        Outcome::RefusedForNow { retry_after: None },
        "{attempt:?}"
    );
    let mailer = world.mailer(&format!("smtp://user:wr0ngpassword@localhost:{port}"));
    let attempt = mailer.send(&world.outbound(TO)).await;
    assert_eq!(
        attempt.outcome,
        Outcome::RefusedForNow { retry_after: None },
        "a wrong password gives no mail up"
    );
    assert!(!format!("{attempt:?}").contains("wr0ng"), "{attempt:?}");
}

#[tokio::test]
async fn a_connection_is_used_again_until_it_fails() {
    let world = World::new();
    let sink = SmtpSink::start(SmtpSinkOptions::default()).await;
    let mailer = world.mailer(&format!("smtp://{}", sink.address()));
    for _ in 0..5 {
        assert_eq!(mailer.send(&world.outbound(TO)).await.outcome, Outcome::Delivered);
    }
    assert_eq!((sink.connections(), sink.mails().len()), (1, 5));
    let sends = (0..30).map(|_| {
        let (mailer, outbound) = (mailer.clone(), world.outbound(TO));
        async move { mailer.send(&outbound).await.outcome }
    });
    let outcomes = futures_util::future::join_all(sends).await;
    assert!(
        outcomes.iter().all(|outcome| *outcome == Outcome::Delivered),
        "{outcomes:?}"
    );
    assert!(sink.connections() <= 8, "{}", sink.connections());
}

// The connection is our own, so each kind of TLS over it has a conversation of several mails.
#[tokio::test]
async fn mails_go_over_one_connection_with_each_kind_of_tls() {
    let world = World::new();
    let implicit = SmtpSinkOptions {
        implicit: true,
        ..world.secured()
    };
    let cases = [
        (SmtpSinkOptions::default(), "smtp://localhost:PORT".to_owned()),
        (
            world.secured(),
            format!("smtp://{USER}@localhost:PORT?tls=required"),
        ),
        (implicit, format!("smtps://{USER}@localhost:PORT")),
    ];
    for (options, url) in cases {
        let sink = SmtpSink::start(options).await;
        let mailer = world.mailer(&url.replace("PORT", &sink.address().port().to_string()));
        for _ in 0..10 {
            assert_eq!(mailer.send(&world.outbound(TO)).await.outcome, Outcome::Delivered);
        }
        assert_eq!(sink.connections(), 1, "{url}");
    }
}

#[tokio::test]
async fn every_failure_of_the_conversation_has_its_outcome() {
    let world = World::new();
    let (now, good) = (
        Outcome::RefusedForNow { retry_after: None },
        Outcome::RefusedForGood,
    );
    let reply = |text: &str| Misbehaviour::Reply(text.to_owned());
    let cases = [
        (Stage::Greeting, reply("554 no service"), now),
        (Stage::Greeting, reply("421 later"), now),
        (Stage::Ehlo, Misbehaviour::Close, now),
        (Stage::MailFrom, reply("451 later"), now),
        (Stage::MailFrom, reply("550 not you"), good),
        (Stage::MailFrom, reply("530 TLS first"), now),
        (Stage::RcptTo, reply("450 grey"), now),
        (Stage::RcptTo, reply("550 5.1.1 nobody"), good),
        (Stage::RcptTo, Misbehaviour::Close, now),
        (Stage::RcptTo, Misbehaviour::Hang, now),
        (Stage::Data, reply("452 full"), now),
        (Stage::Data, reply("554 no"), good),
        (Stage::Data, Misbehaviour::Close, now),
        (Stage::Content, reply("451 later"), now),
        (Stage::Content, reply("554 5.7.1 spam"), good),
        (Stage::Content, Misbehaviour::Close, Outcome::Unknown),
        (Stage::Content, Misbehaviour::Hang, Outcome::Unknown),
        (Stage::Content, reply("nonsense"), Outcome::Unknown),
    ];
    for (stage, how, expected) in cases {
        let sink = SmtpSink::start(SmtpSinkOptions::default()).await;
        sink.misbehave(Some((stage, how.clone())));
        let options = Options {
            smtp_url: Some(format!("smtp://{}", sink.address())),
            timeout: Duration::from_millis(1500),
            ..world.email_options()
        };
        let mailer = Mailer::new(&options, world.clock.clone()).unwrap();
        let attempt = mailer.send(&world.outbound(TO)).await;
        assert_eq!(attempt.outcome, expected, "{stage:?} {how:?}: {attempt:?}");
        if let Misbehaviour::Reply(text) = &how
            && text.as_bytes()[0].is_ascii_digit()
            && stage != Stage::Greeting
        {
            assert_eq!(attempt.status, text[..3].parse().ok(), "{attempt:?}");
        }
    }
}

#[tokio::test]
async fn a_second_attempt_has_the_same_message_id() {
    let world = World::new();
    let sink = SmtpSink::start(SmtpSinkOptions::default()).await;
    sink.misbehave(Some((Stage::Content, Misbehaviour::Close)));
    let mailer = world.mailer(&format!("smtp://{}", sink.address()));
    let outbound = world.outbound(TO);
    assert_eq!(mailer.send(&outbound).await.outcome, Outcome::Unknown);
    sink.misbehave(None);
    assert_eq!(mailer.send(&outbound).await.outcome, Outcome::Delivered);
    let mails = sink.mails();
    assert_eq!(mails.len(), 2, "the first one had arrived");
    assert_eq!(mails[0].data, mails[1].data);
}

#[tokio::test]
async fn without_a_server_mails_are_files() {
    let world = World::new();
    let sink = world.sink(Answering::status(200)).await;
    let channels: Channels = world.channels(&sink);
    let outbound = world.outbound(TO);
    let attempt = channels.send(Channel::Email, &outbound).await;
    assert_eq!(attempt.outcome, Outcome::Written, "{attempt:?}");
    let files: Vec<_> = std::fs::read_dir(world.folder.path().join("mail"))
        .unwrap()
        .collect();
    assert_eq!(files.len(), 1);
    let mail = std::fs::read(files[0].as_ref().unwrap().path()).unwrap();
    let parsed = MessageParser::default().parse(&mail).unwrap();
    assert_eq!(
        parsed.message_id(),
        Some(&*format!("{}@example.com", outbound.delivery_id))
    );
}
