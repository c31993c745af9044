//! Examples of what operations answer: real answers of a demo, some of them shortened.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;
use utoipa::openapi::{RefOr, Responses};

/// By operation (`ask:202` where a status has one of its own), then by media type.
static EXAMPLES: LazyLock<HashMap<String, HashMap<String, Value>>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("examples.json")).expect("invariant: the examples are JSON")
});

/// Adds to what an operation answers when all goes well an example of each form.
pub(super) fn add(responses: &mut Responses, id: &str) {
    for (status, response) in &mut responses.responses {
        let RefOr::T(response) = response else { continue };
        let own = EXAMPLES.get(&format!("{id}:{status}"));
        let Some(examples) = own.or_else(|| EXAMPLES.get(id).filter(|_| status != "206")) else {
            continue;
        };
        if !status.starts_with('2') {
            continue;
        }
        for (media_type, content) in &mut response.content {
            let RefOr::T(content) = content else { continue };
            if content.example.is_none() && content.examples.is_empty() {
                content.example = examples.get(media_type).cloned();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::http::Contract;

    /// Forms that no text shows.
    const BINARY: [&str; 3] = [
        "application/octet-stream",
        "application/vnd.apache.arrow.stream",
        "application/vnd.apache.parquet",
    ];

    #[test]
    fn every_answer_has_an_example_of_each_form_that_can_be_read() {
        let contract: Value = serde_saphyr::from_str(Contract::get().yaml()).unwrap();
        let mut without = Vec::new();

        for (path, item) in contract["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let responses = operation["responses"].as_object().unwrap();
                for (status, response) in responses.iter().filter(|(it, _)| it.starts_with('2')) {
                    let contents = response["content"].as_object().into_iter().flatten();
                    for (media_type, content) in contents {
                        if content["example"].is_null() && !BINARY.contains(&media_type.as_str()) {
                            without.push(format!("{method} {path} {status} {media_type}"));
                        }
                    }
                }
            }
        }

        assert!(without.is_empty(), "{without:#?}");
    }
}
