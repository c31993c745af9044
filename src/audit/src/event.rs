//! Events: what the house hands in to be recorded.
//!
//! An event still holds what only a disclosure may show; [`Event::into_parts`] takes it apart.

use domain::change::Change;
use domain::redaction::{RedactedRows, Redaction};
use domain::{OrganisationId, ProjectId, RequestId, Subject};

use crate::RecordError;
use crate::change_body;
use crate::entry::{
    Body, Compacted, Denied, Download, EditionMade, Flood, Intent, Outcome, Publish, Recover,
    Redacted, SnapshotJudged, Start, TokenIssued,
};
use crate::private::{Private, Salt};
use crate::vault::Holder;

/// Who acts, as the log will know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who; sealed, and in the entry only as a commitment.
    pub subject: Subject,
    /// A role, or `operator` for the local command line.
    pub role: String,
    /// The project acted for.
    pub project: Option<ProjectId>,
    /// That project's organisation.
    pub organisation: Option<OrganisationId>,
}

/// To whom and to which request an event belongs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribution {
    /// The request.
    pub request_id: Option<RequestId>,
    /// Who acted; nobody where the house itself did.
    pub actor: Option<Actor>,
}

/// The text of a question, which only a disclosure shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionText {
    /// The SQL.
    pub sql: String,
    /// Its parameters, as JSON text.
    pub parameters_json: String,
}

/// What happened, with what only a disclosure may show.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The server started.
    Start(Start),
    /// A crash was recovered from.
    Recover(Recover),
    /// A question will run; `sql_commitment` is filled in here.
    Intent(Box<Intent>, QuestionText),
    /// A run ended.
    Outcome(Outcome),
    /// Something was refused; `sql_commitment` is filled in here.
    Denied(Denied, Option<QuestionText>),
    /// A stored answer was fetched again.
    Download(Download),
    /// A snapshot was published.
    Publish(Publish),
    /// An edition became the newest.
    Edition(EditionMade),
    /// Something is taken out of every snapshot of a dataset.
    Redact(Redaction),
    /// A snapshot was written anew.
    Compact(Compacted),
    /// A snapshot was taken back.
    Withdraw(SnapshotJudged),
    /// A snapshot that was taken back may be asked again.
    Reinstate(SnapshotJudged),
    /// The registry changes.
    Change(Change),
    /// A token was issued to someone.
    Token(TokenIssued, Subject),
    /// Requests without a valid token.
    Flood(Flood),
}

impl Event {
    /// Takes an event apart: what the entry shows, whose key seals the rest, and the rest.
    pub(crate) fn into_parts(
        self,
        attribution: &Attribution,
    ) -> Result<(Body, Option<Holder>, Private), RecordError> {
        let mut private = Private::default();
        let mut holder = attribution.actor.as_ref().map(Holder::of);
        let body = match self {
            Self::Start(start) => Body::Start(start),
            Self::Recover(recover) => Body::Recover(recover),
            Self::Intent(mut intent, text) => {
                intent.sql_commitment = Some(private.hold_question(text, Salt::random()));
                Body::Intent(intent)
            }
            Self::Outcome(outcome) => Body::Outcome(outcome),
            Self::Denied(mut denied, text) => {
                denied.sql_commitment =
                    text.map(|text| private.hold_question(text, Salt::random()));
                Body::Denied(denied)
            }
            Self::Download(download) => Body::Download(download),
            Self::Publish(publish) => Body::Publish(publish),
            Self::Edition(edition) => Body::Edition(edition),
            Self::Redact(redaction) => {
                // Whoever acted may be erased one day; what was taken out must stay out.
                holder = Some(Holder::house());
                let mut body = redacted(&redaction);
                let commitment = private.hold_redaction(redaction, Salt::random())?;
                body.redaction_commitment = Some(commitment);
                Body::Redact(body)
            }
            Self::Compact(compacted) => Body::Compact(compacted),
            Self::Withdraw(judged) => Body::Withdraw(judged),
            Self::Reinstate(judged) => Body::Reinstate(judged),
            Self::Change(change) => {
                holder = Some(Holder::of_change(&change));
                let commitment = private.hold_change(change.clone(), Salt::random())?;
                change_body::of(change, commitment)
            }
            Self::Token(issued, subject) => {
                holder = Some(Holder::person(issued.of.as_ref(), &subject));
                private.about = Some(subject);
                Body::Token(issued)
            }
            Self::Flood(flood) => Body::Flood(flood),
        };
        Ok((body, holder, private))
    }
}

/// What the log shows of a redaction: never a key, nor the reason in a steward's words.
fn redacted(redaction: &Redaction) -> Redacted {
    let (keys, before) = match &redaction.rows {
        RedactedRows::Keys { .. } => (Some(redaction.key_count()), None),
        RedactedRows::Before { clock, day } => (None, Some((clock.clone(), *day))),
    };
    Redacted {
        dataset: redaction.dataset.clone(),
        ground: redaction.ground,
        keys,
        columns: redaction.columns.iter().cloned().collect(),
        before,
        redaction_commitment: None,
    }
}
