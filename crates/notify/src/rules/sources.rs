//! By which rule or default a notification of each type can reach a person on each channel: what the preference matrix
//! can apply to at all.
//!
//! Must not: decide about an event; it is about possibilities.

use std::collections::BTreeMap;

use access::{Caller, Json, Problem};
use axum::extract::State as Extract;
use base::{Id, Severity};
use serde::Serialize;

use super::read;
use crate::{
    chat,
    http::State,
    plan::Rule,
    preferences::{cells, key},
};

/// What can reach the caller in one cell of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = NotificationCell)]
pub struct Cell {
    /// Whether anything can: false means "no rule yet".
    pub possible: bool,
    /// The rules and defaults by which it can.
    pub sources: Vec<Source>,
}

/// One way a notification can reach the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = NotificationSource)]
pub struct Source {
    /// `rule`, or `chat` for a personal chat, which needs none.
    pub kind: &'static str,
    /// The rule.
    pub rule_id: Option<Id>,
    /// The company the rule is for; null for all.
    pub company_id: Option<Id>,
    /// The minimum severity.
    pub min_severity: Option<Severity>,
    /// The same as a sentence.
    pub text: String,
}

/// Per cell of the preference matrix, by which rule or default it can reach the caller
#[utoipa::path(get, path = "/me/notification-sources", tag = "preferences", responses(
    (status = 200, description = "Each cell by its key, such as `finding.assigned:email`", body = BTreeMap<String, Cell>),
    (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
))]
pub async fn list_sources(
    Extract(state): Extract<State>,
    caller: Caller,
) -> Result<Json<BTreeMap<String, Cell>>, Problem> {
    let vault = state.access.vault().clone();
    let read = state.access.store().read(move |tx| {
        let rules = read::for_plan(tx, &vault)?;
        let chats = chat::opted_in(tx, &[caller.user_id.into()])?;
        Ok::<_, Problem>(
            cells()
                .map(|(kind, channel)| {
                    let mut sources: Vec<Source> = rules
                        .of(kind, channel)
                        .filter(|rule| !channel.has_url() && concerns(rule, &caller))
                        .map(by_rule)
                        .collect();
                    if chats.contains(&(caller.user_id, channel)) {
                        sources.push(by_chat());
                    }
                    let cell = Cell {
                        possible: !sources.is_empty(),
                        sources,
                    };
                    (key((kind, channel)), cell)
                })
                .collect(),
        )
    });
    read.await.map(Json)
}

/// Whether the rule is for one of the caller's companies.
fn concerns(rule: &Rule, caller: &Caller) -> bool {
    rule.company.is_none_or(|company| caller.scope.allows(company))
}

fn by_rule(rule: &Rule) -> Source {
    let whose = match rule.company {
        Some(_) => "A rule of the company turns it on",
        None => "A platform-wide rule turns it on",
    };
    let text = match rule.min_severity {
        Some(severity) => format!("{whose}, from {severity}."),
        None => format!("{whose}."),
    };
    Source {
        kind: "rule",
        rule_id: Some(rule.id),
        company_id: rule.company,
        min_severity: rule.min_severity,
        text,
    }
}

fn by_chat() -> Source {
    Source {
        kind: "chat",
        rule_id: None,
        company_id: None,
        min_severity: None,
        text: "Your personal chat is on; it needs no rule.".to_owned(),
    }
}
