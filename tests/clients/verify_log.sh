#!/usr/bin/env bash
# Checks the log of a data folder with the Go command's own checksum-database code, which knows
# nothing of Reading Room. Says "skipped" where the verifier or Go is not there.
set -euo pipefail
data=$1
source=$(cd "$(dirname "$0")/../.." && pwd)/../shared/tools/verify-log/main.go
if [ ! -f "$source" ] || ! command -v go >/dev/null; then
    echo "skipped: the independent verifier of the log is not here"
    exit 0
fi
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cp "$source" "$build/main.go"
(cd "$build" && GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$build/cache" go build -o verify main.go)
key=$(jq -r .log_key "$data/demo.json")
cp -r "$data/log" "$build/log" # a copy: the server goes on writing
printf "%s" "$key" >"$build/key"
"$build/verify" "$build/log" "$build/key"
"$READINGROOM_PROGRAM" log verify --data "$build/log" --key "$key"
