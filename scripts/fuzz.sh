#!/bin/sh
# Runs each fuzz target for FUZZ_SECONDS (150), or those that are named. What it is looking for stands in fuzz/README.md.
#
# Without cargo-fuzz or a nightly compiler it says that nothing was fuzzed, and does not fail: the rest of the tests needs neither.
set -eu
cd "$(dirname "$0")/.."

skip() {
    echo "fuzz: SKIPPED, no target was run: $1" >&2
    exit 0
}

cargo +nightly --version >/dev/null 2>&1 || skip "there is no nightly compiler (rustup toolchain install nightly)"
cargo +nightly fuzz --version >/dev/null 2>&1 || skip "there is no cargo-fuzz (cargo install cargo-fuzz --locked)"

if [ $# -eq 0 ]; then
    set -- $(basename -s .rs fuzz/fuzz_targets/*.rs)
fi
sh fuzz/seed.sh
cargo +nightly fuzz build
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for target in "$@"; do
    echo "fuzz: $target for ${FUZZ_SECONDS:-150} s"
    if ! cargo +nightly fuzz run "$target" -- -max_total_time="${FUZZ_SECONDS:-150}" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        echo "fuzz: $target FAILED; the input is in fuzz/artifacts/$target" >&2
        exit 1
    fi
    # Done 123456 runs in 151 second(s)
    sed -n "s/^Done \(.*\)/fuzz: $target: \1, nothing found/p" "$log"
done
