//! Registering: what the registrar decides, and the tokens that follow from it.
//!
//! One way: a change is checked, becomes an entry of the log, is applied to the registry. Tokens
//! leave only when the log has them.
//!
//! # Invariant
//! The registry never holds what the log does not say. A change that became an entry is applied
//! even if whoever asked for it has gone.

use std::sync::Arc;

use access::{
    AssertionError, Assertor, ChangeRefused, IssueRefused, IssuedToken, TokenOrder, Turn,
};
use audit::entry::{Denied, TokenIssued};
use audit::{Attribution, Event, RecordError};
use domain::change::Change;
use domain::{RequestId, Role, Sha256Digest, Subject};
use tracing::Instrument as _;

use crate::Application;
use crate::http::door::caller::Caller;
use crate::http::door::request::RequestContext;
use crate::http::problem::{Problem, chain};

/// How long the token lasts that an assertion is traded for, in seconds.
const ASSERTED_TTL_S: u64 = 60 * 60;

/// The software that a token of an assertion is for, where the member does not name one.
const ASSERTED_CLIENT: &str = "member";

/// How a token came to be, in its entry.
const BY_REGISTRAR: &str = "issued";
const BY_ASSERTION: &str = "assertion";

/// A change that was not made, or a token that was not issued.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The change makes no sense.
    #[error(transparent)]
    Change(#[from] ChangeRefused),
    /// Nobody could use the token.
    #[error(transparent)]
    Issue(#[from] IssueRefused),
    /// The assertion is not taken.
    #[error(transparent)]
    Assertion(#[from] AssertionError),
    /// The log accepts no entries.
    #[error(transparent)]
    Log(#[from] RecordError),
    /// The server is being stopped.
    #[error("the server is being stopped")]
    Closing,
}

/// Who does what, as the log will know it.
#[derive(Clone, Debug)]
pub struct Act {
    /// Who, and in which request.
    pub attribution: Attribution,
    /// The operation.
    pub operation: &'static str,
}

impl Application {
    /// Who does what in a request.
    #[must_use]
    pub fn act(&self, caller: &Caller, context: &RequestContext) -> Act {
        let attribution = self.attribution(caller, context);
        Act { attribution, operation: context.operation_id() }
    }

    /// Makes a change of the registry: checked, logged, applied.
    ///
    /// # Errors
    /// [`RegisterError`]; then nothing has changed.
    pub async fn change<F>(self: &Arc<Self>, act: Act, draft: F) -> Result<Change, RegisterError>
    where
        F: FnOnce(&Turn<'_>) -> Result<Change, ChangeRefused> + Send + 'static,
    {
        let room = Arc::clone(self);
        // On its own, so that a caller who goes away leaves no entry that is not applied.
        let change = async move {
            let turn = room.access().turn().await;
            let change = match draft(&turn) {
                Ok(change) => change,
                Err(refused) => return Err(room.refused(&act, refused.into()).await),
            };
            let event = Event::Change(change.clone());
            let index = room.audit().append(&act.attribution, event).await?;
            if let Err(error) = turn.apply(index.get(), &change) {
                // It holds all the same, and the next start reads it from the log.
                tracing::error!(cause = %chain(&error), "a change could not be kept on disk");
            }
            Ok(change)
        };
        self.spawn(change.in_current_span()).await.unwrap_or(Err(RegisterError::Closing))
    }

    /// Issues a token, once the log has it.
    ///
    /// # Errors
    /// [`RegisterError`]; then there is no token.
    pub async fn issue(&self, act: &Act, order: &TokenOrder) -> Result<IssuedToken, RegisterError> {
        match self.access().issue(order) {
            Ok(token) => self.log_token(BY_REGISTRAR, &act.attribution, order, token).await,
            Err(refused) => Err(self.refused(act, refused.into()).await),
        }
    }

    /// Trades a member's assertion for a token of one hour (RFC 7523).
    ///
    /// # Errors
    /// [`RegisterError`]; then there is no token.
    pub async fn trade(
        self: &Arc<Self>,
        request: &RequestId,
        assertion: String,
    ) -> Result<IssuedToken, RegisterError> {
        let room = Arc::clone(self);
        let taken = tokio::task::spawn_blocking(move || {
            room.access().assertion(&assertion, room.own_urls())
        });
        let Assertor { subject, project } = taken.await.map_err(|_| RegisterError::Closing)??;
        let order = TokenOrder {
            subject,
            role: Role::Researcher,
            project: Some(project),
            client_id: Subject::parse(ASSERTED_CLIENT)
                .expect("invariant: a word is a visible subject"),
            ttl_s: ASSERTED_TTL_S,
        };
        let actor = self.actor(&order.subject, order.role, order.project.as_ref());
        let attribution = Attribution { request_id: Some(request.clone()), actor: Some(actor) };
        let token = self.access().issue(&order)?;
        self.log_token(BY_ASSERTION, &attribution, &order, token).await
    }

    /// Makes the entry of a no durable; the no itself comes back, unless the log fails.
    async fn refused(&self, act: &Act, error: RegisterError) -> RegisterError {
        let code = Problem::from(&error).kind().code();
        match self.log_denied(&act.attribution, act.operation, code).await {
            Ok(()) => error,
            Err(failure) => failure.into(),
        }
    }

    /// Makes the entry of a refused operation durable.
    ///
    /// # Errors
    /// When the log accepts no entries; then that is what the caller must hear.
    pub(crate) async fn log_denied(
        &self,
        attribution: &Attribution,
        operation: &str,
        code: &str,
    ) -> Result<(), RecordError> {
        let denied = Denied {
            operation: operation.to_owned(),
            code: code.to_owned(),
            sql_commitment: None,
            edition: None,
        };
        self.audit().append(attribution, Event::Denied(denied, None)).await.map(drop)
    }

    /// Makes the entry of a token durable; only then the token may leave.
    async fn log_token(
        &self,
        by: &str,
        attribution: &Attribution,
        order: &TokenOrder,
        token: IssuedToken,
    ) -> Result<IssuedToken, RegisterError> {
        let issued = TokenIssued {
            for_role: order.role.as_str().to_owned(),
            of: order.project.clone(),
            token_sha256: Sha256Digest::of(token.token_id.as_str().as_bytes()),
            expires_at: token.expires_at,
            by: by.to_owned(),
        };
        self.audit().append(attribution, Event::Token(issued, order.subject.clone())).await?;
        Ok(token)
    }
}
