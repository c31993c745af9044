#!/usr/bin/env bash
# Exercises every operation of the committed contract with generated input, valid and not.
set -euo pipefail
data=$1 schemathesis=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
url=$(jq -r .url "$data/demo.json")
for role in researcher steward registrar auditor; do
    token=$(jq -r ".tokens.$role" "$data/demo.json")
    "$schemathesis" --config-file "$(dirname "$0")/schemathesis.toml" run "$root/openapi.yaml" \
        --url "$url" --header "Authorization: Bearer $token" --no-color
done
