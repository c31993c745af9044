//! Which grants undo a pseudonym, and which do not.
//!
//! A world of two persons' datasets: `members` has a row for each person, `notices` says which
//! person sent which notice, `actions` what came of it.

use std::collections::{BTreeMap, BTreeSet};

use domain::codebook::Class;
use domain::grant::{ColumnScope, RowBounds};
use domain::{
    Codebook, ColumnName, DatasetName, Grant, GrantId, LimitsPatch, ProjectId, Timestamp,
};
use serde_json::{Value, json};

use super::{NOON, day};
use crate::registry::warnings;

/// A column: its name, its class, and whether people wrote it.
type Field = (&'static str, &'static str, bool);

fn codebook(name: &str, key: &[&str], keys: &[(&str, &str, &str)], fields: &[Field]) -> Codebook {
    let field = |(name, class, free_text): &Field| {
        json!({"name": name, "type": "string", "class": class, "nullable": false,
               "description": "a column", "free_text": free_text})
    };
    let foreign = |(field, resource, there): &(&str, &str, &str)| json!({"fields": [field], "reference": {"resource": resource, "fields": [there]}});
    let fields: Vec<Value> = fields.iter().map(field).collect();
    let foreign: Vec<Value> = keys.iter().map(foreign).collect();
    serde_json::from_value(json!({
        "name": name, "title": name, "description": name, "legal_basis": [], "tier": "public",
        "row_unit": "row", "kind": "state", "primaryKey": key, "foreignKeys": foreign,
        "sort_order": key, "schema_version": 1, "changelog": [], "fields": fields,
    }))
    .unwrap()
}

/// `sender_id` of notices is a pseudonym; `member_id` of members as the test says.
fn world(member_id: &'static str) -> BTreeMap<DatasetName, Codebook> {
    let members = codebook(
        "members",
        &["member_id"],
        &[],
        &[
            ("member_id", member_id, false),
            ("country", "public", false),
            ("name", "restricted", true),
        ],
    );
    let notices = codebook(
        "notices",
        &["notice_id"],
        &[("sender_id", "members", "member_id")],
        &[
            ("notice_id", "public", false),
            ("sender_id", "identifier", false),
            ("category", "public", false),
            ("explanation", "restricted", true),
        ],
    );
    let actions = codebook(
        "actions",
        &["action_id"],
        &[("notice_id", "notices", "notice_id"), ("sent_by", "members", "member_id")],
        &[
            ("action_id", "public", false),
            ("notice_id", "public", false),
            ("sent_by", "restricted", false),
        ],
    );
    [members, notices, actions].map(|it| (it.name.clone(), it)).into_iter().collect()
}

/// A grant of the columns named, as the number says.
fn grant(number: usize, dataset: &str, columns: &[&str]) -> Grant {
    let columns = columns.iter().map(|name| ColumnName::parse(name).unwrap()).collect();
    Grant {
        id: GrantId::parse(&format!("g-{number}")).unwrap(),
        project: ProjectId::parse("p-1").unwrap(),
        dataset: DatasetName::parse(dataset).unwrap(),
        columns: ColumnScope::Columns(columns),
        rows: RowBounds::default(),
        basis: None,
        limits: LimitsPatch::default(),
        valid_until: day("2027-12-31"),
        granted_at: Timestamp::parse(NOON).unwrap(),
        revoked_at: None,
    }
}

/// What is told of the last of these grants, when the project holds the others.
fn told(codebooks: &BTreeMap<DatasetName, Codebook>, grants: &[Grant]) -> Vec<String> {
    let (last, held) = grants.split_last().unwrap();
    let told = warnings(codebooks, held, last, day("2026-11-23"));
    let line =
        |it: &crate::GrantWarning| format!("{} {} {}", it.identifier, it.by.as_str(), it.told_by);
    told.iter().map(line).collect()
}

#[test]
fn a_pseudonym_among_columns_that_tell_nobody_is_left_alone() {
    let world = world("public");

    let alone = told(&world, &[grant(1, "notices", &["sender_id", "category", "notice_id"])]);
    let nothing = told(&world, &[grant(1, "members", &["member_id", "name"])]);

    assert_eq!(alone, [""; 0]);
    assert_eq!(nothing, [""; 0]);
}

#[test]
fn text_that_people_wrote_stands_beside_the_pseudonym() {
    let world = world("public");

    let told = told(&world, &[grant(1, "notices", &["sender_id", "explanation"])]);

    assert_eq!(told, ["notices.sender_id free_text notices.explanation"]);
}

/// The notice's number is in both datasets, and leads from the pseudonym to the member's id.
#[test]
fn the_same_values_in_the_clear_are_one_join_away() {
    let world = world("public");
    let pseudonyms = grant(1, "notices", &["sender_id", "notice_id"]);
    let clear = grant(2, "actions", &["notice_id", "sent_by"]);
    let told_of = "notices.sender_id same_values actions.sent_by";

    assert_eq!(told(&world, &[pseudonyms.clone(), clear.clone()]), [told_of]);
    assert_eq!(told(&world, &[clear, pseudonyms.clone()]), [told_of]);
    // Without the column by which they are joined, neither tells of the other.
    let apart = grant(2, "actions", &["sent_by"]);
    assert_eq!(told(&world, &[pseudonyms, apart]), [""; 0]);
}

/// No pseudonym equals a clear id, so the list of members alone undoes nothing; by way of the
/// actions, whose grant is the third, it names whoever sent a notice.
#[test]
fn a_grant_that_joins_two_others_is_told_what_they_undo_together() {
    let world = world("public");
    let pseudonyms = grant(1, "notices", &["sender_id", "notice_id"]);
    let names = grant(2, "members", &["member_id", "name"]);
    let bridge = grant(3, "actions", &["notice_id", "sent_by"]);

    let apart = told(&world, &[pseudonyms.clone(), names.clone()]);
    let joined = told(&world, &[pseudonyms, names, bridge]);

    assert_eq!(apart, [""; 0]);
    let expected = [
        "notices.sender_id same_values actions.sent_by",
        "notices.sender_id same_values members.member_id",
        "notices.sender_id free_text members.name",
    ];
    assert_eq!(BTreeSet::from_iter(joined.iter().map(String::as_str)), BTreeSet::from(expected));
}

/// Pseudonyms are the same in all datasets of a project, so they join.
#[test]
fn names_beside_the_pseudonyms_of_another_dataset_tell_too() {
    let world = world("identifier");
    let senders = grant(1, "notices", &["sender_id"]);
    let names = grant(2, "members", &["member_id", "name", "country"]);

    let told = told(&world, &[senders, names]);

    let expected =
        ["members.member_id free_text members.name", "notices.sender_id free_text members.name"];
    assert_eq!(told, expected);
}

#[test]
fn a_key_of_the_person_tells_who_it_is() {
    let mut world = world("identifier");
    let handles = codebook(
        "handles",
        &["day", "handle"],
        &[("handle", "members", "country")],
        &[("day", "public", false), ("handle", "public", false)],
    );
    world.insert(handles.name.clone(), handles);
    let letters = codebook(
        "letters",
        &["letter_id"],
        &[],
        &[("letter_id", "public", false), ("writer_id", "identifier", false)],
    );
    world.insert(letters.name.clone(), letters);

    // What another dataset points at identifies a member, whatever it is called.
    let pointed_at = told(&world, &[grant(1, "members", &["member_id", "country"])]);
    // Of a writer who is in no dataset nothing is known but the letters.
    let of_row = told(&world, &[grant(1, "letters", &["letter_id", "writer_id"])]);

    assert_eq!(pointed_at, ["members.member_id key members.country"]);
    assert_eq!(of_row, ["letters.writer_id key letters.letter_id"]);
}

#[test]
fn whole_classes_are_looked_into_and_grants_that_ended_are_not() {
    let world = world("public");
    let mut classes = grant(1, "notices", &[]);
    let all = BTreeSet::from([Class::Public, Class::Restricted, Class::Identifier]);
    classes.columns = ColumnScope::Classes(all);
    let clear = grant(2, "actions", &["notice_id", "sent_by"]);
    let (mut revoked, mut expired) = (classes.clone(), classes.clone());
    revoked.revoked_at = Some(Timestamp::parse(NOON).unwrap());
    expired.valid_until = day("2026-11-22");

    assert_eq!(told(&world, &[clear.clone(), classes]).len(), 2);
    assert_eq!(told(&world, &[revoked, clear.clone()]), [""; 0]);
    assert_eq!(told(&world, &[expired, clear]), [""; 0]);
}

/// A registrar who renews a grant is asked to think of it again; one who grants something else is not.
#[test]
fn what_was_told_before_is_told_again_only_of_the_same_columns() {
    let world = world("public");
    let both = grant(1, "notices", &["sender_id", "explanation"]);
    let again = grant(2, "notices", &["sender_id"]);
    let other = grant(2, "notices", &["category"]);

    assert_eq!(told(&world, &[both.clone(), again]).len(), 1);
    assert_eq!(told(&world, &[both, other]), [""; 0]);
}

#[test]
fn a_warning_says_what_would_avoid_it() {
    let world = world("public");
    let grant = grant(1, "notices", &["sender_id", "explanation"]);

    let told = warnings(&world, &[], &grant, day("2026-11-23"));

    assert_eq!(
        told[0].explanation(),
        "the project sees pseudonyms in notices.sender_id, but notices.explanation holds text that \
         people wrote, which may name them, in the same row: together they may undo the pseudonyms; \
         leave one of them out unless the approved purpose needs both"
    );
}
