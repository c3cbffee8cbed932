//! The ownership rules of a company.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, State},
    http::{StatusCode, header},
};
use base::Id;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Access, Caller, Json, Path, Problem, Role,
    audit::{self, Action, By, Entry},
    companies,
    ownership::{
        self, Known, MAX_OWNERS, Match, Rule, TEXT, Written,
        codeowners::{self, MAX_RULES, People, Person, Unmapped},
    },
    schema::{Ids, some_of},
    teams,
    validate::Check,
};

/// The new rules, in order: the first that matches a finding applies.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[schema(as = NewOwnershipRules)]
#[serde(deny_unknown_fields)]
pub struct RulesBody {
    /// At most 1,000.
    #[schema(max_items = 1000, value_type = Vec<DescribedRule>)]
    #[serde(deserialize_with = "crate::objects")]
    items: Vec<RuleBody>,
}

/// A new rule. It names at least one user or team.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[schema(as = NewOwnershipRule)]
#[serde(deny_unknown_fields)]
struct RuleBody {
    /// Which findings it matches; all if empty.
    #[serde(default, rename = "match", deserialize_with = "crate::object")]
    of: Match,
    /// The responsible users: members of the company.
    #[serde(default)]
    #[schema(value_type = Ids<{ MAX_OWNERS }>)]
    user_ids: Vec<Id>,
    /// The responsible teams of the company.
    #[serde(default)]
    #[schema(value_type = Ids<{ MAX_OWNERS }>)]
    team_ids: Vec<Id>,
    /// Ignored, so that a response can be sent back: the position in the list counts.
    #[serde(default, rename = "position")]
    _position: Option<u32>,
    /// Ignored, too.
    #[serde(default, rename = "active")]
    _active: Option<bool>,
}

crate::described_with! {
    /// A new rule, which names at least one user or team.
    DescribedRule, RuleBody, some_of(&["user_ids", "team_ids"])
}

/// A company's rules, in order.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OwnershipRules)]
pub struct Rules {
    /// The first that matches a finding applies.
    items: Vec<RuleView>,
}

/// A rule: who is responsible for which findings.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OwnershipRule)]
struct RuleView {
    /// Its place in the list, from 1.
    position: u32,
    /// Which findings it matches; all if empty.
    #[serde(rename = "match")]
    of: Match,
    /// The responsible users.
    user_ids: Vec<Id>,
    /// The responsible teams.
    team_ids: Vec<Id>,
    /// Whether it is active. A rule whose users and teams have all left is skipped.
    active: bool,
}

/// A CODEOWNERS file.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Codeowners {
    /// Its text.
    text: String,
}

/// The rules from a CODEOWNERS file.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CodeownersRules {
    /// The rules, ready to be saved: the last line of the file is first.
    items: Vec<RuleView>,
    /// The parts of the file that could not be mapped.
    unmapped: Vec<Unmapped>,
}

fn shown(rules: Vec<Written>) -> Vec<RuleView> {
    let view = |(position, rule): (u32, Written)| RuleView {
        position,
        active: !rule.user_ids.is_empty() || !rule.team_ids.is_empty(),
        of: rule.of,
        user_ids: rule.user_ids,
        team_ids: rule.team_ids,
    };
    (1..).zip(rules).map(view).collect()
}

/// Get a company's ownership rules
///
/// The first rule that matches a finding assigns it when it is created, or reopened without assignees.
#[utoipa::path(
    get, path = "/companies/{id}/ownership-rules", tag = "companies", operation_id = "get_ownership_rules",
    params(("id" = Id, Path, description = "The company")),
    responses(
        (status = 200, description = "The rules, in order", body = Rules),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(access): State<Access>,
    caller: Caller,
    Path(company): Path<Id>,
) -> Result<Json<Rules>, Problem> {
    caller.may(company, Role::Viewer)?;
    let rules = access.store().read(move |tx| {
        companies::find(tx, company, &caller.scope)?;
        Ok::<_, Problem>(ownership::list(tx, company)?)
    });
    Ok(Json(Rules {
        items: shown(rules.await?),
    }))
}

/// Set a company's ownership rules
///
/// Replaces all rules. Requires a manager of the company. Existing findings are not reassigned.
#[utoipa::path(
    put, path = "/companies/{id}/ownership-rules", tag = "companies", operation_id = "put_ownership_rules",
    params(("id" = Id, Path, description = "The company")), request_body = RulesBody,
    responses(
        (status = 200, description = "The saved rules", body = Rules),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn put(
    State(access): State<Access>,
    caller: Caller,
    Path(company): Path<Id>,
    Json(body): Json<RulesBody>,
) -> Result<Json<Rules>, Problem> {
    caller.may(company, Role::Manager)?;
    let mut check = Check::new();
    check.that(
        body.items.len() <= MAX_RULES,
        "items",
        "must have at most 1,000 rules",
    );
    let items = body.items.into_iter().take(MAX_RULES).enumerate();
    let mut rules: Vec<Written> = items
        .map(|(index, rule)| checked(index, rule, &mut check))
        .collect();
    let rules = access.store().write(move |tx| {
        let name = ownership::held(tx, company)?.ok_or_else(Problem::not_found)?;
        let known = Known::of(tx, company)?;
        for (index, rule) in rules.iter_mut().enumerate() {
            let ids = (&*rule.user_ids, &*rule.team_ids);
            (rule.user_ids, rule.team_ids) = known.check(ids, &format!("items[{index}]."), &mut check);
        }
        check.done()?;
        let before = ownership::list(tx, company)?;
        ownership::replace(tx, company, &rules)?;
        let named = |rules: &[Written]| json!({"ownership_rules": rules});
        let entry = Entry::new(Action::SettingsChanged, company, name).of(company);
        let entry = entry.changed(&named(&before), &named(&rules));
        audit::note(tx, &By::caller(&caller), entry)?;
        Ok::<_, Problem>(rules)
    });
    Ok(Json(Rules {
        items: shown(rules.await?),
    }))
}

/// Validates a rule, as far as possible without the company's data.
fn checked(index: usize, rule: RuleBody, check: &mut Check) -> Written {
    let mut rule = Written {
        of: rule.of,
        user_ids: rule.user_ids,
        team_ids: rule.team_ids,
    };
    let item = format!("items[{index}]");
    let names = !rule.user_ids.is_empty() || !rule.team_ids.is_empty();
    check.that(names, &item, "must name at least one user or team");
    for (field, text) in rule.of.texts() {
        if let Some(text) = text {
            *text = check.line(&format!("{item}.match.{field}"), text, TEXT);
        }
    }
    if let Err(error) = Rule::new(1, rule.of.clone(), Vec::new(), Vec::new()) {
        check.note(format!("{item}.match.path"), error.to_string());
    }
    rule
}

/// Convert a CODEOWNERS file to rules
///
/// Accepts the text of the file as `text/plain` or as the field `text` of a JSON object. Nothing is saved: send the rules
/// to `PUT /companies/{id}/ownership-rules`. `@name` is the member with that name or email local part,
/// `@org/team` the team with that name, an email address the member with that address.
#[utoipa::path(
    post, path = "/companies/{id}/ownership-rules/codeowners", tag = "companies", operation_id = "read_codeowners",
    params(("id" = Id, Path, description = "The company")),
    request_body(content((Codeowners = "application/json"), (String = "text/plain"))),
    responses(
        (status = 200, description = "The rules, and what could not be mapped", body = CodeownersRules),
        (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn read_codeowners(
    State(access): State<Access>,
    caller: Caller,
    Path(company): Path<Id>,
    Codeowners { text }: Codeowners,
) -> Result<Json<CodeownersRules>, Problem> {
    caller.may(company, Role::Manager)?;
    let people = access.store().read(move |tx| {
        companies::find(tx, company, &caller.scope)?;
        let members = companies::members(tx, company)?.into_iter().map(|member| Person {
            id: member.user_id,
            name: member.name,
            email: member.email,
        });
        Ok::<_, Problem>(People {
            members: members.collect(),
            teams: teams::names(tx, company)?,
        })
    });
    let people = people.await?;
    // A long file with many owners may take long.
    let read = tokio::task::spawn_blocking(move || codeowners::read(&text, &people));
    let (rules, unmapped) = read.await.map_err(|_| Problem::internal())?;
    Ok(Json(CodeownersRules {
        items: shown(rules),
        unmapped,
    }))
}

impl<S: Send + Sync> FromRequest<S> for Codeowners {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/json") {
            return Json::<Self>::from_request(request, state)
                .await
                .map(|Json(body)| body);
        }
        if !kind.eq_ignore_ascii_case("text/plain") {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must be sent as Content-Type: text/plain or application/json.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|error| {
            if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.")
            } else {
                Problem::new(StatusCode::BAD_REQUEST, "The body is incomplete.")
            }
        })?;
        let text = String::from_utf8(bytes.to_vec());
        let text = text.map_err(|_| Problem::unprocessable("The body must be UTF-8 text."))?;
        Ok(Self { text })
    }
}
