#!/bin/sh
# What is derived from the code and committed: the GraphQL SDL, the events' schemas, golden payloads and list, expected outputs
# of the command line.
#
# Tests whose name contains `artefact` compare one of them with the code; with VNR_UPDATE_ARTEFACTS=1 they write it instead.
# insta's snapshots follow INSTA_UPDATE.
#
#   scripts/artefacts.sh update   write them
#   scripts/artefacts.sh check    write them and fail when that changed anything
set -eu
cd "$(dirname "$0")/.."

# What there is now: a checksum and a name a line, also of files that git does not know yet.
listing() {
    git ls-files --cached --others --exclude-standard -- schema docs '*.snap' '*.snap.new' | sort | while IFS= read -r file; do
        [ ! -f "$file" ] || cksum "$file"
    done
}

regenerate() {
    export VNR_UPDATE_ARTEFACTS=1 INSTA_UPDATE=always
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run ${CARGO_FLAGS:-} --no-tests=pass artefact
    else
        cargo test ${CARGO_FLAGS:-} artefact
    fi
}

case "${1:-}" in
    update) regenerate ;;
    check)
        before=$(mktemp)
        after=$(mktemp)
        trap 'rm -f "$before" "$after"' EXIT
        listing >"$before"
        regenerate
        listing >"$after"
        if ! changed=$(diff "$before" "$after"); then
            echo "artefacts: not as committed; run \`make artefacts\` and commit what it writes:" >&2
            echo "$changed" | sed -n 's/^[<>] [0-9]* [0-9]* /  /p' | sort -u >&2
            exit 1
        fi
        echo "artefacts: as committed"
        ;;
    *)
        echo "usage: scripts/artefacts.sh update|check" >&2
        exit 2
        ;;
esac
