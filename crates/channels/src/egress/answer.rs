//! The other side's response, read with limits.

use std::time::Duration;

use hyper::{
    Response,
    body::{Body, Incoming},
    header::{HeaderMap, RETRY_AFTER},
};
use tokio::time::timeout;

/// How much of a response body is read.
pub(super) const MAX_BODY: usize = 64 * 1024;

/// The longest delay another side can ask for (promise S4).
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// A response: its status, and the beginning of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long the other side asks to wait before the next request.
    pub retry_after: Option<Duration>,
    /// The beginning of the body, at most 64 KiB.
    pub body: Vec<u8>,
}

/// Reads the response. The status counts; a body that breaks, trickles or does not end is only truncated.
pub(super) async fn read(response: Response<Incoming>, patience: Duration) -> Answer {
    let (head, mut incoming) = response.into_parts();
    let mut body = Vec::new();
    // `Err` means that the time is up: what was read until then is kept.
    let _ = timeout(patience, async {
        while body.len() < MAX_BODY {
            let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut incoming).poll_frame(cx)).await;
            let Some(Ok(frame)) = frame else { break };
            if let Ok(data) = frame.into_data() {
                let room = MAX_BODY - body.len();
                body.extend_from_slice(&data[..data.len().min(room)]);
            }
        }
    })
    .await;
    Answer {
        status: head.status.as_u16(),
        retry_after: retry_after(&head.headers),
        body,
    }
}

/// The delay that a `Retry-After` asks for: seconds, or a date relative to the response's own `Date`.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let date = |text: &str| jiff::fmt::rfc2822::parse(text).ok();
        // Both dates are the other side's, so its clock may be wrong.
        let sent = headers.get(hyper::header::DATE)?.to_str().ok().and_then(date)?;
        Duration::try_from(date(text)?.duration_since(&sent)).unwrap_or(Duration::ZERO)
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let wait = |pairs: &[(&'static str, &'static str)]| {
            let headers: HeaderMap = pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            retry_after(&headers)
        };
        let date = ("date", "Wed, 21 Oct 2026 07:28:00 GMT");
        let later = ("retry-after", "Wed, 21 Oct 2026 07:30:00 GMT");
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[date, later]), Some(Duration::from_mins(2)));
        assert_eq!(wait(&[later]), None);
        assert_eq!(wait(&[("retry-after", "99999999999")]), Some(MAX_RETRY_AFTER));
        for bad in ["", "-1", "soon", "1.5", "99999999999999999999999"] {
            assert_eq!(wait(&[("retry-after", bad)]), None, "{bad}");
        }
    }
}
