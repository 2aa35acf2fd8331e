# The register's everyday commands. `make help` lists them. Everything is cargo; PostgreSQL's programs are looked after by `make pg`.

# How the demo is built: release (fast to run) or dev (fast to build; what the tests use too).
PROFILE ?= release
# What runs the demo; a program that is already built, for example VNR=target/debug/vnr, is not built again.
VNR ?= cargo run $(CARGO_FLAGS) --profile $(PROFILE) --bin vnr --
# A file of calls for the demo; without it the demo looks for one and otherwise makes its own sample.
DATA ?=
# Further arguments, for example ARGS=--exit.
ARGS ?=
# One bench by name; all of them without it.
NAME ?=
# How long each fuzz target runs in test-long.
FUZZ_SECONDS ?= 150
# CI adds --locked.
CARGO_FLAGS ?=

# Tests wait for processes, databases and clocks a good part of their time: half as many again as there are cores.
TEST_THREADS ?= $(shell echo $$(( ($$(nproc) * 3 + 1) / 2 )))

NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
.DEFAULT_GOAL := build
.PHONY: build pg demo test test-long bench instructions check-instructions fmt lint docs artefacts check-artefacts help

build: pg ## build everything
	cargo build $(CARGO_FLAGS)

pg: ## make sure that PostgreSQL's programs are there
	@scripts/ensure-postgres.sh

demo: pg ## the whole system with real calls, until Ctrl-C [DATA=FILE] [ARGS=--exit] [PROFILE=dev]
	$(VNR) demo $(if $(DATA),--data "$(DATA)") $(ARGS)

test: pg ## all tests, documentation included
ifeq ($(NEXTEST),yes)
	cargo nextest run $(CARGO_FLAGS) --workspace --no-fail-fast --test-threads $(TEST_THREADS)
	cargo test $(CARGO_FLAGS) --doc --quiet
else
	cargo test $(CARGO_FLAGS) --workspace --no-fail-fast
endif

test-long: pg ## all tests, the long forms too, and the fuzz targets [FUZZ_SECONDS=150]
ifeq ($(NEXTEST),yes)
	VNR_TEST_LONG=1 cargo nextest run $(CARGO_FLAGS) --workspace --no-fail-fast --run-ignored all
else
	VNR_TEST_LONG=1 cargo test $(CARGO_FLAGS) --workspace --no-fail-fast -- --include-ignored
endif
	FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz.sh

bench: pg ## measure, against peers; writes target/bench.json [NAME=…]
	cargo run $(CARGO_FLAGS) --release --package benches -- $(NAME) $(ARGS)

check-instructions: ## fail where a hot path has become a tenth longer than benches/instructions.json says
ifeq ($(NEXTEST),yes)
	cargo nextest run $(CARGO_FLAGS) --workspace --run-ignored only -E 'binary(instructions) & test(no_hot_path)'
else
	cargo test $(CARGO_FLAGS) --workspace --test instructions -- --ignored
endif

instructions: ## count the instructions of the hot paths, and compare with benches/instructions.json [ARGS=--record]
	cargo run $(CARGO_FLAGS) --quiet --package benches --bin instructions -- $(ARGS)

fmt: ## format the sources
	cargo fmt --all

lint: ## formatting and lints, warnings denied
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --workspace --all-targets -- -D warnings

docs: ## the API's documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" cargo doc $(CARGO_FLAGS) --workspace --no-deps

artefacts: pg ## write anew what is derived from the code: GraphQL SDL, event schemas and golden payloads, expected outputs
	scripts/artefacts.sh update

check-artefacts: pg ## fails when what is derived from the code is not as committed
	scripts/artefacts.sh check

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target what; do \
		printf '  make %-16s %s\n' "$$target" "$$what"; done
