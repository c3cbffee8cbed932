//! TLS in this process: the certificate and the key of two files, read again while the server runs.
//!
//! Owns: what the files must hold, the certificate that clients are shown now, how the handshake is made.
//! Must not: tell what is in a file.

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

/// How often the files are read again: who renews certificates does it days before they end.
const LOOK: Duration = Duration::from_mins(1);

/// Where the certificate and its key are, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The server's certificate, and behind it those that lead to its authority.
    pub cert: PathBuf,
    /// Its key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// Reads both files and compares them.
///
/// # Errors
/// All that is wrong with them, each beginning with its setting.
pub(crate) fn read(files: &Files) -> Result<CertifiedKey, Vec<String>> {
    let chain = chain(&files.cert).map_err(|why| format!("tls.cert_file: {why}"));
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| said(&error, "key without a password"));
    let key = key.and_then(|key| {
        let signer = provider().key_provider.load_private_key(key);
        signer.map_err(|_| "its key is of a kind that is not served".to_owned())
    });
    let key = key.map_err(|why| format!("tls.key_file: {why}"));
    let (chain, key) = match (chain, key) {
        (Ok(chain), Ok(key)) => (chain, key),
        (chain, key) => return Err(chain.err().into_iter().chain(key.err()).collect()),
    };
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) => Ok(pair),
        Err(rustls::Error::InconsistentKeys(_)) => Err(vec![
            "tls.key_file: it is not the key of tls.cert_file".to_owned(),
        ]),
        Err(_) => Err(vec![
            "tls.cert_file: its first certificate cannot be read".to_owned(),
        ]),
    }
}

fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let said = |error: &pem::Error| said(error, "certificate");
    let chain = CertificateDer::pem_file_iter(file).map_err(|error| said(&error))?;
    let chain = chain
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| said(&error))?;
    if chain.is_empty() {
        return Err(said(&pem::Error::NoItemsFound));
    }
    Ok(chain)
}

/// What is wrong with a file, in words that quote nothing of it, as the error's own would.
fn said(error: &pem::Error, wanted: &str) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => format!("there is no {wanted} in it"),
        _ => "it is not PEM".to_owned(),
    }
}

fn provider() -> CryptoProvider {
    ring::default_provider()
}

/// The certificate that clients are shown.
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

    /// Takes up what the files hold by now, once a minute. One that cannot be used leaves the old one in place.
    pub(crate) async fn follow(self: Arc<Self>, clock: Clock) {
        loop {
            clock.sleep(LOOK).await;
            let this = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || this.look()).await;
            match looked {
                Ok(Ok(false)) | Err(_) => {}
                Ok(Ok(true)) => tracing::info!("the renewed certificate is in use"),
                Ok(Err(wrong)) => tracing::warn!(
                    error = wrong.join("; "),
                    "the certificate on the disk cannot be used: the one before stays"
                ),
            }
        }
    }

    /// Whether there is a new one.
    fn look(&self) -> Result<bool, Vec<String>> {
        let found = read(&self.files)?;
        if found.cert == self.shown().cert {
            return Ok(false);
        }
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(found);
        Ok(true)
    }

    fn shown(&self) -> Arc<CertifiedKey> {
        // A change is one assignment.
        Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown())
    }
}

/// TLS 1.2 and 1.3 with this certificate, HTTP/2 before HTTP/1.1, and tickets that spare who comes back a handshake.
///
/// # Errors
/// Only if the system gives no randomness.
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
    fn a_key_may_be_in_the_form_of_its_curve_and_a_chain_may_be_long() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(&folder);
        assert_eq!(read(&files).unwrap().cert.len(), 1);
        // PKCS#8 has SEC1's form inside (RFC 5915, RFC 5958): for P-256 it begins after 29 bytes.
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
    fn what_is_wrong_with_a_file_is_said_without_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let good = files(&folder);
        let (cert, key) = (text(&good.cert), text(&good.key));
        let of = |cert: &str, key: &str| {
            std::fs::write(&good.cert, cert).unwrap();
            std::fs::write(&good.key, key).unwrap();
            good.clone()
        };
        let no_cert = "tls.cert_file: there is no certificate in it";
        let no_key = "tls.key_file: there is no key without a password in it";
        wrong(&of("", ""), &[no_cert, no_key]);
        wrong(&of(&key, &cert), &[no_cert, no_key]);
        let locked = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        wrong(&of(&cert, &locked), &[no_key]);
        let not_pem = ["tls.cert_file: it is not PEM", "tls.key_file: it is not PEM"];
        wrong(&of("-----BEGIN hunter2", "-----BEGIN hunter2"), &not_pem);
        let cut = |text: &str| text[..text.len() / 2].to_owned();
        wrong(&of(&cut(&cert), &cut(&key)), &not_pem);
        let empty = |label| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
        wrong(
            &of(&empty("CERTIFICATE"), &key),
            &["tls.cert_file: its first certificate cannot be read"],
        );
        wrong(
            &of(&cert, &empty("PRIVATE KEY")),
            &["tls.key_file: its key is of a kind that is not served"],
        );
        let other = text(&files(&tempfile::tempdir().unwrap()).key);
        wrong(
            &of(&cert, &other),
            &["tls.key_file: it is not the key of tls.cert_file"],
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
    fn a_new_certificate_is_taken_up_once_its_key_is_there_too() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = Certificate::load(files(&folder)).unwrap();
        let old = certificate.shown();
        assert_eq!(certificate.look(), Ok(false));
        let (renewed, beside) = (files(&folder), tempfile::tempdir().unwrap());
        let key = beside.path().join("key");
        std::fs::rename(&renewed.key, &key).unwrap();
        assert!(certificate.look().is_err());
        assert_eq!(certificate.shown().cert, old.cert);
        std::fs::rename(&key, &renewed.key).unwrap();
        assert_eq!(certificate.look(), Ok(true));
        assert_ne!(certificate.shown().cert, old.cert);
        assert_eq!(certificate.look(), Ok(false));
    }
}
