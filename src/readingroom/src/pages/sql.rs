//! The page of what is offered in SQL, made from the engine's offer.

use std::fmt::Write as _;

use engine::offer::refused::{CLAUSES, FUNCTIONS, OTHER_NAMES, Refused, STATEMENTS};
use engine::offer::{self, Function, Group, Phrase};

use super::words::cell;

const HEAD: &str = "\
<!-- Made by `readingroom sql-page` from src/engine/src/offer. -->
# SQL

A question is one query in SQL, in the manner of PostgreSQL. This page has everything that may stand in it: what is not here
is refused, by name and with the way to say it. Each example is a test of this program and gives what stands beside it.

Names are in small letters unless they stand in double quotes; text stands in single quotes. What may be left out stands in
square brackets. A dataset has the columns of [its page](datasets/README.md) that your grant covers; `SELECT *` means those.
What a query may cost, and what comes back when it passes a limit, is in [`query_refused`](problems/query-refused.md) and
[`query_stopped`](problems/query-stopped.md).

The examples ask a table `t` of three rows, which stands before them as a part of the query:

```sql
";

const GIVES: &str = "
Rows are written with semicolons between them, cells with commas; null is `NULL`, an empty text `''`.
";

const SAMPLES: &str = "
### How a sample is drawn

`WHERE sample(listing_id, 'pilot') < 0.01` takes about one row in a hundred, and whoever writes the same seed takes the same
ones, here or at home, from every snapshot and in every dataset that has the key. Another seed draws another sample, which
does not depend on the first. The number is the first 53 bits of HMAC-SHA-256 divided by 2^53; the seed is its key, the
message is the key's text in UTF-8: a whole number in decimal digits, a day as `2026-03-15`. Null gives null. The seed is a
literal. In Python:

```python
import hmac

def sample(key, seed):
    return (int.from_bytes(hmac.digest(seed.encode(), str(key).encode(), \"sha256\")[:8], \"big\") >> 11) / 2**53

assert sample(\"A1\", \"pilot\") == 0.5598872828209688
assert sample(42, \"pilot\") == 0.12383324269389373
assert sample(\"2026-03-15\", \"pilot\") == 0.8400076003617767
```
";

const REFUSED: &str = "
## What is refused

What the engine would ignore is refused, since the answer would be wrong without a word; what has no bound is refused, since
others wait; what gives another answer each time is refused, since nobody could draw it again.
";

/// Renders the page.
pub(super) fn render() -> String {
    let mut text = format!("{HEAD}{}\n```\n{GIVES}", offer::ROWS);
    for group in offer::clauses::GROUPS {
        phrases(&mut text, group.title, "Written", group.phrases);
    }
    phrases(&mut text, "Types", "Type", offer::types::TYPES);
    functions(&mut text, "Functions of one row", offer::scalar::GROUPS);
    text.push_str(SAMPLES);
    functions(&mut text, "Functions of many rows", offer::aggregate::GROUPS);
    functions(&mut text, "Window functions", offer::window::GROUPS);
    text.push_str(REFUSED);
    refused(&mut text, "Statements", STATEMENTS);
    refused(&mut text, "Clauses", CLAUSES);
    refused(&mut text, "Functions", FUNCTIONS);
    refused(&mut text, "Functions of other names", OTHER_NAMES);
    text
}

fn phrases(text: &mut String, title: &str, head: &str, phrases: &[Phrase]) {
    let _ = write!(text, "\n## {title}\n\n| {head} | | Example | Gives |\n|---|---|---|---|\n");
    for Phrase { form, says, example, parameters, gives } in phrases {
        let values = match *parameters {
            "[]" => String::new(),
            values => format!(" with {}", code(values)),
        };
        let (form, says) = (code(form), cell(says));
        let (example, gives) = (code(example), code(gives));
        let _ = writeln!(text, "| {form} | {says} | {example}{values} | {gives} |");
    }
}

fn functions(text: &mut String, title: &str, groups: &[Group]) {
    let _ = write!(text, "\n## {title}\n");
    for Group { title, functions } in groups {
        let _ = write!(text, "\n### {title}\n\n| Call | | Example | Gives |\n|---|---|---|---|\n");
        for Function { form, aliases, says, example, gives } in *functions {
            let others: Vec<_> = aliases.iter().map(|name| code(name)).collect();
            let others = match others.as_slice() {
                [] => String::new(),
                others => format!(" Also {}.", others.join(", ")),
            };
            let (form, says) = (code(form), cell(says));
            let (example, gives) = (code(example), code(gives));
            let _ = writeln!(text, "| {form} | {says}{others} | {example} | {gives} |");
        }
    }
}

fn refused(text: &mut String, title: &str, all: &[Refused]) {
    let _ = write!(
        text,
        "\n### {title}\n\n| Refused | What to do | Instead of | Write |\n|---|---|---|---|\n"
    );
    for Refused { names, reason, example, instead } in all {
        let names: Vec<_> = names.iter().map(|name| code(name)).collect();
        let (names, reason) = (names.join(", "), cell(reason));
        let _ = writeln!(text, "| {names} | {reason} | {} | {} |", code(example), code(instead));
    }
}

/// Code within a cell of a table.
fn code(code: &str) -> String {
    format!("`{}`", cell(code))
}
