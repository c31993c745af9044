//! The cases of `tests/it/sandbox`, asked of the engine alone, in the world of [`super::world`].

#[path = "../../../../tests/it/sandbox/case.rs"]
mod case;

use case::{Case, Expected};

use super::world::{Told, World};
use crate::offer;

fn check(world: &World, case: &Case) -> Result<(), String> {
    let told = world.ask(world.question(&offer::complete(&case.sql)));
    match &case.expected {
        Expected::Refused { code, part } => {
            let refusal = told.err().ok_or("was accepted")?;
            let found = serde_json::to_value(refusal.code).unwrap();
            let is_it = found == code.as_str() && refusal.detail.contains(part);
            if is_it { Ok(()) } else { Err(format!("{found}: {}", refusal.detail)) }
        }
        Expected::Scans(datasets) => same("scans", &scans(&answer(told)?), datasets),
        Expected::Gives(lines) => same("gives", &case::lines(&answer(told)?.text()), lines),
    }
}

fn answer(told: Result<Told, domain::verdict::Refusal>) -> Result<Told, String> {
    let told = told.map_err(|refusal| format!("{refusal:?}"))?;
    if matches!(told.result, crate::RunResult::Finished(_)) {
        return Ok(told);
    }
    Err(format!("{:?}", told.result))
}

fn scans(told: &Told) -> String {
    let mut scans: Vec<_> =
        told.verdict.scans.iter().map(|scan| scan.dataset.to_string()).collect();
    scans.sort();
    scans.join(", ")
}

fn same(verb: &str, found: &str, expected: &str) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{verb} {found}")) }
}

#[test]
fn every_case_comes_to_what_it_must() {
    let world = World::open();
    let cases = case::all();

    let failed: Vec<_> = cases
        .iter()
        .filter_map(|case| {
            let found = check(&world, case).err()?;
            Some(format!("{}\n    found {found}", case.place))
        })
        .collect();

    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    let anywhere = cases.iter().filter(|case| case.world == case::World::Any).count();
    assert!(250 <= anywhere && anywhere < cases.len(), "{anywhere} of {}", cases.len());
}

/// A refusal that refuses too much is seen at once: right after it stands what passes.
#[test]
fn after_each_refusal_stands_what_passes() {
    let cases = case::all();

    let is_refused = |case: &Case| matches!(case.expected, Expected::Refused { .. });
    let file = |case: &Case| case.place.split(':').next().map(str::to_owned);
    let alone: Vec<_> = cases
        .iter()
        .enumerate()
        .filter(|(place, case)| {
            let next = cases.get(place + 1).filter(|next| file(next) == file(case));
            is_refused(case) && next.is_none_or(&is_refused)
        })
        .map(|(_, case)| case.place.as_str())
        .collect();

    assert!(alone.is_empty(), "\n{}", alone.join("\n"));
}

/// What `docs/sql.md` says is asked; what it does not say, a case may not need.
#[test]
fn every_function_of_the_offer_stands_in_an_accepted_statement() {
    let cases = case::all();
    let accepted = cases.iter().filter(|case| !matches!(case.expected, Expected::Refused { .. }));
    let mut texts: Vec<String> = accepted.map(|case| case.sql.to_lowercase()).collect();
    texts.extend(offer::functions().map(|(_, function)| function.example.to_lowercase()));

    for (_, function) in offer::functions() {
        let is_called = |text: &String| function.names().any(|name| text.contains(name));
        assert!(texts.iter().any(is_called), "{}", function.form);
    }
}
