//! `project`, `member`, `grant`, `token`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::project::LegalBasis;
use domain::{ColumnName, DatasetName, Date, GrantId, ProjectId, Role, Subject, TokenId};

use super::Target;

/// `readingroom project`
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// Record an approved reasoned request.
    Create(ProjectCreate),
    /// List the projects.
    #[command(after_help = "Example:\n  readingroom project list --data DIR\n")]
    List {
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Show a project with its members and grants.
    #[command(after_help = "Example:\n  readingroom project show --data DIR p-fair-trade\n")]
    Show {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The project.
        id: ProjectId,
    },
    /// Stop a project's access for a time; --lift takes it up again.
    #[command(
        after_help = "Example:\n  readingroom project suspend --data DIR p-fair-trade --reason 'key lost'\n"
    )]
    Suspend {
        /// What and why.
        #[command(flatten)]
        end: ProjectEnd,
        /// Take the project up again.
        #[arg(long)]
        lift: bool,
    },
    /// End a project's access for good.
    #[command(
        after_help = "Example:\n  readingroom project close --data DIR p-fair-trade --reason 'finished'\n"
    )]
    Close {
        /// What and why.
        #[command(flatten)]
        end: ProjectEnd,
    },
}

/// A project, and why its access ends.
#[derive(Debug, Args)]
pub(crate) struct ProjectEnd {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// The project.
    pub id: ProjectId,
    /// Why; for the log.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `readingroom project create`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  readingroom project create --data DIR --title 'Fair trade' --purpose 'Dangerous toys' \\\n    --organisation o-university --legal-basis '40(12)' --request-id DSC-2026-17 \\\n    --applied 2026-08-01 --decided 2026-09-15 --valid-from 2026-10-01 --valid-until 2027-09-30\n"
)]
pub(crate) struct ProjectCreate {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// A line that names it.
    #[arg(long, value_name = "T")]
    pub title: String,
    /// The purpose as approved.
    #[arg(long, value_name = "TEXT")]
    pub purpose: String,
    /// Who applied.
    #[arg(long, value_name = "O")]
    pub organisation: String,
    /// The clause it rests on: 40(4) or 40(12).
    #[arg(long, value_name = "CLAUSE")]
    pub legal_basis: LegalBasis,
    /// The number of the reasoned request.
    #[arg(long, value_name = "R")]
    pub request_id: String,
    /// When access was applied for.
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
    pub applied: Date,
    /// When it was decided.
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
    pub decided: Date,
    /// First day of access.
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
    pub valid_from: Date,
    /// Last day of access.
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
    pub valid_until: Date,
}

/// `readingroom member`
#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// Add someone to a project, or give a member another key.
    Add(MemberAdd),
    /// Remove someone from a project; running queries end within a second.
    Remove(MemberRemove),
}

/// `readingroom member add`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  readingroom member add --data DIR --project p-fair-trade --subject ada --key ada.pub.json\n"
)]
pub(crate) struct MemberAdd {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// The project.
    #[arg(long, value_name = "P")]
    pub project: ProjectId,
    /// Who, as tokens name them.
    #[arg(long, value_name = "S")]
    pub subject: Subject,
    /// File with the public key (JWK) that signs this member's log-ins.
    #[arg(long, value_name = "PUBLIC-KEY")]
    pub key: Option<PathBuf>,
}

/// `readingroom member remove`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  readingroom member remove --data DIR --project p-fair-trade --subject ada\n"
)]
pub(crate) struct MemberRemove {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// The project.
    #[arg(long, value_name = "P")]
    pub project: ProjectId,
    /// Who.
    #[arg(long, value_name = "S")]
    pub subject: Subject,
}

/// `readingroom grant`
#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// Let a project consult a dataset.
    Add(GrantAdd),
    /// List a project's grants.
    #[command(
        after_help = "Example:\n  readingroom grant list --data DIR --project p-fair-trade\n"
    )]
    List {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The project.
        #[arg(long, value_name = "P")]
        project: ProjectId,
    },
    /// Take a grant back; running queries end within a second.
    Revoke(GrantRevoke),
}

/// `readingroom grant add`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  readingroom grant add --data DIR --project p-fair-trade --dataset listings --rows-from 2026-01-01\n"
)]
pub(crate) struct GrantAdd {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// The project.
    #[arg(long, value_name = "P")]
    pub project: ProjectId,
    /// The dataset.
    #[arg(long, value_name = "D")]
    pub dataset: DatasetName,
    /// Only these columns.
    #[arg(long, value_delimiter = ',', value_name = "a,b", conflicts_with = "classes")]
    pub columns: Vec<ColumnName>,
    /// All columns of these classes; public unless given.
    #[arg(long, value_delimiter = ',', value_name = "public,restricted,identifier")]
    pub classes: Vec<String>,
    /// First day of the rows covered.
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
    pub rows_from: Option<Date>,
    /// Last day of the rows covered.
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
    pub rows_until: Option<Date>,
    /// Member States of the rows covered.
    #[arg(long, value_delimiter = ',', value_name = "DE,FR")]
    pub member_states: Vec<String>,
    /// The legal clause; datasets of the tier `vetted` need one.
    #[arg(long, value_name = "CLAUSE")]
    pub basis: Option<String>,
    /// Last day of the grant; the project's unless given.
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
    pub valid_until: Option<Date>,
    /// Longest run of a query, in milliseconds.
    #[arg(long, value_name = "N")]
    pub wall_ms: Option<u64>,
    /// Most memory of a query, in bytes.
    #[arg(long, value_name = "N")]
    pub memory_bytes: Option<u64>,
    /// Most bytes a query may spill to disk.
    #[arg(long, value_name = "N")]
    pub spill_bytes: Option<u64>,
    /// Most bytes a query may read.
    #[arg(long, value_name = "N")]
    pub scan_bytes: Option<u64>,
    /// Most rows of an answer.
    #[arg(long, value_name = "N")]
    pub rows: Option<u64>,
    /// Most bytes of an answer.
    #[arg(long, value_name = "N")]
    pub bytes: Option<u64>,
}

/// `readingroom grant revoke`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  readingroom grant revoke --data DIR --project p-fair-trade g-1 --reason 'out of scope'\n"
)]
pub(crate) struct GrantRevoke {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// The project.
    #[arg(long, value_name = "P")]
    pub project: ProjectId,
    /// The grant.
    pub id: GrantId,
    /// Why; for the log.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `readingroom token`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Issue a token of the embedded issuer.
    Issue(TokenIssue),
    /// Make one token, or all of someone's, stop working.
    Revoke(TokenRevoke),
}

/// `readingroom token issue`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  readingroom token issue --data DIR --subject ada --role researcher --project p-fair-trade --ttl 8h\n"
)]
pub(crate) struct TokenIssue {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// For whom.
    #[arg(long, value_name = "S")]
    pub subject: Subject,
    /// Which role: researcher, steward, registrar, regulator or auditor.
    #[arg(long, value_name = "R")]
    pub role: Role,
    /// The project; researchers need one.
    #[arg(long, value_name = "P")]
    pub project: Option<ProjectId>,
    /// How long it works: 30m, 8h; at most 24h.
    #[arg(long, value_name = "TIME", default_value = "8h", value_parser = parse_ttl_s)]
    pub ttl: u64,
}

/// `readingroom token revoke`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  readingroom token revoke --data DIR --subject ada\n")]
pub(crate) struct TokenRevoke {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// The token, by its id (`jti`).
    #[arg(
        long,
        value_name = "JTI",
        conflicts_with = "subject",
        required_unless_present = "subject"
    )]
    pub token_id: Option<TokenId>,
    /// All tokens of someone issued until now.
    #[arg(long, value_name = "S")]
    pub subject: Option<Subject>,
}

/// Reads a time such as `90s`, `30m` or `8h`, in seconds.
fn parse_ttl_s(text: &str) -> Result<u64, &'static str> {
    const FORM: &str = "is no time such as 90s, 30m or 8h";
    let (number, unit_s) = match text.as_bytes().last() {
        Some(b's') => (&text[..text.len() - 1], 1),
        Some(b'm') => (&text[..text.len() - 1], 60),
        Some(b'h') => (&text[..text.len() - 1], 60 * 60),
        _ => return Err(FORM),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit_s)).ok_or(FORM)
}
