//! The page that lists the datasets, by who may have them.

use std::fmt::Write as _;

use domain::DatasetName;
use domain::codebook::{Codebook, Tier};

use super::words;

const HEAD: &str = "\
# Datasets

What there is to ask, one page for each dataset, made from `datasets/<name>/codebook.yaml` (its shape is in
[codebook.schema.json](../../datasets/codebook.schema.json)). A server has the same under `GET /v1/datasets`, and
`readingroom codebook NAME` prints it. DSA is [Regulation (EU) 2022/2065](https://eur-lex.europa.eu/eli/reg/2022/2065/oj).

Every dataset needs a grant, which may bound it to days, Member States and columns. A column of class **restricted** needs
a grant that says so, and so does one of class **identifier**, which comes out as a [pseudonym](../pseudonyms.md) of the
project. Identifiers of listings, traders, notices and the like are the platform's pseudonyms: the same in every dataset and
edition, but still personal data where a person is behind them.
";

/// Renders the list.
pub(super) fn render(codebooks: &[&Codebook]) -> String {
    let mut text = String::from(HEAD);
    for tier in [Tier::Public, Tier::Vetted, Tier::Oversight] {
        let of_tier: Vec<_> = codebooks.iter().filter(|codebook| codebook.tier == tier).collect();
        let _ = write!(
            text,
            "\n## {}\n\nFor {}.\n\n\
             | Dataset | What it holds | One row per | Points at |\n|---|---|---|---|\n",
            heading(tier),
            words::audience(tier),
        );
        for codebook in of_tier {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |",
                words::link(&codebook.name),
                words::cell(&codebook.title),
                words::cell(&codebook.row_unit),
                targets(codebook),
            );
        }
    }
    text
}

fn heading(tier: Tier) -> &'static str {
    match tier {
        Tier::Public => "Public",
        Tier::Vetted => "Vetted",
        Tier::Oversight => "Oversight",
    }
}

/// The other datasets that a dataset points at, each once.
fn targets(codebook: &Codebook) -> String {
    let mut targets: Vec<&DatasetName> =
        codebook.foreign_keys.iter().map(|key| &key.reference.resource).collect();
    targets.retain(|target| **target != codebook.name);
    targets.sort();
    targets.dedup();
    let links: Vec<_> = targets.into_iter().map(words::link).collect();
    links.join(", ")
}
