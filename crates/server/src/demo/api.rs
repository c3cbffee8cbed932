//! Calls the router directly, without a socket.

use std::time::Duration;

use anyhow::Context;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, header},
};
use base::Time;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::PASSWORD;

/// The largest response the demo reads, in bytes.
const MAX_RESPONSE: usize = 4_000_000;

/// The router, and the signed-in user.
pub(super) struct Api<'a> {
    router: &'a Router,
    now: Time,
    token: Option<String>,
}

impl<'a> Api<'a> {
    pub(super) fn new(router: &'a Router, now: Time) -> Self {
        Self {
            router,
            now,
            token: None,
        }
    }

    /// The time in this number of days; in the past for a negative number.
    pub(super) fn at(&self, days: i64) -> String {
        let span = Duration::from_hours(24 * days.unsigned_abs());
        if days < 0 {
            self.now.before(span).to_string()
        } else {
            self.now.after(span).to_string()
        }
    }

    /// The day in this number of days.
    pub(super) fn day(&self, days: i64) -> String {
        self.at(days).chars().take("2026-01-31".len()).collect()
    }

    /// Makes this user the caller from now on.
    pub(super) async fn sign_in(&mut self, email: &str) -> anyhow::Result<()> {
        self.sign_out().await?;
        let answer = self
            .call(
                Method::POST,
                "/auth/login",
                Some(json!({"email": email, "password": PASSWORD})),
            )
            .await?;
        self.token = answer["token"].as_str().map(str::to_owned);
        Ok(())
    }

    /// Ends the caller's session, so that it does not appear in the user's list of sessions.
    pub(super) async fn sign_out(&mut self) -> anyhow::Result<()> {
        if self.token.is_some() {
            self.call(Method::POST, "/auth/logout", None).await?;
        }
        self.token = None;
        Ok(())
    }

    /// Creates a record; returns its id.
    pub(super) async fn create(&self, path: &str, body: Value) -> anyhow::Result<String> {
        let answer = self.call(Method::POST, path, Some(body)).await?;
        answer["id"]
            .as_str()
            .map(str::to_owned)
            .with_context(|| format!("{path} returned no id"))
    }

    /// Calls, with a JSON body or none.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(method, path, "application/json", body).await
    }

    /// Calls, with a body of this type.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: String,
    ) -> anyhow::Result<Value> {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        request = request.header(header::CONTENT_TYPE, kind);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = self
            .router
            .clone()
            .oneshot(request.body(Body::from(body))?)
            .await?;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), MAX_RESPONSE).await?;
        anyhow::ensure!(
            status.is_success(),
            "the demo: {path} returned {status}: {}",
            String::from_utf8_lossy(&bytes)
        );
        Ok(if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)?
        })
    }
}
