//! Each promise by an example that can be checked by reading.

use base::Severity;

use super::facts::{About, FactRule, Facts, Happening, More, User, id, world_of};
use crate::{
    channel::Channel,
    plan::{Plan, Reason, Why, plan},
    target::Recipient,
};

/// Two people and an administrator of no company; a team of company 0 with both URLs.
fn facts() -> Facts {
    let user = |companies: &[usize], admin| User {
        companies: companies.to_vec(),
        manages: Vec::new(),
        own_acts: false,
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
        ..Facts::default()
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
        one_by_one: false,
        more: More::default(),
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
        many: false,
        about: About::default(),
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
        [Why::Assignee, Why::Duplicate, Why::Duplicate, Why::Duplicate]
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
fn teams_are_notified_without_a_rule_and_regardless_of_users() {
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
        rule: None,
    };
    assert!(plan.reasons.contains(&none));
}

// promise: F5
#[test]
fn personal_and_team_posts_can_both_result_from_one_event() {
    let mut facts = facts();
    facts.users[0].chats[0] = Some((3, true));
    let off = planned(&facts, &assigned(&[0], &[0]));
    assert_eq!(why(&off, Channel::Slack, 0), [Why::OptedOut], "off by default");
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
fn nobody_outside_the_company_is_notified_even_if_assigned_or_named() {
    let mut facts = facts();
    facts.rules[1].addresses = vec![3];
    facts.users[4].active = false;
    facts.users[2].admin = false;
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
    // Or an administrator would be responsible for what nobody is assigned to.
    facts.users[2].admin = false;
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
fn a_threshold_matches_equal_and_higher_severities_and_events_without_one() {
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

// promise: O2
#[test]
fn events_of_an_import_are_planned_like_those_of_a_person() {
    let mut happening = assigned(&[0], &[0]);
    let alone = planned(&facts(), &happening);
    happening.bundled = true;
    assert_eq!(planned(&facts(), &happening), alone);
}

#[test]
fn reasons_read_back_from_their_text() {
    let plan = planned(&facts(), &assigned(&[0, 3], &[0, 1]));
    let text = serde_json::to_string(&plan.reasons).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Reason>>(&text).unwrap(), plan.reasons);
    assert!(!text.contains("hooks.slack.com"), "no URL is kept: {text}");
}

/// A high finding of company 0 without assignees, found by the second tool.
fn created() -> Happening {
    let mut happening = assigned(&[], &[]);
    happening.kind = 4;
    happening.about.tool = Some(1);
    happening.about.project = Some(0);
    happening
}

// promise: O1
#[test]
fn somebody_is_always_responsible_level_by_level() {
    let mut facts = facts();
    facts.rules = vec![FactRule {
        kind: 4,
        ..rule(Channel::InApp)
    }];
    let of = |facts: &Facts| {
        let plan = planned(facts, &created());
        let reason = plan
            .reasons
            .iter()
            .find(|reason| reason.why.is_notified())
            .unwrap()
            .clone();
        (plan.inbox, reason.why)
    };
    assert_eq!(of(&facts), (vec![id(b'u', 2)], Why::Administrator));
    facts.users[1].manages = vec![0];
    assert_eq!(of(&facts), (vec![id(b'u', 1)], Why::Manager));
    facts.owners = vec![(vec![4], vec![])];
    assert_eq!(
        of(&facts),
        (vec![id(b'u', 4)], Why::Owner(base::SubjectType::Project))
    );
    facts.ownership = vec![(0, Some(0), (vec![4], vec![])), (0, Some(1), (vec![0], vec![]))];
    assert_eq!(of(&facts), (vec![id(b'u', 0)], Why::OwnershipRule(2)));
    facts.users[0].active = false;
    assert_eq!(
        of(&facts),
        (vec![id(b'u', 4)], Why::Owner(base::SubjectType::Project))
    );
}

// promise: O5
#[test]
fn a_team_without_a_chat_notifies_its_members() {
    let mut facts = facts();
    facts.members = vec![vec![], vec![], vec![1, 3]];
    let plan = planned(&facts, &assigned(&[], &[2]));
    assert_eq!(plan.inbox, [id(b'u', 1)], "and nobody outside the company");
    assert_eq!(why(&plan, Channel::Email, 1), [Why::Member(id(b't', 2))]);
}

// promise: O6
#[test]
fn a_team_gets_what_its_settings_let_through() {
    let mut facts = facts();
    let posts = |facts: &Facts, happening: &Happening| planned(facts, happening).deliveries.len();
    facts.rules.clear();
    let mut happening = created();
    happening.teams = vec![0];
    assert_eq!(posts(&facts, &happening), 2, "it counts as an assignment");
    facts.wants = vec![(Some(vec![1]), None)];
    assert_eq!(posts(&facts, &happening), 0);
    facts.wants = vec![(None, Some(Severity::Critical))];
    assert_eq!(posts(&facts, &happening), 0);
}

// promise: O7
#[test]
fn nobody_is_notified_of_their_own_action() {
    let mut facts = facts();
    let mut happening = assigned(&[0, 1], &[]);
    happening.about.actor = Some(0);
    assert_eq!(
        why(&planned(&facts, &happening), Channel::InApp, 0),
        [Why::OwnAct]
    );
    happening.about.by_token = true;
    assert_eq!(planned(&facts, &happening).inbox.len(), 2, "a program did it");
    happening.about.by_token = false;
    happening.bundled = true;
    assert_eq!(planned(&facts, &happening).inbox.len(), 2, "an import found it");
    happening.many = true;
    assert_eq!(
        planned(&facts, &happening).inbox.len(),
        1,
        "a bulk change is theirs"
    );
    facts.users[0].own_acts = true;
    assert_eq!(planned(&facts, &happening).inbox.len(), 2, "they asked for it");
}

// promise: O4
#[test]
fn a_rule_names_roles_teams_owners_and_followers_and_is_limited_by_filters() {
    let mut facts = facts();
    facts.users[1].manages = vec![0];
    facts.members = vec![vec![], vec![], vec![4]];
    facts.owners = vec![(vec![0], vec![])];
    facts.followers = vec![2];
    let more = More {
        teams: vec![2],
        managers: true,
        owners: true,
        followers: true,
        tool: Some(1),
    };
    facts.rules = vec![FactRule {
        kind: 4,
        more,
        ..rule(Channel::InApp)
    }];
    let mut happening = created();
    let mut inbox = planned(&facts, &happening).inbox;
    inbox.sort_unstable();
    assert_eq!(inbox, [id(b'u', 0), id(b'u', 1), id(b'u', 2), id(b'u', 4)]);
    happening.about.tool = Some(0);
    assert!(planned(&facts, &happening).inbox.is_empty());
}

// promise: R5
#[test]
fn an_opt_out_covers_a_rule_that_names_the_personal_chat() {
    let mut facts = facts();
    facts.users[0].chats[0] = Some((3, true));
    let mut hook = rule(Channel::Slack);
    hook.urls = vec![3];
    facts.rules.push(hook);
    let posts = |facts: &Facts| {
        let plan = planned(facts, &assigned(&[], &[]));
        plan.deliveries
            .iter()
            .filter(|one| one.channel == Channel::Slack)
            .count()
    };
    assert_eq!(posts(&facts), 1);
    facts.preferences.insert((0, 0, Channel::Slack), false);
    assert_eq!(posts(&facts), 0);
}
