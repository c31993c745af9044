//! SQL and what it must come to, as data: `tests/cases/*.case`.
//!
//! # Shape
//! `refuse SQL → code: part of the detail` · `accept SQL → scans a, b` · `accept SQL → gives` and
//! the lines of the CSV answer, header included, between ` / `. `#` begins a comment. All cases
//! see the world of [`super::world`].

use std::path::Path;

use super::world::World;

fn check(world: &World, line: &str) -> Result<(), String> {
    let (case, expected) = line.rsplit_once(" → ").ok_or("has no →")?;
    let (verb, sql) = case.split_once(' ').ok_or("has no verb")?;
    let sql = sql.trim();
    let told = world.ask(world.question(sql));
    match verb {
        "refuse" => {
            let refusal = told.err().ok_or("was accepted")?;
            let code = serde_json::to_value(refusal.code).map_err(|error| error.to_string())?;
            let (wanted, part) = expected.split_once(": ").unwrap_or((expected, ""));
            let found = code.as_str().unwrap_or_default();
            if found != wanted.trim() || !refusal.detail.contains(part.trim()) {
                return Err(format!("{found}: {} ({:?})", refusal.detail, refusal.position));
            }
        }
        "accept" => {
            let told = told.map_err(|refusal| format!("{refusal:?}"))?;
            let found = if expected.starts_with("scans") {
                let mut scans: Vec<_> =
                    told.verdict.scans.iter().map(|scan| scan.dataset.to_string()).collect();
                scans.sort();
                format!("scans {}", scans.join(", "))
            } else {
                let lines: Vec<_> = told.text().lines().map(str::to_owned).collect();
                format!("gives {}", lines.join(" / "))
            };
            if found.trim() != expected.trim() {
                return Err(found);
            }
        }
        other => return Err(format!("has the verb {other}")),
    }
    Ok(())
}

#[test]
fn every_case_comes_to_what_it_must() {
    let world = World::open();
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases"));
    let mut failed = Vec::new();
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            count += 1;
            if let Err(found) = check(&world, line) {
                failed.push(format!("{}: {line}\n    found {found}", path.display()));
            }
        }
    }

    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    assert!(50 < count, "{count}");
}
