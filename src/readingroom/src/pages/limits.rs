//! How much of which flaw a publication may have.

use std::fmt::Write as _;

use domain::codebook::Codebook;

/// Renders the limits.
pub(super) fn render(text: &mut String, codebook: &Codebook) {
    text.push_str(
        "\n## Quality\n\nWhat publishing counts is in each snapshot's manifest under `quality`, held \
         against these limits.\n\n| Finding | Share of rows | Beyond it |\n|---|---|---|\n",
    );
    let limits = [
        (&codebook.quality.reject, "nothing is published"),
        (&codebook.quality.hold, "the snapshot waits until a person activates it with a reason"),
        (&codebook.quality.report, "the finding says so"),
    ];
    for (limits, beyond) in limits {
        for (rule, share) in limits {
            let _ = writeln!(text, "| `{rule}` | {share} | {beyond} |");
        }
    }
    if !codebook.quality.order.is_empty() {
        text.push_str("\nIn order of time, as far as both are there:\n\n");
    }
    for (earlier, later) in &codebook.quality.order {
        let _ = writeln!(text, "- `{earlier}` is not later than `{later}`");
    }
}
