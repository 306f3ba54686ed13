# `just` lists these; each is one plain cargo line, so nothing here is needed to build or test.

default:
    @just --list

# The example study: simulate, estimate, write the report.
demo:
    cargo run --release -- demo

# Everything that must hold before a change lands.
check: fmt lint test

# Formatting, as the tool says.
fmt:
    cargo fmt --all --check

# No warning passes.
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Unit tests, golden numbers, examples in the documentation.
test:
    cargo test --workspace

# The PDF writer, whose typesetter takes minutes to compile.
test-pdf:
    cargo test --workspace --features pdf --test pdf

# Accept changed snapshots after reading them.
snapshots:
    cargo insta review

# Licences and advisories (needs cargo-deny).
deny:
    cargo deny check

# What continuous integration runs.
ci:
    .ci/run

# Placebo draws beside the same draws refitted one by one.
bench:
    cargo run --release -p attica --example bench_placebo

# Coverage of every estimator's intervals on simulated panels: writes docs/coverage.md (about half an hour).
coverage:
    cargo run --release -p attica --example coverage

# What the audit catches of papers with one cell changed: writes its table in docs/audit.md.
audit-mutations:
    cargo run --release -p attica-study --example audit_mutations

# Attica beside its peers: writes docs/performance.md (needs the packages of bench/requirements.txt).
bench-peers:
    python bench/run.py
    python bench/fixed_effects.py

# Instructions of a regression beside those on record: what timings on a busy machine hide (needs valgrind).
bench-instructions:
    python bench/instructions.py

# Regressions on files of up to 1e8 rows in passes: writes the table of docs/large-files.md (needs pyarrow).
bench-large:
    python bench/large.py

# Imputation, two-stage and Sun-Abraham from a frame to the estimate, 1e5 and 1e6 rows.
bench-imputation:
    cargo run --release -p attica --example bench_imputation
