//! The guard against a corpus of hostile URLs: mutations of valid ones, and known attacks on other guards.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

mod corpus;
mod hosts;

const SLACK: &str = "https://hooks.slack.com/services/T0001111/B0001111/abcDEF123";
const GOV: &str = "https://hooks.slack-gov.com/triggers/E01/42/abc-_9";
const OFFICE: &str = "https://acme.webhook.office.com/webhookb2/1a-2b@3c-4d/IncomingWebhook/5e6f/7a8b";
const LOGIC: &str = "https://prod-12.westeurope.logic.azure.com/workflows/1a2b/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers&sig=a_B-c";
const POWER: &str = "https://default1a2b.3c.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/9f/triggers/manual/paths/invoke?sig=x";

type Guard = fn(&str) -> Result<Destination, Refusal>;

fn slack(text: &str) -> Result<Destination, Refusal> {
    let hosts = Hosts {
        slack_gov: true,
        ..Hosts::default()
    };
    super::slack(text, &hosts)
}

fn teams(text: &str) -> Result<Destination, Refusal> {
    super::teams(text, &Hosts::default())
}

fn public(text: &str) -> Result<Destination, Refusal> {
    webhook(text, &Reach::default())
}

// promise: S1
#[test]
fn official_urls_pass_in_one_spelling() {
    let slacks = [SLACK, GOV, "https://hooks.slack.com/workflows/T0/A1/42/x"];
    for url in slacks {
        assert_eq!(slack(url).map(|url| url.expose().to_owned()).as_deref(), Ok(url));
    }
    let teamses = [
        OFFICE,
        LOGIC,
        POWER,
        "https://webhook.office.com/webhookb2/x",
        "https://webhook.office365.com/webhook/x",
        "https://outlook.webhook.office365.com/webhook/x",
    ];
    for url in teamses {
        assert_eq!(teams(url).map(|url| url.expose().to_owned()).as_deref(), Ok(url));
    }
    for (spelling, canonical) in [
        (
            "HTTPS://HOOKS.slack.COM:443/services/T0/B0/x",
            "https://hooks.slack.com/services/T0/B0/x",
        ),
        (
            "https://hooks.slack.com:443/services/T0/B0/x",
            "https://hooks.slack.com/services/T0/B0/x",
        ),
    ] {
        assert_eq!(slack(spelling).unwrap().expose(), canonical);
    }
}

/// Valid URLs changed so that nothing may accept them. For each guard the URLs that it accepts.
fn changed() -> Vec<(Guard, String)> {
    let good: [(Guard, &str); 5] = [
        (slack, SLACK),
        (slack, GOV),
        (teams, OFFICE),
        (teams, LOGIC),
        (teams, POWER),
    ];
    let mut all = Vec::new();
    for (guard, url) in good {
        assert!(guard(url).is_ok(), "{url}");
        let rest = url.strip_prefix("https://").unwrap();
        // For Teams a host below the right one is valid too.
        let prefixed: &[&str] = if guard("https://hooks.slack.com/services/a").is_ok() {
            corpus::PREFIXED
        } else {
            &[]
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap());
        all.extend(
            corpus::HOSTS
                .iter()
                .chain(prefixed)
                .map(|shape| (guard, format!("https://{}{path}", shape.replace("HOST", host)))),
        );
        all.extend(
            corpus::SCHEMES
                .iter()
                .map(|scheme| (guard, format!("{scheme}{rest}"))),
        );
        all.extend(corpus::TAILS.iter().map(|tail| {
            // After the path: in a query most of it is only data.
            let path = path.split('?').next().unwrap();
            (guard, format!("https://{host}{path}{tail}"))
        }));
        all.push((guard, format!("https://{host}")));
        all.push((guard, format!("https://{host}/")));
        all.push((guard, format!("https://{host}?{}", &path[1..])));
        all.push((guard, format!("https://evil.example/{rest}")));
        all.push((guard, format!("https://evil.example/?{url}")));
        all.push((guard, format!("{url}{}", "x".repeat(MAX_BYTES))));
        all.push((guard, format!("{url} {url}")));
        all.push((guard, format!("{url}\n")));
    }
    all
}

/// Written by hand, each for one guard.
fn by_hand() -> impl Iterator<Item = (Guard, String)> {
    let lists: [(Guard, &[&str]); 3] = [
        (slack, corpus::SLACKS),
        (teams, corpus::TEAMSES),
        (public, corpus::WEBHOOKS),
    ];
    lists
        .into_iter()
        .flat_map(|(guard, urls)| urls.iter().map(move |url| (guard, (*url).to_owned())))
}

// promise: S1
#[test]
fn a_corpus_of_hostile_urls_is_rejected() {
    let mut corpus = changed();
    corpus.extend(by_hand());
    let distinct: BTreeSet<&str> = corpus.iter().map(|(_, url)| url.as_str()).collect();
    assert!(distinct.len() > 600, "{}", distinct.len());
    for (guard, url) in corpus {
        let refusal = guard(&url).expect_err(&url);
        let message = refusal.to_string();
        assert!(
            !message.contains("evil") && !message.contains("127.0.0.1"),
            "{message}"
        );
    }
}

// promise: S1
#[test]
fn no_channel_takes_anothers_url() {
    for url in [OFFICE, LOGIC, POWER, "https://example.com/services/T0/B0/x"] {
        assert_eq!(slack(url).err(), Some(Refusal::NotSlack), "{url}");
    }
    for url in [SLACK, GOV, "https://example.com/webhookb2/x"] {
        assert_eq!(teams(url).err(), Some(Refusal::NotTeams), "{url}");
    }
}

// promise: S2
#[test]
fn webhooks_pass_plainly_written() {
    for (url, canonical) in [
        ("https://example.com", "https://example.com/"),
        (
            "https://Example.com:443/Hook?a=b&c=%20d",
            "https://example.com/Hook?a=b&c=%20d",
        ),
        (
            "https://example.com:8443/a;b=c@d",
            "https://example.com:8443/a;b=c@d",
        ),
        ("https://example.com?x=1", "https://example.com/?x=1"),
        ("https://1.1.1.1/x", "https://1.1.1.1/x"),
        ("https://[2606:4700:0:0::1111]/x", "https://[2606:4700::1111]/x"),
        (
            "https://xn--bcher-kva.example/x",
            "https://xn--bcher-kva.example/x",
        ),
        ("https://my_service/x", "https://my_service/x"),
    ] {
        assert_eq!(
            public(url).map(|url| url.expose().to_owned()).as_deref(),
            Ok(canonical),
            "{url}"
        );
    }
}

// promise: S2
#[test]
fn an_operator_opens_http_and_private_literals() {
    let reach = Reach {
        networks: vec!["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()],
        hosts: vec![("127.0.0.1".to_owned(), 9000)],
    };
    for url in [
        "http://10.1.2.3/x",
        "https://10.1.2.3:8443/x",
        "http://[fd00::1]:80/x",
        "http://[::ffff:10.1.2.3]/x",
        "http://gateway/x",
        "https://localhost/x",
        "http://127.0.0.1:9000/x",
        "https://1.1.1.1/",
    ] {
        assert!(webhook(url, &reach).is_ok(), "{url}");
    }
    for url in [
        "http://10.2.0.1/x",
        "https://192.168.0.1/",
        "https://[fe80::1]/",
        "http://127.0.0.1:9001/x",
        "http://1.1.1.1/",
    ] {
        assert!(webhook(url, &reach).is_err(), "{url}");
    }
}

#[test]
fn what_is_dialed_and_requested_is_what_was_checked() {
    let url = webhook("https://Example.com:8443/a?b=c", &Reach::default()).unwrap();
    assert_eq!(
        (url.host().as_str(), url.port(), url.is_https()),
        ("example.com", 8443, true)
    );
    assert_eq!(
        (url.authority().as_str(), url.path_and_query()),
        ("example.com:8443", "/a?b=c")
    );
    assert_eq!(format!("{url:?}"), "Destination(***)");
    let literal = webhook("https://[2606:4700::1]/", &Reach::default()).unwrap();
    assert_eq!(
        (literal.host().as_str(), literal.authority().as_str()),
        ("2606:4700::1", "[2606:4700::1]")
    );
}

/// A valid URL with a few characters inserted, removed or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let good = prop::sample::select(vec![
        SLACK,
        GOV,
        OFFICE,
        LOGIC,
        POWER,
        "https://1.1.1.1/x",
        "https://[2606:4700::1]/x",
    ]);
    let piece = prop_oneof![
        prop::sample::select(vec![
            "@",
            ":",
            "/",
            "\\",
            "#",
            "?",
            "%2e",
            "%",
            ".",
            "..",
            "[",
            "]",
            "//",
            "\t",
            "\n",
            "\0",
            " ",
            "-",
            "xn--",
            "0x",
            ":443",
            ":80",
            "evil.example",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    let change = (any::<prop::sample::Index>(), piece, 0_usize..3);
    (good, prop::collection::vec(change, 0..4)).prop_map(|(good, changes)| {
        let mut text: Vec<char> = good.chars().collect();
        for (at, piece, gone) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + gone).min(text.len());
            text.splice(at..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    // promise: S1
    #[test]
    fn an_accepted_url_shows_its_destination_in_its_own_text(text in mutated()) {
        let lower = text.to_ascii_lowercase();
        // An authority as a naive reader parses it.
        let seen = lower.strip_prefix("https://").map(|rest| rest.split(['/', '?']).next().unwrap_or_default());
        let seen = seen.map(|seen| seen.strip_suffix(":443").unwrap_or(seen));
        if let Ok(destination) = slack(&text) {
            prop_assert!([SLACK_HOST, SLACK_GOV_HOST].contains(&seen.unwrap_or_default()), "{}", text);
            prop_assert_eq!(destination.host(), seen.unwrap_or_default());
        }
        if let Ok(destination) = teams(&text) {
            let host = destination.host();
            prop_assert_eq!(host.as_str(), seen.unwrap_or_default());
            prop_assert!(TEAMS_HOSTS.iter().any(|known| host.ends_with(known)), "{}", text);
        }
        for guard in [slack as Guard, teams, public] {
            if let Ok(destination) = guard(&text) {
                prop_assert!(text.is_ascii() && !text.contains(['\\', '#', ' ']), "{}", text);
                // Canonical: the guard returns its own output unchanged.
                let again = guard(destination.expose());
                prop_assert_eq!(again.as_ref(), Ok(&destination));
            }
        }
    }

    #[test]
    fn no_text_makes_the_guard_panic(text in "\\PC*|[\\x00-\\x{10ffff}]{0,40}") {
        for guard in [slack as Guard, teams, public] {
            prop_assert!(guard(&text).is_err() || text.starts_with("http"));
        }
    }
}
