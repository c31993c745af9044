//! `project`, `member`, `grant`, `token`: the registrar's job.

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::args::{
    GrantAdd, GrantCommand, GrantRevoke, MemberAdd, MemberCommand, MemberRemove, ProjectCommand,
    ProjectCreate, ProjectEnd, Target, TokenCommand, TokenIssue, TokenRevoke,
};
use crate::client::Client;
use crate::output::{self, Column};

/// Runs `project …`.
pub(crate) fn project(command: ProjectCommand) -> anyhow::Result<()> {
    match command {
        ProjectCommand::Create(create) => create_project(&create),
        ProjectCommand::List { target } => list_projects(&target),
        ProjectCommand::Show { target, id } => {
            let shown: Value = Client::to(&target)?.get(&format!("/v1/projects/{id}"))?;
            if target.json { output::json(&shown) } else { show_project(&shown) }
        }
        ProjectCommand::Suspend { end, lift } => {
            end_project(&end, "suspend", &json!({"reason": end.reason, "lift": lift}))
        }
        ProjectCommand::Close { end } => end_project(&end, "close", &json!({"reason": end.reason})),
    }
}

fn create_project(create: &ProjectCreate) -> anyhow::Result<()> {
    let body = json!({
        "title": create.title,
        "purpose": create.purpose,
        "organisation": create.organisation,
        "legal_basis": create.legal_basis,
        "request_id": create.request_id,
        "applied": create.applied,
        "decided": create.decided,
        "valid_from": create.valid_from,
        "valid_until": create.valid_until,
    });
    let project: Value = Client::to(&create.target)?.post("/v1/projects", &body)?;
    made(&create.target, &project, "id")
}

fn list_projects(target: &Target) -> anyhow::Result<()> {
    let projects = Client::to(target)?.list("/v1/projects", "projects")?;
    if target.json {
        return output::json(&projects);
    }
    let columns = [
        ("/id", Column::text("PROJECT")),
        ("/state", Column::text("STATE")),
        ("/legal_basis", Column::text("BASIS")),
        ("/valid_until", Column::text("UNTIL")),
        ("/organisation", Column::text("ORGANISATION")),
        ("/title", Column::text("TITLE")),
    ];
    output::objects(&columns, &projects);
    Ok(())
}

fn show_project(shown: &Value) -> anyhow::Result<()> {
    if let Some(project) = shown["project"].as_object() {
        for (name, value) in project {
            output::line(format_args!("{name:14}{}", output::cell(value)));
        }
    }
    let members = shown["members"].as_array().cloned().unwrap_or_default();
    let grants = shown["grants"].as_array().cloned().unwrap_or_default();
    output::line("");
    output::objects(
        &[("/subject", Column::text("MEMBER")), ("/added_at", Column::text("SINCE"))],
        &members,
    );
    output::line("");
    show_grants(&grants);
    Ok(())
}

fn end_project(end: &ProjectEnd, act: &str, body: &Value) -> anyhow::Result<()> {
    let path = format!("/v1/projects/{}/{act}", end.id);
    let project: Value = Client::to(&end.target)?.post(&path, body)?;
    if end.target.json {
        return output::json(&project);
    }
    output::line(format_args!("{} is {}", end.id, output::cell(&project["state"])));
    Ok(())
}

/// Runs `member …`.
pub(crate) fn member(command: MemberCommand) -> anyhow::Result<()> {
    match command {
        MemberCommand::Add(add) => add_member(&add),
        MemberCommand::Remove(MemberRemove { target, project, subject }) => {
            let client = Client::to(&target)?;
            let subject_path = path_segment(subject.as_str());
            client.delete(&format!("/v1/projects/{project}/members/{subject_path}"))?;
            done(&target, format_args!("{subject} no longer works under {project}"))
        }
    }
}

fn add_member(add: &MemberAdd) -> anyhow::Result<()> {
    let mut body = Map::from_iter([("subject".to_owned(), json!(add.subject))]);
    if let Some(file) = &add.key {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        let key: Value = serde_json::from_str(&text).with_context(|| {
            format!("{} is no JWK; `readingroom login --make-key` makes one", file.display())
        })?;
        body.insert("public_jwk".to_owned(), key);
    }
    let path = format!("/v1/projects/{}/members", add.project);
    let member: Value = Client::to(&add.target)?.post(&path, &Value::Object(body))?;
    made(&add.target, &member, "subject")
}

/// Runs `grant …`.
pub(crate) fn grant(command: GrantCommand) -> anyhow::Result<()> {
    match command {
        GrantCommand::Add(add) => {
            let path = format!("/v1/projects/{}/grants", add.project);
            let grant: Value = Client::to(&add.target)?.post(&path, &grant_body(&add))?;
            warnings(&grant).for_each(output::note);
            made(&add.target, &grant, "id")
        }
        GrantCommand::List { target, project } => {
            let path = format!("/v1/projects/{project}/grants");
            let grants = Client::to(&target)?.list(&path, "grants")?;
            if target.json {
                return output::json(&grants);
            }
            show_grants(&grants);
            Ok(())
        }
        GrantCommand::Revoke(GrantRevoke { target, project, id, reason }) => {
            let client = Client::to(&target)?;
            let path = format!("/v1/projects/{project}/grants/{id}");
            let request = client.request(reqwest::Method::DELETE, &path);
            client.send(request.query(&[("reason", &reason)]))?;
            done(&target, format_args!("{id} is revoked"))
        }
    }
}

fn grant_body(add: &GrantAdd) -> Value {
    let mut body = Map::from_iter([("dataset".to_owned(), json!(add.dataset))]);
    let mut put = |name: &str, value: Value| {
        let is_there = !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty());
        if is_there {
            body.insert(name.to_owned(), value);
        }
    };
    put("columns", json!(add.columns));
    put("classes", json!(add.classes));
    put("rows_from", json!(add.rows_from));
    put("rows_until", json!(add.rows_until));
    put("member_states", json!(add.member_states));
    put("basis", json!(add.basis));
    put("valid_until", json!(add.valid_until));
    let limits = domain::LimitsPatch {
        wall_ms: add.wall_ms,
        memory_bytes: add.memory_bytes,
        spill_bytes: add.spill_bytes,
        scan_bytes: add.scan_bytes,
        rows: add.rows,
        bytes: add.bytes,
    };
    if limits != domain::LimitsPatch::default() {
        put("limits", json!(limits));
    }
    Value::Object(body)
}

/// What a registrar should know of a new grant, a line for each.
fn warnings(grant: &Value) -> impl Iterator<Item = String> {
    let warnings = grant["warnings"].as_array().into_iter().flatten();
    warnings.filter_map(|warning| warning["detail"].as_str()).map(|it| format!("warning: {it}"))
}

fn show_grants(grants: &[Value]) {
    let columns = [
        ("/id", Column::text("GRANT")),
        ("/dataset", Column::text("DATASET")),
        ("/columns", Column::text("COLUMNS")),
        ("/classes", Column::text("CLASSES")),
        ("/valid_until", Column::text("UNTIL")),
        ("/basis", Column::text("BASIS")),
        ("/revoked_at", Column::text("REVOKED")),
    ];
    output::objects(&columns, grants);
}

/// Runs `token …`.
pub(crate) fn token(command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Issue(issue) => issue_token(&issue),
        TokenCommand::Revoke(TokenRevoke { target, token_id, subject }) => {
            let body = match (&token_id, &subject) {
                (Some(id), _) => json!({"token_id": id}),
                (None, subject) => json!({"subject": subject}),
            };
            Client::to(&target)?.tell("/v1/tokens/revoke", &body)?;
            done(&target, format_args!("revoked"))
        }
    }
}

fn issue_token(issue: &TokenIssue) -> anyhow::Result<()> {
    let mut body = json!({"subject": issue.subject, "role": issue.role, "ttl_s": issue.ttl});
    if let Some(project) = &issue.project {
        body["project"] = json!(project);
    }
    let token: Value = Client::to(&issue.target)?.post("/v1/tokens", &body)?;
    made(&issue.target, &token, "token")
}

/// Prints what was made: whole for machines, its name for people and scripts.
fn made(target: &Target, value: &Value, name: &str) -> anyhow::Result<()> {
    if target.json {
        return output::json(value);
    }
    output::line(output::cell(&value[name]));
    Ok(())
}

/// Says that something is done for which nothing comes back: in words, or as an empty object.
fn done(target: &Target, words: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    if target.json {
        return output::json(&json!({}));
    }
    output::line(words);
    Ok(())
}

/// A text as one segment of a URL's path.
fn path_segment(text: &str) -> String {
    let mut url = reqwest::Url::parse("http://x/").expect("invariant: a constant URL parses");
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().push(text);
    }
    url.path().trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_warning_is_a_line_and_a_grant_without_one_says_nothing() {
        let warned = json!({"id": "g-1", "warnings": [{"by": "key", "detail": "a tells b"}]});

        let lines: Vec<String> = super::warnings(&warned).collect();

        assert_eq!(lines, ["warning: a tells b"]);
        assert_eq!(super::warnings(&json!({"id": "g-1", "warnings": []})).count(), 0);
    }
}
