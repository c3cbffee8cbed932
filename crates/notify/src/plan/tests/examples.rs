//! Each promise by an example that a person can check with their eyes.

use base::Severity;

use super::facts::{FactRule, Facts, Happening, User, id, world_of};
use crate::{
    channel::Channel,
    plan::{Plan, Reason, Why, plan},
    target::Recipient,
};

/// Two people and an administrator of no company; a team of company 0 with both URLs.
fn facts() -> Facts {
    let user = |companies: &[usize], admin| User {
        companies: companies.to_vec(),
        admin,
        active: true,
        chats: [None, None],
    };
    Facts {
        users: vec![
            user(&[0], false),
            user(&[0], false),
            user(&[], true),
            user(&[1], false),
            user(&[0], false),
        ],
        teams: vec![(0, [Some(0), Some(1)]), (1, [Some(2), None]), (0, [None, None])],
        rules: vec![rule(Channel::InApp), rule(Channel::Email)],
        preferences: std::collections::HashMap::new(),
    }
}

/// A rule for finding.assigned without a threshold.
fn rule(channel: Channel) -> FactRule {
    FactRule {
        kind: 0,
        channel,
        least: None,
        company: None,
        users: Vec::new(),
        addresses: Vec::new(),
        urls: Vec::new(),
    }
}

/// A high finding of company 0 is assigned.
fn assigned(users: &[usize], teams: &[usize]) -> Happening {
    Happening {
        kind: 0,
        company: 0,
        severity: Severity::High,
        users: users.to_vec(),
        teams: teams.to_vec(),
        bundled: false,
    }
}

fn planned(facts: &Facts, happening: &Happening) -> Plan {
    plan(&Facts::event(happening), &world_of(facts))
}

fn mails(plan: &Plan) -> Vec<String> {
    plan.deliveries
        .iter()
        .filter(|planned| planned.channel == Channel::Email)
        .map(|planned| planned.target.label.to_string())
        .collect()
}

fn why(plan: &Plan, channel: Channel, user: usize) -> Vec<Why> {
    plan.reasons
        .iter()
        .filter(|reason| reason.channel == channel && reason.recipient == Recipient::User(id(b'u', user)))
        .map(|reason| reason.why.clone())
        .collect()
}

// promise: F1
#[test]
fn every_assignee_gets_a_row_and_a_mail() {
    let plan = planned(&facts(), &assigned(&[0, 1, 2], &[]));
    assert_eq!(plan.inbox, [id(b'u', 0), id(b'u', 1), id(b'u', 2)]);
    assert_eq!(
        mails(&plan),
        ["user0@example.com", "User1@Example.com", "user2@example.com"]
    );
}

// promise: F2
#[test]
fn many_ways_to_one_person_are_one_message() {
    let mut facts = facts();
    let mut second = rule(Channel::Email);
    second.least = Some(Severity::Low);
    second.users = vec![0];
    second.addresses = vec![0, 5];
    facts.rules.push(second);
    let plan = planned(&facts, &assigned(&[0, 0], &[]));
    assert_eq!(plan.inbox.len(), 1);
    assert_eq!(mails(&plan).len(), 1);
    assert_eq!(
        why(&plan, Channel::Email, 0),
        [
            Why::Rule(id(b'r', 1)),
            Why::Duplicate,
            Why::Duplicate,
            Why::Duplicate
        ]
    );
}

// promise: F2
#[test]
fn one_url_gets_one_post_whichever_channels_lead_to_it() {
    let mut facts = facts();
    for channel in [Channel::Slack, Channel::Webhook] {
        let mut named = rule(channel);
        named.urls = vec![0, 0];
        facts.rules.push(named);
    }
    let plan = planned(&facts, &assigned(&[], &[0, 0]));
    let channels: Vec<_> = plan.deliveries.iter().map(|planned| planned.channel).collect();
    assert_eq!(channels, [Channel::Slack, Channel::Teams], "the team's two URLs");
}

// promise: F3
// promise: F4
#[test]
fn teams_are_told_without_a_rule_and_without_regard_to_users() {
    let mut facts = facts();
    facts.rules.clear();
    let plan = planned(&facts, &assigned(&[0], &[0, 2]));
    assert!(plan.inbox.is_empty() && mails(&plan).is_empty());
    assert_eq!(plan.deliveries.len(), 2);
    assert_eq!(why(&plan, Channel::Email, 0), [Why::NoRule]);
    let none = Reason {
        channel: Channel::Slack,
        recipient: Recipient::Team(id(b't', 2)),
        why: Why::NoDestination,
    };
    assert!(plan.reasons.contains(&none));
}

// promise: F5
#[test]
fn personal_and_team_posts_can_both_come_from_one_event() {
    let mut facts = facts();
    facts.users[0].chats[0] = Some((3, true));
    let off = planned(&facts, &assigned(&[0], &[0]));
    assert_eq!(why(&off, Channel::Slack, 0), [Why::OptedOut], "off until said");
    facts.preferences.insert((0, 0, Channel::Slack), true);
    let on = planned(&facts, &assigned(&[0], &[0]));
    let slack = on
        .deliveries
        .iter()
        .filter(|planned| planned.channel == Channel::Slack)
        .count();
    assert_eq!(slack, 2);
    facts.users[0].chats[0] = Some((3, false));
    let closed = planned(&facts, &assigned(&[0], &[0]));
    assert_eq!(why(&closed, Channel::Slack, 0), [Why::OptedOut], "not opted in");
}

// promise: F6
#[test]
fn nobody_outside_the_company_hears_of_it_even_if_assigned_or_named() {
    let mut facts = facts();
    facts.rules[1].addresses = vec![3];
    facts.users[4].active = false;
    let plan = planned(&facts, &assigned(&[3, 4], &[1]));
    assert!(plan.inbox.is_empty(), "{:?}", plan.inbox);
    assert!(plan.deliveries.is_empty(), "{:?}", plan.deliveries);
    assert_eq!(why(&plan, Channel::InApp, 3), [Why::OutOfScope]);
    assert_eq!(why(&plan, Channel::InApp, 4), [Why::Disabled]);
}

// promise: R1
#[test]
fn a_rule_reaches_addresses_people_and_urls_it_names() {
    let mut facts = facts();
    facts.rules[1].addresses = vec![6, 7];
    facts.rules[0].users = vec![1];
    let mut hook = rule(Channel::Webhook);
    hook.urls = vec![4];
    facts.rules.push(hook);
    let plan = planned(&facts, &assigned(&[], &[]));
    assert_eq!(plan.inbox, [id(b'u', 1)]);
    assert_eq!(mails(&plan), ["list@outside.example"]);
    assert_eq!(plan.deliveries.len(), 2);
}

// promise: R2
// promise: R3
#[test]
fn a_threshold_lets_itself_and_worse_pass_and_an_event_without_severity_always() {
    let mut facts = facts();
    facts.rules[0].least = Some(Severity::High);
    for (severity, passes) in Severity::ALL
        .into_iter()
        .zip([false, false, false, true, true, true])
    {
        let mut happening = assigned(&[0], &[]);
        happening.severity = severity;
        assert_eq!(
            !planned(&facts, &happening).inbox.is_empty(),
            passes,
            "{severity}"
        );
    }
    facts.rules[0].kind = 2;
    facts.rules[0].least = Some(Severity::Urgent);
    let mut scan = assigned(&[0], &[]);
    scan.kind = 2;
    assert_eq!(planned(&facts, &scan).inbox.len(), 1);
}

// promise: R5
#[test]
fn an_opt_out_wins_over_a_rule_that_names_the_address_in_any_case() {
    let mut facts = facts();
    facts.rules[1].addresses = vec![0, 5];
    facts.rules[1].users = vec![0];
    facts.preferences.insert((0, 0, Channel::Email), false);
    let plan = planned(&facts, &assigned(&[0], &[]));
    assert!(mails(&plan).is_empty());
    assert_eq!(plan.inbox.len(), 1, "the other channel is untouched");
    assert_eq!(why(&plan, Channel::Email, 0), [Why::OptedOut]);
}

#[test]
fn what_an_import_brought_is_told_of_by_its_scan_alone() {
    let mut happening = assigned(&[0], &[0]);
    happening.bundled = true;
    assert_eq!(planned(&facts(), &happening), Plan::default());
}

#[test]
fn reasons_read_back_from_their_text() {
    let plan = planned(&facts(), &assigned(&[0, 3], &[0, 1]));
    let text = serde_json::to_string(&plan.reasons).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Reason>>(&text).unwrap(), plan.reasons);
    assert!(!text.contains("hooks.slack.com"), "no URL is kept: {text}");
}
