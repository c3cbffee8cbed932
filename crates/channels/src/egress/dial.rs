//! A connection to a checked address: the checked address is the one that is dialed.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use crate::destination::{Destination, Reach};
use rustls::{
    ClientConfig,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use rustls_platform_verifier::Verifier;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use super::{Failure, Lookup, Options, Resolve, SetupError, wire::Stream};

/// How many addresses of a host are tried.
const MAX_ADDRESSES: usize = 4;

/// The connect timeout of one address, so that the next one has a chance.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(4);

/// Opens connections.
pub(super) struct Dialer {
    reach: Reach,
    resolve: Vec<Resolve>,
    lookup: Arc<dyn Lookup>,
    tls: TlsConnector,
}

impl Dialer {
    pub(super) fn new(options: Options, lookup: Arc<dyn Lookup>) -> Result<Self, SetupError> {
        let hosts = options
            .resolve
            .iter()
            .map(|resolve| (resolve.host.clone(), resolve.port))
            .collect();
        Ok(Self {
            reach: Reach {
                networks: options.allow_networks,
                hosts,
            },
            tls: connector(options.ca_file.as_deref(), &[b"http/1.1"])?,
            resolve: options.resolve,
            lookup,
        })
    }

    pub(super) const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// A connection to the destination, with TLS if it is https.
    pub(super) async fn dial(&self, destination: &Destination) -> Result<Box<dyn Stream>, Failure> {
        let addresses = self.addresses(destination).await?;
        let tcp = connect(&addresses).await?;
        // Only keeps the system from waiting for more to write; without it things are slower, not wrong.
        let _ = tcp.set_nodelay(true);
        if !destination.is_https() {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(destination.host())
            .map_err(|_| Failure::Forbidden("the host cannot be verified"))?;
        let tls = self.tls.connect(name, tcp).await.map_err(|error| {
            let reason = error
                .get_ref()
                .and_then(|cause| cause.downcast_ref::<rustls::Error>())
                .map_or_else(|| error.kind().to_string(), ToString::to_string);
            Failure::NotSent(format!("TLS failed: {}", base::text::line(&reason, 200)))
        })?;
        Ok(Box::new(tls))
    }

    /// The addresses to dial: configured by the operator, or resolved and each of them permitted.
    async fn addresses(&self, destination: &Destination) -> Result<Vec<SocketAddr>, Failure> {
        let (host, port) = (destination.host(), destination.port());
        let given: Vec<_> = self
            .resolve
            .iter()
            .filter(|line| line.host == host && line.port == port)
            .map(|line| SocketAddr::new(line.address, line.dial_port.unwrap_or(port)))
            .collect();
        if !given.is_empty() {
            return Ok(given);
        }
        let found = match host.parse::<IpAddr>() {
            Ok(literal) => vec![literal],
            Err(_) => self.lookup.lookup(host).await.map_err(|_| unresolved())?,
        };
        if found.is_empty() {
            return Err(unresolved());
        }
        // One address that is not permitted rules out all: a name with both is an attack, or an internal one.
        if !found.iter().all(|address| self.reach.permits(*address)) {
            return Err(Failure::Forbidden(
                "the host's address is not public and not in an allowed network",
            ));
        }
        if !destination.is_https() && !found.iter().all(|address| self.reach.allows(*address)) {
            return Err(Failure::Forbidden("http is only for allowed networks"));
        }
        Ok(found
            .into_iter()
            .take(MAX_ADDRESSES)
            .map(|address| SocketAddr::new(address.to_canonical(), port))
            .collect())
    }
}

fn unresolved() -> Failure {
    Failure::NotSent("the host was not found".to_owned())
}

/// The first of the addresses that answers.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Failure> {
    let mut reason = "the connection timed out".to_owned();
    for address in addresses {
        match timeout(ADDRESS_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => reason = format!("connection failed: {}", error.kind()),
            Err(_) => "the connection timed out".clone_into(&mut reason),
        }
    }
    Err(Failure::NotSent(reason))
}

/// TLS 1.2 and 1.3 with the system's trust store and the operator's own certificates, and which protocols are
/// negotiated.
pub(crate) fn connector(ca_file: Option<&Path>, protocols: &[&[u8]]) -> Result<TlsConnector, SetupError> {
    let roots = ca_file.map(certificates).transpose()?.unwrap_or_default();
    let provider = Arc::new(ring::default_provider());
    let failed = |error: rustls::Error| SetupError::Tls(error.to_string());
    let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider)).map_err(failed)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The certificates of a PEM file: at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let fault = |reason: String| SetupError::CaFile {
        path: path.to_owned(),
        reason,
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| fault(format!("cannot be read: {error}")))?;
    if found.is_empty() {
        return Err(fault("contains no certificate".to_owned()));
    }
    Ok(found)
}
