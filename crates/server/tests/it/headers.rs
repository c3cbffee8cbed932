//! The headers of every response, and which request headers are accepted.

use reqwest::{Method, header};

use crate::support::{Server, databases};

// issue 18, line 4
#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_accepted_only_if_short_and_plain() {
    let database = databases().await.remove(0);
    let server = Server::start(&database, &[]).await;
    let client = server.admin().await;
    let id_for = async |id: &str| {
        let request = client.request(Method::GET, "/me").header("x-request-id", id);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id_for("job-17.step_4").await, "job-17.step_4");
    for odd in [&*"x".repeat(5_000), "a b", "id=\"1\"", ""] {
        let own = id_for(odd).await;
        assert!(own.len() == 36 && own.parse::<base::Id>().is_ok(), "{own}");
    }
    server.stop().await;
}

// issue 18, line 4
#[tokio::test(flavor = "multi_thread")]
async fn https_responses_set_strict_transport_security() {
    for (public_url, has_header) in [("http://127.0.0.1", false), ("https://campanile.test", true)] {
        let database = databases().await.remove(0);
        let server = Server::start(&database, &[("CAMPANILE_PUBLIC_URL", public_url.to_owned())]).await;
        let client = server.admin().await;
        for path in ["/", "/api/v1/me", "/api/v1/nothing", "/healthz"] {
            let response = client.at_root(Method::GET, path).send().await.unwrap();
            let header = response.headers().get(header::STRICT_TRANSPORT_SECURITY);
            let expected = has_header.then(|| header::HeaderValue::from_static("max-age=31536000"));
            assert_eq!(header, expected.as_ref(), "{public_url}{path}");
        }
        server.stop().await;
    }
}
