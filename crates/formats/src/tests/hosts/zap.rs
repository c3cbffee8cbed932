use serde_json::{Value, json};

use super::*;

fn alert(rule: &str, instances: &Value) -> Value {
    json!({"pluginid": rule, "name": "N", "riskcode": "2", "confidence": "2", "desc": "<p>d</p>", "instances": instances})
}

fn site(name: &str, alerts: &Value) -> Value {
    json!({"@name": name, "alerts": alerts})
}

fn scan(sites: &Value) -> Report {
    report("zap", json!({"@version": "2.15", "site": sites}).to_string())
}

fn at(uri: &str) -> Value {
    json!({"uri": uri, "method": "GET", "param": "q"})
}

// promise: M4
#[test]
fn an_alert_has_places_and_a_verdict_covers_them() {
    let [first, both, other] =
        ["1", "2", "3"].map(|name| report("zap", case(&format!("44-zap-fp-one-url/{name}.json"))));
    let places = |report: &Report| report.only().identity.places.clone();
    let (old, new) = (places(&first), places(&other));
    assert_eq!((old.len(), new.len()), (1, 1));
    assert_ne!(old, new);
    let mut union = [old.clone(), new].concat();
    union.sort_unstable();
    assert_eq!(places(&both), union);
    assert_eq!(first.groups(), other.groups());
    // A verdict on the first place does not cover the other.
    let mut left = both.only().clone();
    left.leave_out(&old.into_iter().collect());
    assert_eq!(left.details.locations, ["https://shop.example/checkout (q)"]);
    assert_eq!(left.identity.places, places(&other));
}

// promise: M2
#[test]
fn the_order_of_places_and_keys_does_not_matter() {
    let forth = json!([at("https://a/1"), at("https://a/2"), at("https://a/1")]);
    let back = json!([at("https://a/2"), at("https://a/1")]);
    let forth = scan(&json!([site("https://a", &json!([alert("1", &forth)]))]));
    let back = scan(&json!([site("https://A:443", &json!([alert("1", &back)]))]));
    let (one, other) = (&forth.only().identity, &back.only().identity);
    assert_eq!(
        (one.group, one.keys, &one.places),
        (other.group, other.keys, &other.places)
    );
    assert_eq!(one.places.len(), 2);
    assert_eq!(
        forth.only().details.locations,
        ["https://a/1 (q)", "https://a/2 (q)"]
    );
}

// promise: M6
#[test]
fn alerts_of_one_rule_that_differ_are_two() {
    let one = alert("1", &json!([at("https://a/1")]));
    let mut sure = one.clone();
    sure["confidence"] = json!("3");
    let mut worded = one.clone();
    worded["desc"] = json!("other");
    let all = scan(&json!([site("https://a", &json!([one, sure, worded]))]));
    let mut messages: Vec<_> = all.identities().iter().map(|id| id.message).collect();
    messages.sort_unstable();
    messages.dedup();
    assert_eq!((all.found.len(), messages.len()), (3, 3));
    assert_eq!(all.found[0].1.identity.keys, all.found[1].1.identity.keys);
}

// promise: M5
#[test]
fn a_reference_survives_a_renamed_alert() {
    let named = |name: &str, reference: Option<&str>| {
        let mut one = alert("10038", &json!([at("https://a/1")]));
        one["name"] = json!(name);
        if let Some(reference) = reference {
            one["alertRef"] = json!(reference);
        }
        scan(&json!([site("https://a", &json!([one]))]))
            .only()
            .identity
            .keys
    };
    let common =
        |one: [u64; KEYS], other: [u64; KEYS]| one.iter().any(|key| *key != 0 && other.contains(key));
    let (old, new, renamed) = (
        named("CSP", None),
        named("CSP", Some("10038-1")),
        named("No CSP", Some("10038-1")),
    );
    assert!(common(old, new) && common(new, renamed));
    assert!(!common(new, named("CSP report", Some("10038-2"))));
}

// promise: M6
#[test]
fn an_old_alert_keeps_its_one_place() {
    let item = |uri: &str| {
        format!(
            "<alertitem><pluginid>1</pluginid><alert>A</alert><riskcode>1</riskcode><uri>{uri}</uri><param>p</param></alertitem>"
        )
    };
    let all = report(
        "zap",
        format!(
            "<OWASPZAPReport version='1.4'><site name='http://a'><alerts>{}{}</alerts></site></OWASPZAPReport>",
            item("http://a/1"),
            item("http://a/2")
        ),
    );
    let locations: Vec<_> = all.found.iter().map(|(_, one)| one.location().unwrap()).collect();
    assert_eq!(locations, ["http://a/1 (p)", "http://a/2 (p)"]);
    let (one, other) = (&all.found[0].1.identity, &all.found[1].1.identity);
    assert_ne!(one.places, other.places);
    assert_ne!(one.whole, other.whole, "no duplicates");
}

// promise: P1
#[test]
fn every_place_is_kept_and_what_is_not_is_counted() {
    let places: Vec<_> = (0..3_000).map(|at_| at(&format!("https://a/{at_}"))).collect();
    let mut one = alert("1", &json!(places));
    one["count"] = json!("3100");
    let all = scan(&json!([site("https://a", &json!([one]))]));
    let found = all.only();
    assert_eq!(found.identity.places.len(), 3_000);
    assert_eq!(found.spots.len(), 3_000);
    assert_eq!(found.details.locations.len(), MAX_LOCATIONS);
    assert_eq!(found.details.locations_count, 3_100);
    assert!(found.description.contains("Places (3100)") && found.description.contains("… and 3080 more"));
}

// promise: P2
#[test]
fn each_site_is_covered_even_without_alerts_and_in_every_form() {
    let alerts = json!([alert("1", &json!([at("https://a/1")]))]);
    let list = scan(&json!([
        site("https://a", &alerts),
        site("https://b", &json!([]))
    ]));
    assert_eq!(list.targets(), ["https://a", "https://b"]);
    let one = scan(&site("https://a", &alerts));
    assert_eq!(one.targets(), ["https://a"]);
    assert_eq!(one.only(), list.only(), "one site without a list");
    let behind = json!({"site": {"alerts": alerts, "@name": "https://a"}, "created": "2026-01-03T10:00:00.5+01:00",
        "@generated": "Sat, 3 Jan 2026 10:00:00"});
    let behind = report("zap", behind.to_string());
    assert_eq!(behind.only(), one.only());
    assert_eq!(behind.of("https://a").time, "2026-01-03T09:00:00.5Z".parse().ok());
    assert_eq!(one.of("https://a").time, None);
    let xml = report(
        "zap",
        "<OWASPZAPReport created='2026-01-03T10:00:00Z'><site name='https://a'/><site name='https://b'><alerts/></site></OWASPZAPReport>",
    );
    assert_eq!(xml.targets(), ["https://a", "https://b"]);
    assert_eq!(xml.of("https://b").time, "2026-01-03T10:00:00Z".parse().ok());
}

// promise: P3
#[test]
fn a_report_without_sites_is_incomplete() {
    for text in [
        r#"{"@version":"D","@programName":"ZAP","site":[]}"#,
        "<OWASPZAPReport version='2'/>",
    ] {
        assert!(!report("zap", text).is_whole(), "{text}");
    }
}

// promise: P8
#[test]
fn an_invalid_alert_is_skipped_and_the_rest_is_read() {
    let bad = json!({"pluginid": "2", "riskcode": "9"});
    let all = scan(&json!([site(
        "https://a",
        &json!([bad, {"name": "x"}, alert("1", &json!([]))])
    )]));
    assert_eq!(all.only().location(), Some("https://a"));
    assert_eq!(
        all.reasons(),
        ["`riskcode` must be 0 to 3", "`pluginid` is missing"]
    );
    assert_eq!(all.of("https://a").not_whole, ["2 entries could not be read"]);
}

#[test]
fn references_and_cves_are_kept() {
    let mut one = alert("10003", &json!([at("https://a/j.js")]));
    one["reference"] = json!("<p>https://x.test/1</p><p>https://x.test/2</p>");
    one["tags"] = json!([{"tag": "CVE-2020-11022", "link": "l"}, {"tag": "OWASP_2021_A06"}]);
    one["cweid"] = json!("829");
    let details = scan(&json!([site("https://a", &json!([one]))]))
        .only()
        .details
        .clone();
    assert_eq!(details.references, ["https://x.test/1", "https://x.test/2"]);
    assert_eq!(
        (details.identifiers, details.cwes),
        (vec!["CVE-2020-11022".to_owned()], vec!["CWE-829".to_owned()])
    );
    let xml = "<OWASPZAPReport><site name='s'><alerts><alertitem><pluginid>1</pluginid><riskcode>1</riskcode>\
        <tags><tag><tag>CVE-2020-11022</tag><link>l</link></tag></tags></alertitem></alerts></site></OWASPZAPReport>";
    assert_eq!(report("zap", xml).only().details.identifiers, ["CVE-2020-11022"]);
}
