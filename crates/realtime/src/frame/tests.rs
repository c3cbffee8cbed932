//! Unit tests of frames.

use base::Clock;
use proptest::prelude::*;

use super::*;

fn finding(clock: &Clock, kind: Kind, company: Id) -> Event {
    let subject = Subject {
        kind: SubjectType::Finding,
        id: clock.id(),
    };
    let mut event = Event::new(clock, kind, Audience::Company(company), subject);
    event.severity = Some(Severity::Critical);
    event
}

fn json(frame: &Frame) -> Value {
    let text = std::str::from_utf8(frame.bytes()).unwrap();
    let line = text.strip_prefix("data: ").unwrap().strip_suffix("\n\n").unwrap();
    serde_json::from_str(line).unwrap()
}

#[test]
fn has_the_fields_of_the_contract() {
    let clock = Clock::manual(Time::from_nanos(1_700_000_000_123_000_000));
    let company = clock.id();
    let mut event = finding(&clock, Kind::FindingAssigned, company);
    event.data.insert("title".to_owned(), "SQL injection".into());
    let frame = Frame::of(&event).unwrap();
    assert_eq!(
        json(&frame),
        serde_json::json!({
            "type": "finding.assigned",
            "id": event.id.to_string(),
            "at": "2023-11-14T22:13:20.123Z",
            "company_id": company.to_string(),
            "subject": {"type": "finding", "id": event.subject.id.to_string()},
            "severity": "critical",
            "data": {"title": "SQL injection"},
        })
    );
    let notification = Event::new(
        &clock,
        Kind::NotificationRead,
        Audience::User(clock.id()),
        event.subject,
    );
    let fields = json(&Frame::of(&notification).unwrap());
    assert_eq!(fields.get("company_id"), Some(&Value::Null));
    assert_eq!(fields.get("severity"), None, "omitted if the kind has none");
}

// promise: E3
#[test]
fn every_live_kind_has_a_frame_and_no_other() {
    let clock = Clock::system();
    for kind in Kind::ALL {
        let mut event = finding(&clock, *kind, clock.id());
        event.severity = None;
        assert_eq!(Frame::of(&event).is_some(), kind.about().live, "{kind}");
        assert_eq!(
            Frame::bundle(clock.id(), &[&event]).is_some(),
            kind.about().live,
            "{kind}"
        );
        let curated = "finding sla retest scan asset project report agreement approval notification platform";
        assert_eq!(
            curated.split(' ').any(|category| category == kind.category()),
            kind.about().live
        );
    }
}

#[test]
fn an_import_becomes_one_frame_per_kind_and_company() {
    let clock = Clock::system();
    let (company, other, scan) = (clock.id(), clock.id(), clock.id());
    let mut events = Vec::new();
    for n in 0..120 {
        let kind = if n % 3 == 0 {
            Kind::FindingUpdated
        } else {
            Kind::FindingCreated
        };
        let mut event = finding(&clock, kind, if n == 7 { other } else { company });
        event.bundle = Some(scan);
        events.push(event);
    }
    events.push(finding(&clock, Kind::FindingCreated, company));
    let frames = of_commit(&events);
    let shape: Vec<_> = frames
        .iter()
        .map(|addressed| {
            let fields = json(&addressed.frame);
            let data = fields["data"].clone();
            (
                addressed.audience.company(),
                fields["type"].as_str().unwrap().to_owned(),
                data["count"].as_u64(),
                data["finding_ids"].as_array().map_or(0, Vec::len),
            )
        })
        .collect();
    let created = "finding.created".to_owned();
    assert_eq!(
        shape,
        [
            (Some(company), "finding.updated".to_owned(), Some(40), 40),
            (Some(company), created.clone(), Some(79), 50),
            (Some(other), created.clone(), Some(1), 1),
            (Some(company), created, None, 0),
        ]
    );
    // Only the last is that of one stored event.
    let single: Vec<_> = frames.iter().map(|addressed| addressed.event).collect();
    assert_eq!(single, [None, None, None, Some(events[120].id)]);
    let fields = json(&frames[1].frame);
    assert_eq!(fields["subject"]["type"], "scan");
    assert_eq!(fields["subject"]["id"], scan.to_string());
    assert_eq!(fields["data"]["scan_id"], scan.to_string());
    assert_eq!(fields["data"]["bundled"], true);
    assert_eq!(fields["data"]["finding_ids"][0], events[1].subject.id.to_string());
}

// promise: N1
#[test]
fn a_frame_of_another_node_is_the_same_bytes() {
    let clock = Clock::system();
    let mut event = finding(&clock, Kind::FindingCreated, clock.id());
    event
        .data
        .insert("title".to_owned(), "a\n\u{2028}\" \u{1f514}".into());
    let frame = Frame::of(&event).unwrap();
    assert_eq!(Frame::of_text(frame.text().unwrap()).unwrap(), frame);
    for text in ["{}\n\ndata: {}", "{}\r"] {
        assert_eq!(Frame::of_text(text), None);
    }
}

// promise: E7
#[test]
fn an_event_with_a_wrong_audience_has_no_frame() {
    let clock = Clock::system();
    let mut event = finding(&clock, Kind::FindingCreated, clock.id());
    event.audience = Audience::Platform;
    assert!(of_commit(&[event]).is_empty());
}

// promise: C7
#[test]
fn hostile_text_stays_one_line_for_every_definition_of_a_line() {
    let clock = Clock::system();
    let hostile = "x\r\n\r\ndata: {\"type\":\"ping\"}\n\nid: 1\r\u{85}y\u{2028}\u{2029}\u{b}\u{c}\0\u{1c}\u{feff}é🔔</script>";
    let mut event = finding(&clock, Kind::FindingCreated, clock.id());
    event.data.insert("title".to_owned(), hostile.into());
    event.data.insert(hostile.to_owned(), hostile.into());
    let frame = Frame::of(&event).unwrap();
    let fields = json(&frame);
    assert_eq!(fields["data"]["title"], hostile);
    assert_eq!(fields["data"][hostile], hostile);
    let line = &frame.bytes()[..frame.bytes().len() - 2];
    let ends = |c: char| c.is_ascii_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    assert!(!std::str::from_utf8(line).unwrap().contains(ends));
}

proptest! {
    // promise: C7
    #[test]
    fn any_text_round_trips_in_one_line(title in any::<String>(), key in any::<String>()) {
        let clock = Clock::system();
        let mut event = finding(&clock, Kind::FindingCreated, clock.id());
        event.data.insert(key.clone(), title.clone().into());
        let frame = Frame::of(&event).unwrap();
        let text = std::str::from_utf8(frame.bytes()).unwrap();
        prop_assert_eq!(text.matches(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count(), 2);
        let fields = json(&frame);
        prop_assert_eq!(fields["data"][&key].as_str(), Some(title.as_str()));
    }
}
