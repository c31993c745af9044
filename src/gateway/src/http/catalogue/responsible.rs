//! How the data came about and what to beware of, from what manifest and codebook already say.
//!
//! # Source
//! Croissant RAI vocabulary 1.0 (`MLCommons`).

use domain::Manifest;
use domain::codebook::{Class, Codebook};
use domain::manifest::{Finding, FindingVerdict};
use serde_json::{Value, json};

use super::about::conditions;
use super::coverage::days;

/// Adds the properties to a description.
pub(super) fn describe(described: &mut Value, codebook: &Codebook, manifest: &Manifest) {
    described["rai:dataCollection"] = json!(collection(manifest));
    described["rai:dataCollectionType"] = json!("Software Collection");
    described["rai:dataCollectionMissingData"] = json!(missing(codebook, manifest));
    described["rai:dataPreprocessingProtocol"] = json!(preprocessing(codebook, manifest));
    described["rai:dataLimitations"] = json!(limitations(codebook, manifest));
    described["rai:personalSensitiveInformation"] = json!(personal(codebook));
    described["rai:dataUseCases"] = json!(
        "Research that contributes to the detection, identification and understanding of \
         systemic risks in the Union (DSA Art. 34(1), 40(4), 40(12))."
    );
    described["rai:dataReleaseMaintenancePlan"] = json!(maintenance(codebook));
    if let Some((first, last)) = days(codebook, manifest) {
        described["rai:dataCollectionTimeframe"] = json!([first, last]);
    }
}

fn collection(manifest: &Manifest) -> String {
    let sum = |count: fn(&domain::manifest::Source) -> u64| -> u64 {
        manifest.sources.iter().map(count).sum()
    };
    format!(
        "Delivered by the platform's data stewards from its own systems in {} files, whose names \
         and digests the manifest has; {} rows read, {} rejected, {} dropped since an equal one \
         was there.",
        manifest.sources.len(),
        sum(|source| source.rows_read),
        sum(|source| source.rows_rejected),
        sum(|source| source.rows_duplicate),
    )
}

fn missing(codebook: &Codebook, manifest: &Manifest) -> String {
    let gaps = codebook.known_gaps.iter();
    let mut sentences: Vec<String> =
        gaps.map(|gap| format!("{} to {}: {}", gap.from, gap.until, gap.note)).collect();
    if !manifest.coverage.missing.is_empty() {
        sentences.push(format!("Periods not there: {}.", manifest.coverage.missing.join(", ")));
    }
    if sentences.is_empty() {
        sentences.push("No gap is known.".to_owned());
    }
    sentences.join(" ")
}

fn preprocessing(codebook: &Codebook, manifest: &Manifest) -> Vec<String> {
    let order: Vec<_> = codebook.sort_order.iter().map(|name| name.as_str()).collect();
    vec![
        format!(
            "Checked against the codebook with the SHA-256 {}: types, allowed values, bounds, \
             keys, and keys of other datasets.",
            manifest.codebook_sha256
        ),
        format!("Sorted by {}.", order.join(", ")),
    ]
}

fn limitations(codebook: &Codebook, manifest: &Manifest) -> Vec<String> {
    let is_beyond = |finding: &&Finding| finding.verdict != FindingVerdict::Ok;
    let told = |finding: &Finding| {
        let column = finding.field.as_ref().map(|field| format!(" of {field}"));
        let column = column.unwrap_or_default();
        if finding.verdict == FindingVerdict::NotChecked {
            return format!("Not checked: {}{column}.", finding.rule);
        }
        let (rule, count) = (&finding.rule, finding.count);
        format!("{rule}{column}: {count} rows, beyond the codebook's limit.")
    };
    let findings = manifest.quality.iter().filter(is_beyond).map(told);
    std::iter::once(conditions(codebook.tier).to_owned()).chain(findings).collect()
}

fn personal(codebook: &Codebook) -> Vec<String> {
    let named = |chosen: &dyn Fn(&domain::codebook::Field) -> bool| -> Option<String> {
        let fields = codebook.fields.iter().filter(|field| chosen(field));
        let names: Vec<_> = fields.map(|field| field.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let mut sentences = vec![
        "Identifiers are pseudonyms that the platform made; pseudonyms are personal data still."
            .to_owned(),
    ];
    let restricted = named(&|field| field.class == Class::Restricted);
    sentences.extend(restricted.map(|it| format!("Only for grants that say so: {it}.")));
    let identifiers = named(&|field| field.class == Class::Identifier);
    sentences
        .extend(identifiers.map(|it| format!("Given as pseudonyms of the project only: {it}.")));
    let free = named(&|field| field.free_text);
    sentences.extend(free.map(|it| format!("Text that people wrote, which may name them: {it}.")));
    sentences
}

fn maintenance(codebook: &Codebook) -> String {
    let rest = codebook.retention.as_ref().map(|retention| {
        format!(
            " Rows are kept for {} from {} on ({}).",
            retention.keep, retention.clock, retention.basis
        )
    });
    format!(
        "A snapshot never changes; a correction is a new one that names the one it supersedes, \
         and editions pin one snapshot of each dataset.{}",
        rest.unwrap_or_default()
    )
}
