# What a developer types. The README's two commands need none of this.

CLIENTS := tests/clients

.PHONY: check format lint test deny advisories contract generate clients bench

check: format lint deny contract test ## all that continuous integration runs, but for other languages' clients

format: ## the formatting that rustfmt.toml asks for
	cargo fmt --all --check

lint: ## warnings are errors
	cargo clippy --workspace --all-targets -- --deny warnings

test: ## the README's test command
	cargo test --workspace

deny: ## licences, bans and sources of the dependency tree; needs no network
	cargo deny check licenses bans sources

advisories: ## known vulnerabilities in the dependency tree; needs the network
	cargo deny check advisories

contract: ## openapi.yaml, docs/sql.md and docs/datasets are what the code generates
	cargo run --quiet -- openapi | diff openapi.yaml -
	cargo run --quiet -- sql-page | diff docs/sql.md -
	made=$$(mktemp -d) && cargo run --quiet -- dataset-pages "$$made" && diff -r docs/datasets "$$made"; \
	    same=$$?; rm -rf "$$made"; exit $$same

generate: ## writes openapi.yaml, docs/sql.md and docs/datasets anew
	cargo run --quiet -- openapi > openapi.yaml
	cargo run --quiet -- sql-page > docs/sql.md
	cargo run --quiet -- dataset-pages docs/datasets

clients: ## the HTTP API from Python, R-like readers, Go and jq
	$(CLIENTS)/run

bench: ## the measurements of docs/decisions; see tests/bench/README.md
	tests/bench/run
