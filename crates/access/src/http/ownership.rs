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

/// The rules to be, in their order: the first that matches a finding counts.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[schema(as = NewOwnershipRules)]
#[serde(deny_unknown_fields)]
pub struct RulesBody {
    /// At most 1,000.
    #[schema(max_items = 1000, value_type = Vec<DescribedRule>)]
    #[serde(deserialize_with = "crate::objects")]
    items: Vec<RuleBody>,
}

/// A rule to be. It names somebody.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[schema(as = NewOwnershipRule)]
#[serde(deny_unknown_fields)]
struct RuleBody {
    /// Which findings it is about; every one where it is empty.
    #[serde(default, rename = "match", deserialize_with = "crate::object")]
    of: Match,
    /// The people who are responsible for them: members of the company.
    #[serde(default)]
    #[schema(value_type = Ids<{ MAX_OWNERS }>)]
    user_ids: Vec<Id>,
    /// The teams that are: of the company.
    #[serde(default)]
    #[schema(value_type = Ids<{ MAX_OWNERS }>)]
    team_ids: Vec<Id>,
    /// Passed over, so that what was answered can be sent back: its place in the list counts.
    #[serde(default, rename = "position")]
    _position: Option<u32>,
    /// Passed over, too.
    #[serde(default, rename = "active")]
    _active: Option<bool>,
}

crate::described_with! {
    /// A rule to be, which names somebody.
    DescribedRule, RuleBody, some_of(&["user_ids", "team_ids"])
}

/// A company's rules, in their order.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OwnershipRules)]
pub struct Rules {
    /// The first that matches a finding counts.
    items: Vec<RuleView>,
}

/// A rule: who is responsible for which findings.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OwnershipRule)]
struct RuleView {
    /// Its place in the list, from 1.
    position: u32,
    /// Which findings it is about; every one where it is empty.
    #[serde(rename = "match")]
    of: Match,
    /// The people who are responsible for them.
    user_ids: Vec<Id>,
    /// The teams that are.
    team_ids: Vec<Id>,
    /// Whether it counts. One whose people and teams have all left is skipped.
    active: bool,
}

/// A CODEOWNERS file.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Codeowners {
    /// Its text.
    text: String,
}

/// What a CODEOWNERS file comes to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CodeownersRules {
    /// The rules, ready to be saved: the last line of the file comes first.
    items: Vec<RuleView>,
    /// What of the file is not in them.
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

/// Who is responsible for which findings of a company
///
/// The first rule that matches a finding assigns it when it is created, or reopened without assignees.
#[utoipa::path(
    get, path = "/companies/{id}/ownership-rules", tag = "companies", operation_id = "get_ownership_rules",
    params(("id" = Id, Path, description = "The company")),
    responses(
        (status = 200, description = "The rules, in their order", body = Rules),
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

/// Set who is responsible for which findings of a company
///
/// All rules at once, in their order. For managers of the company. Findings that exist are not assigned anew.
#[utoipa::path(
    put, path = "/companies/{id}/ownership-rules", tag = "companies", operation_id = "put_ownership_rules",
    params(("id" = Id, Path, description = "The company")), request_body = RulesBody,
    responses(
        (status = 200, description = "The rules as they are now", body = Rules),
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
    check.that(body.items.len() <= MAX_RULES, "items", "there are more than 1000");
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

/// The rule, as far as it fits without a look at the company.
fn checked(index: usize, rule: RuleBody, check: &mut Check) -> Written {
    let mut rule = Written {
        of: rule.of,
        user_ids: rule.user_ids,
        team_ids: rule.team_ids,
    };
    let item = format!("items[{index}]");
    let names = !rule.user_ids.is_empty() || !rule.team_ids.is_empty();
    check.that(names, &item, "it names nobody");
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

/// The rules that a CODEOWNERS file comes to
///
/// Takes the text of the file, as `text/plain` or as the field `text` of a JSON object. Nothing is saved: send the rules
/// to `PUT /companies/{id}/ownership-rules`. `@name` is the member whose email address begins so or whose name is that,
/// `@org/team` the team of that name, an address the member who has it.
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
    // A long file with many owners takes its time.
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
                Problem::new(StatusCode::BAD_REQUEST, "The body did not arrive whole.")
            }
        })?;
        let text = String::from_utf8(bytes.to_vec());
        let text = text.map_err(|_| Problem::unprocessable("The body is not a text in UTF-8."))?;
        Ok(Self { text })
    }
}
