//! Access control in the hands of a test, a server on loopback, and a client that reads the stream like any other.

pub(crate) mod client;
pub(crate) mod test_access;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use access::{AccessChange, Problem};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base::{Audience, Bus, Clock, Event, Id, Kind, Severity, Subject, SubjectType};
use client::Client;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use realtime::{Bridge, Handover, Hub, Identify, Options, Streams, http};
use test_access::TestAccess;
use tokio::net::{TcpListener, TcpSocket};
use tower::ServiceExt;

/// The path of the stream.
pub(crate) const PATH: &str = "/api/v1/stream";
/// The path of its tickets.
pub(crate) const TICKETS: &str = "/api/v1/stream/tickets";

/// A server with everything between the bus and the socket.
pub(crate) struct TestServer {
    pub(crate) hub: Hub,
    pub(crate) bus: Bus,
    pub(crate) clock: Clock,
    pub(crate) access: Arc<TestAccess>,
    pub(crate) address: SocketAddr,
}

impl TestServer {
    /// Starts one on the machine's clock.
    pub(crate) fn start(options: &Options) -> Self {
        Self::start_on(options, Clock::system())
    }

    /// Starts one on this clock.
    pub(crate) fn start_on(options: &Options, clock: Clock) -> Self {
        let (hub, shards) = Hub::new(options, clock.clone());
        for shard in shards {
            tokio::spawn(shard.run());
        }
        let bus = Bus::new();
        let access = Arc::new(TestAccess::new(clock.clone()));
        tokio::spawn(Bridge::new(hub.clone(), &bus, &*access).run());
        let streams = Streams::behind(
            hub.clone(),
            Arc::clone(&access) as Arc<dyn Identify>,
            clock.clone(),
        );
        let router = Router::new()
            .route(PATH, get(http::stream))
            .with_state(streams.clone())
            .merge(
                Router::new()
                    .route(TICKETS, post(ticket))
                    .with_state((streams, Arc::clone(&access))),
            );
        let listener = listen();
        let address = listener.local_addr().unwrap();
        tokio::spawn(accept(listener, router));
        Self {
            hub,
            bus,
            clock,
            access,
            address,
        }
    }

    /// A stream that has read its ping, opened with a bearer token.
    pub(crate) async fn open(&self, token: &str) -> Client {
        let mut client = self.try_open(token).await.unwrap();
        assert_eq!(client.next().await.unwrap(), serde_json::json!({"type": "ping"}));
        client
    }

    /// A stream, or the status it was refused with.
    pub(crate) async fn try_open(&self, token: &str) -> Result<Client, client::Refusal> {
        let authorization = format!("Authorization: Bearer {token}");
        Client::open(self.address, PATH, &[&authorization]).await
    }

    /// Publishes events as one commit.
    pub(crate) fn commit(&self, events: Vec<Event>) {
        self.bus.publish(events.into());
    }

    /// Publishes one event of a company and returns its id.
    pub(crate) fn project_created(&self, company: Id) -> String {
        let event = self.event(Kind::ProjectCreated, Audience::Company(company));
        let id = event.id.to_string();
        self.commit(vec![event]);
        id
    }

    /// Waits until everything that was published and announced so far has reached the hub: a stranger's frame arrives
    /// and their stream ends after all of that.
    pub(crate) async fn caught_up(&self) {
        let stranger = self.access.member(&[]);
        let mut client = self.open(&self.access.sign_in(stranger)).await;
        self.commit(vec![self.event(Kind::NotificationRead, Audience::User(stranger))]);
        assert!(client.next().await.is_some());
        self.access.announce(AccessChange::User(stranger));
        assert_eq!(client.next().await, None);
    }

    /// An event of any kind.
    pub(crate) fn event(&self, kind: Kind, audience: Audience) -> Event {
        let subject = Subject {
            kind: match kind.category() {
                "finding" | "sla" | "retest" => SubjectType::Finding,
                "notification" => SubjectType::Notification,
                _ => SubjectType::Project,
            },
            id: self.clock.id(),
        };
        let mut event = Event::new(&self.clock, kind, audience, subject);
        event.severity = kind.about().severity.then_some(Severity::High);
        event
    }
}

/// [`realtime::http::ticket`] for users of the test; identifying the caller is up to access.
async fn ticket(
    State((streams, access)): State<(Streams, Arc<TestAccess>)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
    let caller = access.find(token.unwrap_or_default())?;
    let ticket = streams.ticket_for(&caller, &headers).await?;
    Ok((StatusCode::CREATED, Json(ticket)).into_response())
}

/// Small kernel buffers, so that a client that does not read is soon noticed.
fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(8 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(1024).unwrap()
}

/// A minimal version of the server's accept loop: a stream takes the socket of its connection.
async fn accept(listener: TcpListener, router: Router) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let handover = Handover::default();
        let (router, offered) = (router.clone(), handover.clone());
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            let (router, handover) = (router.clone(), offered.clone());
            handover.offer(&mut request);
            async move { Ok::<_, Infallible>(handover.settle(router.oneshot(request).await?).await) }
        });
        tokio::spawn(async move {
            let mut builder = http1::Builder::new();
            builder.max_buf_size(16 * 1024);
            let mut connection = builder.serve_connection(TokioIo::new(socket), service);
            tokio::select! {
                // A client that disconnects halfway is not a failure.
                _ = &mut connection => {}
                taken = handover.taken() => taken.continue_on(connection.into_parts().io.into_inner()),
            }
        });
    }
}

/// Waits until a condition holds, a few seconds at most.
pub(crate) async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within five seconds: {what}");
}
