# TrustID. `make run` does the main job, `make test` checks everything; `make help` lists the rest.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
DEV := .venv
RUN := .venv-run
BIN := $(DEV)/bin
CARGO_TARGET_DIR ?= $(CURDIR)/target
PIP := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -o -name 'Cargo.toml' -not -path '*/target/*' 2>/dev/null)
PYTHON_SOURCES := $(shell find src issuer_app verifier_app -type f -not -path '*/__pycache__/*' -not -name '*.so' 2>/dev/null)
export CARGO_TARGET_DIR

.DEFAULT_GOAL := help
.PHONY: help run demo test lint types rust pytest faults wheel sdist vectors interop threats bench bench-credentials bench-bls bench-bls-100m bench-dids bench-revocation bench-lists bench-anoncreds statistics fuzz fuzz-python clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  \1\t/' | expand -t 22

run: $(RUN)/.ready ## start both servers with two sample institutions; stays until Ctrl-C
	$(RUN)/bin/python tools/run.py

demo: $(RUN)/.ready ## issue, present, revoke and refuse, headless; ends by itself
	$(RUN)/bin/python tools/demo.py

test: lint types rust pytest ## everything that must hold

lint: $(DEV)/.ready ## formatting and lint of the Python code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(DEV)/.ready ## mypy --strict, and the stub against the extension
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest trustid._core --ignore-disjoint-bases

rust: ## formatting, clippy and tests of the Rust code
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --workspace --locked --exclude trustid-python

pytest: $(DEV)/.ready $(RUN)/.ready ## the Python tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

faults: $(DEV)/.ready ## kill -9 in join, revoke and publish of a revocation registry, 360 times (minutes)
	TRUSTID_KILLS=20 $(BIN)/python -m pytest tests/faults

wheel: dist/.wheel ## build the abi3 wheel into dist/

sdist: $(DEV)/.tools ## build the source distribution into dist/
	$(BIN)/maturin sdist --out dist

vectors: $(DEV)/.ready ## run every official vector and print a table: topic, stored, run, passed, not run and why
	$(BIN)/python -m tools.vectors

interop: $(DEV)/.ready ## cross-checks both ways with software that nobody here wrote, as a table
	for folder in tests/interop tests/interop/credo tests/interop/formats; do \
		! command -v npm >/dev/null || npm install --prefix $$folder --no-audit --no-fund --silent || exit 1; done
	$(BIN)/python -m tools.interop

threats: ## which numbered bad inputs are covered by tests
	@$(PYTHON) tools/threats.py

bench: bench-credentials bench-bls bench-dids bench-revocation bench-lists bench-anoncreds ## every benchmark against its peers

bench-credentials: $(DEV)/.ready ## SD-JWT VC and Data Integrity against PyPI sd-jwt, didkit and raw signatures
	$(BIN)/python -m benchmarks.credentials
	$(BIN)/python -m benchmarks.issuing_many

bench-bls: $(DEV)/.bench ## BLS signatures against blst, blspy, chia_rs and py_ecc
	$(BIN)/python -m benchmarks.bls

bench-bls-100m: ## a key store of a hundred million keys: 9.6 GB of disk, some minutes
	cargo run --release --locked -p trustid-core --example bls_store -- 100000000 $(or $(FOLDER),/tmp)

bench-dids: $(DEV)/.ready ## resolving did:key, and verifying a did:webvh log
	$(BIN)/python -m benchmarks.dids

bench-revocation: $(DEV)/.ready ## rows of a million, proofs, revoking many, beside raw blst and docknetwork's
	$(BIN)/python -m benchmarks.revocation

bench-100m: $(DEV)/.ready ## rows of a hundred million, in full: minutes on every core, 5 GB of disk
	$(BIN)/python -m benchmarks.revocation_full --members 100000000 --output benchmarks/results/revocation-100m.jsonl

bench-lists: $(DEV)/.ready ## status lists at a hundred million entries: places, signing, changes, reading
	$(BIN)/python -m benchmarks.lists

bench-anoncreds: $(DEV)/.bench ## a registry of 32,768 beside AnonCreds
	$(BIN)/python -m benchmarks.anoncreds

statistics: $(DEV)/.ready ## do 20,000 presentations tell two holders apart? (a minute)
	$(BIN)/python -m tools.unlinkability

fuzz: fuzz-python ## 60 seconds for each parser in Python, and for each Rust decoder (needs cargo-fuzz and a nightly toolchain)
	$(BIN)/python rust/fuzz/seeds.py
	cargo +nightly fuzz run --fuzz-dir rust/fuzz bls_points -- -max_total_time=60
	cargo +nightly fuzz run --fuzz-dir rust/fuzz bls_store -- -max_total_time=60 -max_len=2048
	cargo +nightly fuzz run --fuzz-dir rust/fuzz membership -- -max_total_time=60 -max_len=2048
	cargo +nightly fuzz run --fuzz-dir rust/fuzz rows -- -max_total_time=60 -max_len=1024
	cargo +nightly fuzz run --fuzz-dir rust/fuzz text -- -max_total_time=60 -max_len=1024
	cargo +nightly fuzz run --fuzz-dir rust/fuzz rdf -- -max_total_time=60 -max_len=2048

fuzz-python: $(DEV)/.ready ## 60 seconds for each parser in Python
	$(BIN)/python -m tools.fuzz --seconds 60

clean: ## remove what was built (the data folder stays)
	rm -rf $(DEV) $(RUN) dist build target

# --- what the targets stand on -------------------------------------------------

$(DEV)/.tools: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(DEV)
	$(BIN)/python $(PIP) maturin
	touch $@

$(DEV)/.ready: $(DEV)/.tools pyproject.toml constraints.txt $(RUST_SOURCES)
	$(BIN)/python $(PIP) --editable '.[dev,interop]'
	$(BIN)/python -c "import sysconfig, pathlib; pathlib.Path(sysconfig.get_path('purelib'), 'trustid_apps.pth').write_text('$(CURDIR)\n')"
	touch $@

$(DEV)/.bench: $(DEV)/.ready
	$(BIN)/python $(PIP) '.[bench]'
	touch $@

dist/.wheel: $(DEV)/.tools pyproject.toml $(RUST_SOURCES) $(PYTHON_SOURCES)
	rm -f dist/*.whl
	$(BIN)/maturin build --release --locked --out dist
	touch $@

$(RUN)/.ready: dist/.wheel constraints.txt
	test -x $(RUN)/bin/python || $(PYTHON) -m venv $(RUN)
	$(RUN)/bin/python $(PIP) --force-reinstall --no-deps dist/*.whl
	$(RUN)/bin/python $(PIP) "$$(ls dist/*.whl)[servers]"
	touch $@
