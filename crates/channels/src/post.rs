//! What all channels that post share: one post, its response classified by the one table and kept without secrets.

use std::time::Duration;

use base::text;
use hyper::body::Bytes;

use crate::{
    descriptor::Draft,
    destination::Destination,
    egress::{Answer, Egress, Failure},
    outcome::{Attempt, Outcome, of_status},
};

/// How much of a response is kept, in bytes.
const KEPT: usize = 512;

/// Parts of a URL that are at least this long are treated as a password where a response repeats them.
const SECRET_LENGTH: usize = 6;

/// The outbound client and the timeout of one post.
#[derive(Debug, Clone)]
pub(crate) struct Poster {
    pub(crate) egress: Egress,
    pub(crate) limit: Duration,
}

impl Poster {
    /// Posts the body and returns the outcome.
    pub(crate) async fn post(&self, destination: &Destination, draft: Draft) -> Attempt {
        match self
            .egress
            .post(destination, draft.headers, Bytes::from(draft.body), self.limit)
            .await
        {
            Ok(answer) => judge(destination, &answer),
            Err(failure) => {
                let outcome = match failure {
                    Failure::Forbidden(_) => Outcome::RefusedForGood,
                    Failure::NotSent(_) => Outcome::RefusedForNow { retry_after: None },
                    Failure::Unanswered(_) => Outcome::Unknown,
                };
                Attempt::without_answer(outcome, failure.to_string())
            }
        }
    }
}

fn judge(destination: &Destination, answer: &Answer) -> Attempt {
    let (outcome, reason) = of_status(answer.status, answer.retry_after);
    Attempt {
        outcome,
        status: Some(answer.status),
        answer: kept(destination, &answer.body),
        reason: reason.to_owned(),
        gone: answer.status == 410,
    }
}

/// The beginning of a response: clean text without the parts of the URL that it may repeat.
fn kept(destination: &Destination, body: &[u8]) -> String {
    // More than is kept, so that a secret across the cut is found too.
    let start = &body[..body.len().min(KEPT + crate::destination::MAX_BYTES)];
    let mut answer = String::from_utf8_lossy(start).into_owned();
    for secret in secrets(destination) {
        answer = answer.replace(&secret, "***");
    }
    let answer = text::line(&answer, KEPT);
    answer[..answer.floor_char_boundary(KEPT)].to_owned()
}

/// The URL, its path, and its parts that can be passwords, longest first.
fn secrets(destination: &Destination) -> Vec<String> {
    let path = destination.path_and_query();
    let mut secrets = vec![destination.expose().to_owned()];
    if path.len() >= SECRET_LENGTH {
        secrets.push(path.to_owned());
    }
    let parts = path.split(['/', '?', '&', '=', ';', '@']);
    secrets.extend(
        parts
            .filter(|part| part.len() >= SECRET_LENGTH)
            .map(str::to_owned),
    );
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

#[cfg(test)]
mod tests {
    use crate::destination::{self, Hosts};

    use super::*;

    #[test]
    fn an_answer_is_kept_short_clean_and_without_the_url() {
        let url = "https://hooks.slack.com/services/T0001111/B0001111/s3cr3tt0ken";
        let destination = destination::slack(url, &Hosts::default()).unwrap();
        let echo =
            format!("no service\r\nat {url}\0 POST /services/T0001111/B0001111/s3cr3tt0ken s3cr3tt0ken");
        assert_eq!(
            kept(&destination, echo.as_bytes()),
            "no service at *** POST *** ***"
        );
        let long = format!("{}s3cr3tt0ken", "ä".repeat(250));
        let text = kept(&destination, long.as_bytes());
        assert!(!text.contains("s3cr") && text.len() <= KEPT, "{text}");
        assert!(kept(&destination, &[0xff; 9000]).len() <= KEPT);
    }

    #[test]
    fn a_gone_destination_is_distinguished() {
        let destination =
            destination::slack("https://hooks.slack.com/services/a/b/c", &Hosts::default()).unwrap();
        for status in [200, 302, 400, 404, 410, 429, 500] {
            let answer = Answer {
                status,
                retry_after: None,
                body: Vec::new(),
            };
            assert_eq!(judge(&destination, &answer).gone, status == 410, "{status}");
        }
    }
}
