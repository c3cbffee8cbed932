//! TLS in this process: the certificate and the key of two files, reloaded while the server runs.
//!
//! Owns: what the files must contain, the certificate currently served, the handshake's configuration.
//! Must not: quote the content of a file.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use base::Clock;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;

/// What ALPN calls HTTP/2 (RFC 9113, section 3.1).
pub(crate) const H2: &[u8] = b"h2";
/// What ALPN calls HTTP/1.1 (RFC 7301, section 6).
const HTTP1: &[u8] = b"http/1.1";

/// How often the files are reloaded: certificates are renewed days before they expire.
const RELOAD_INTERVAL: Duration = Duration::from_mins(1);

/// Where the certificate and its key are, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The server's certificate, followed by its intermediate certificates.
    pub cert: PathBuf,
    /// Its key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// Reads both files and compares them.
///
/// # Errors
/// All errors, each beginning with its setting.
pub(crate) fn read(files: &Files) -> Result<CertifiedKey, Vec<String>> {
    let chain = chain(&files.cert).map_err(|why| format!("tls.cert_file: {why}"));
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| describe(&error, "key without a password"));
    let key = key.and_then(|key| {
        let signer = provider().key_provider.load_private_key(key);
        signer.map_err(|_| "unsupported type of key".to_owned())
    });
    let key = key.map_err(|why| format!("tls.key_file: {why}"));
    let (chain, key) = match (chain, key) {
        (Ok(chain), Ok(key)) => (chain, key),
        (chain, key) => return Err(chain.err().into_iter().chain(key.err()).collect()),
    };
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) => Ok(pair),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(vec!["tls.key_file: does not match tls.cert_file".to_owned()])
        }
        Err(_) => Err(vec![
            "tls.cert_file: the first certificate cannot be read".to_owned(),
        ]),
    }
}

fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let described = |error: &pem::Error| describe(error, "certificate");
    let chain = CertificateDer::pem_file_iter(file).map_err(|error| described(&error))?;
    let chain = chain
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| described(&error))?;
    if chain.is_empty() {
        return Err(described(&pem::Error::NoItemsFound));
    }
    Ok(chain)
}

/// The error of a file without quoting its content, as the original error would.
fn describe(error: &pem::Error, wanted: &str) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => format!("contains no {wanted}"),
        _ => "not PEM".to_owned(),
    }
}

fn provider() -> CryptoProvider {
    ring::default_provider()
}

/// The certificate that is served.
#[derive(Debug)]
pub(crate) struct Certificate {
    files: Files,
    shown: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// The one in these files.
    ///
    /// # Errors
    /// As [`read`].
    pub(crate) fn load(files: Files) -> Result<Arc<Self>, Vec<String>> {
        let shown = RwLock::new(Arc::new(read(&files)?));
        Ok(Arc::new(Self { files, shown }))
    }

    /// Reloads the files once a minute. An unusable certificate leaves the old one in place.
    pub(crate) async fn follow(self: Arc<Self>, clock: Clock) {
        loop {
            clock.sleep(RELOAD_INTERVAL).await;
            let this = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || this.reload()).await;
            match looked {
                Ok(Ok(false)) | Err(_) => {}
                Ok(Ok(true)) => tracing::info!("the renewed certificate is in use"),
                Ok(Err(wrong)) => tracing::warn!(
                    error = wrong.join("; "),
                    "the certificate on disk cannot be used: the previous one stays in use"
                ),
            }
        }
    }

    /// Whether there is a new one.
    fn reload(&self) -> Result<bool, Vec<String>> {
        let found = read(&self.files)?;
        if found.cert == self.shown().cert {
            return Ok(false);
        }
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(found);
        Ok(true)
    }

    fn shown(&self) -> Arc<CertifiedKey> {
        // It is replaced by a single assignment.
        Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown())
    }
}

/// TLS 1.2 and 1.3 with this certificate, HTTP/2 before HTTP/1.1, and session tickets for resumption.
///
/// # Errors
/// Only if the system provides no randomness.
pub(crate) fn acceptor(certificate: Arc<Certificate>) -> Result<TlsAcceptor, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![H2.to_vec(), HTTP1.to_vec()];
    config.ticketer = ring::Ticketer::new()?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use notify::testing::Ca;
    use tempfile::TempDir;

    use super::*;

    fn files(folder: &TempDir) -> Files {
        let (cert, key) = Ca::new().server_files(folder.path(), &["localhost"]);
        Files { cert, key }
    }

    fn text(file: &Path) -> String {
        std::fs::read_to_string(file).unwrap()
    }

    #[track_caller]
    fn wrong(files: &Files, expected: &[&str]) {
        assert_eq!(read(files).map(drop).unwrap_err(), expected);
    }

    #[test]
    fn a_sec1_key_and_a_long_chain_are_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(&folder);
        assert_eq!(read(&files).unwrap().cert.len(), 1);
        // PKCS#8 contains the SEC1 form (RFC 5915, RFC 5958): for P-256 it begins after 29 bytes.
        let PrivateKeyDer::Pkcs8(key) = PrivateKeyDer::from_pem_file(&files.key).unwrap() else {
            panic!("another form")
        };
        let sec1 = BASE64_STANDARD.encode(&key.secret_pkcs8_der()[29..]);
        let sec1 = format!("-----BEGIN EC PRIVATE KEY-----\n{sec1}\n-----END EC PRIVATE KEY-----\n");
        std::fs::write(&files.key, sec1).unwrap();
        std::fs::write(&files.cert, text(&files.cert).repeat(3)).unwrap();
        assert_eq!(read(&files).unwrap().cert.len(), 3);
    }

    #[test]
    fn file_errors_do_not_quote_the_content() {
        let folder = tempfile::tempdir().unwrap();
        let good = files(&folder);
        let (cert, key) = (text(&good.cert), text(&good.key));
        let of = |cert: &str, key: &str| {
            std::fs::write(&good.cert, cert).unwrap();
            std::fs::write(&good.key, key).unwrap();
            good.clone()
        };
        let no_cert = "tls.cert_file: contains no certificate";
        let no_key = "tls.key_file: contains no key without a password";
        wrong(&of("", ""), &[no_cert, no_key]);
        wrong(&of(&key, &cert), &[no_cert, no_key]);
        let locked = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        wrong(&of(&cert, &locked), &[no_key]);
        let not_pem = ["tls.cert_file: not PEM", "tls.key_file: not PEM"];
        wrong(&of("-----BEGIN hunter2", "-----BEGIN hunter2"), &not_pem);
        let cut = |text: &str| text[..text.len() / 2].to_owned();
        wrong(&of(&cut(&cert), &cut(&key)), &not_pem);
        let empty = |label| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
        wrong(
            &of(&empty("CERTIFICATE"), &key),
            &["tls.cert_file: the first certificate cannot be read"],
        );
        wrong(
            &of(&cert, &empty("PRIVATE KEY")),
            &["tls.key_file: unsupported type of key"],
        );
        let other = text(&files(&tempfile::tempdir().unwrap()).key);
        wrong(
            &of(&cert, &other),
            &["tls.key_file: does not match tls.cert_file"],
        );
        std::fs::remove_file(&good.cert).unwrap();
        std::fs::remove_file(&good.key).unwrap();
        let errors = read(&good).map(drop).unwrap_err();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(
            errors.iter().all(|error| error.contains("No such file")),
            "{errors:?}"
        );
    }

    #[test]
    fn a_new_certificate_is_used_once_its_key_is_there_too() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = Certificate::load(files(&folder)).unwrap();
        let old = certificate.shown();
        assert_eq!(certificate.reload(), Ok(false));
        let (renewed, other) = (files(&folder), tempfile::tempdir().unwrap());
        let key = other.path().join("key");
        std::fs::rename(&renewed.key, &key).unwrap();
        assert!(certificate.reload().is_err());
        assert_eq!(certificate.shown().cert, old.cert);
        std::fs::rename(&key, &renewed.key).unwrap();
        assert_eq!(certificate.reload(), Ok(true));
        assert_ne!(certificate.shown().cert, old.cert);
        assert_eq!(certificate.reload(), Ok(false));
    }
}
