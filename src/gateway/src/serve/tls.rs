//! TLS, where no proxy ends it.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem};

use crate::settings::TlsSettings;

/// Certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read as PEM.
    #[error("{path} cannot be read as PEM")]
    Pem {
        /// Which.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// They do not fit together, or are of a kind that is not taken.
    #[error("the certificate and the key cannot be used")]
    Config(#[from] rustls::Error),
}

/// The configuration of TLS 1.2 and 1.3 for HTTP/1.1.
pub(super) fn config(settings: &TlsSettings) -> Result<ServerConfig, TlsError> {
    let fault = |path: &PathBuf, source| TlsError::Pem { path: path.clone(), source };
    let chain = CertificateDer::pem_file_iter(&settings.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| fault(&settings.certificate, source))?;
    let key = PrivateKeyDer::from_pem_file(&settings.key);
    let key = key.map_err(|source| fault(&settings.key, source))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_no_client_auth().with_single_cert(chain, key)?)
}
