//! What an operator restricts or extends, and how a hostile host might try to look like one of them.

use super::super::{CHAT_HOSTS, Hosts, Reach, Refusal, TEAMS_HOSTS, on_hosts, slack, teams, webhook};

const PATH: &str = "webhookb2/1a-2b/IncomingWebhook/5e6f";

fn hosts(teams: &[&str]) -> Hosts {
    Hosts {
        teams: teams.iter().map(|host| host.parse().unwrap()).collect(),
        ..Hosts::default()
    }
}

fn taken(host: &str, hosts: &Hosts) -> Result<(), Refusal> {
    teams(&format!("https://{host}/{PATH}"), hosts).map(drop)
}

// promise: S1
#[test]
fn slacks_government_host_is_rejected_unless_enabled() {
    let mut hosts = Hosts::default();
    let gov = "https://hooks.slack-gov.com/services/T0/B0/x";
    assert_eq!(slack(gov, &hosts).err(), Some(Refusal::NotSlack));
    assert!(slack("https://hooks.slack.com/services/T0/B0/x", &hosts).is_ok());
    hosts.slack_gov = true;
    assert!(slack(gov, &hosts).is_ok());
    for host in [
        "xhooks.slack-gov.com",
        "x.hooks.slack-gov.com",
        "slack-gov.com",
        "hooks.slack-gov.com.evil.example",
        "hooks-slack-gov.com",
        "hooks.slack-gov.co",
    ] {
        let refused = slack(&format!("https://{host}/services/T0/B0/x"), &hosts);
        assert_eq!(refused.err(), Some(Refusal::NotSlack), "{host}");
    }
}

// promise: S1
#[test]
fn a_suffix_counts_from_a_full_stop_on() {
    let hosts = hosts(&["chat.acme.example", ".flows.acme.example"]);
    for host in [
        "chat.acme.example",
        "eu.chat.acme.example",
        "a.flows.acme.example",
        "a.b.flows.acme.example",
    ] {
        assert_eq!(taken(host, &hosts), Ok(()), "{host}");
    }
    for host in [
        "evilchat.acme.example",
        "evil-chat.acme.example",
        "evilflows.acme.example",
        "evil-flows.acme.example",
        "flows.acme.example",
        "acme.example",
        "chat.acme.example.evil.example",
        "a.flows.acme.example.evil.example",
        "chat.acme.exampl",
        "chatacme.example",
    ] {
        assert_eq!(taken(host, &hosts), Err(Refusal::NotTeams), "{host}");
    }
}

// promise: S1
#[test]
fn the_usual_hosts_go_where_the_operator_names_others() {
    let narrow = hosts(&["webhook.office.com"]);
    assert_eq!(taken("acme.webhook.office.com", &narrow), Ok(()));
    for host in [
        "acme.webhook.office365.com",
        "a.logic.azure.com",
        "a.environment.api.powerplatform.com",
    ] {
        assert_eq!(taken(host, &Hosts::default()), Ok(()), "{host}");
        assert_eq!(taken(host, &narrow), Err(Refusal::NotTeams), "{host}");
        assert_eq!(taken(host, &hosts(&[])), Err(Refusal::NotTeams), "{host}");
    }
    assert_eq!(hosts(&TEAMS_HOSTS), Hosts::default(), "the defaults read back");
}

#[test]
fn an_invalid_host_name_is_rejected() {
    for bad in [
        "",
        ".",
        "com",
        ".com",
        "..example.com",
        "example.com.",
        "*.example.com",
        "Example.com",
        "https://example.com",
        "example.com/x",
        "example.com:443",
        "user@example.com",
        "-a.example.com",
        "a-.example.com",
        "127.0.0.1",
        "1.1",
        "[::1]",
        "exämple.com",
        "a b.com",
    ] {
        assert!(bad.parse::<super::super::HostName>().is_err(), "{bad}");
    }
}

// promise: S1
// promise: C9
#[test]
fn a_chat_leads_to_hosts_that_the_operator_named_alone() {
    let known = Hosts::default().chat;
    for host in CHAT_HOSTS {
        assert!(
            on_hosts(&format!("https://{host}/api/webhooks/1/x"), &known).is_ok(),
            "{host}"
        );
    }
    let own = ["chat.acme.example".parse().unwrap()];
    assert!(on_hosts("https://chat.acme.example:8065/hooks/x", &own).is_ok());
    for (url, refused) in [
        ("http://chat.acme.example/hooks/x", Refusal::NotHttps),
        ("https://discord.com/api/webhooks/1/x", Refusal::NotNamed),
        ("https://evilchat.acme.example/hooks/x", Refusal::NotNamed),
        ("https://127.0.0.1/hooks/x", Refusal::NotNamed),
        ("https://chat.acme.example:6667/hooks/x", Refusal::BadPort),
    ] {
        assert_eq!(on_hosts(url, &own).err(), Some(refused), "{url}");
    }
}

#[test]
fn no_webhook_uses_a_port_of_another_protocol() {
    let reach = Reach {
        networks: vec!["10.0.0.0/8".parse().unwrap()],
        hosts: Vec::new(),
    };
    for port in [22, 25, 110, 143, 587, 993, 6000, 6667, 10080] {
        for url in [
            format!("https://hooks.example:{port}/x"),
            format!("http://10.0.0.1:{port}/x"),
        ] {
            assert_eq!(webhook(&url, &reach).err(), Some(Refusal::BadPort), "{url}");
        }
    }
    for port in [80, 443, 3000, 8000, 8080, 8443, 9000] {
        assert!(
            webhook(&format!("https://hooks.example:{port}/x"), &reach).is_ok(),
            "{port}"
        );
    }
}
