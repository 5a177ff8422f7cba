# Each target makes .venv and installs what is missing, so a fresh clone needs nothing first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
SYSTEM := $(VENV)/.system
BENCH ?=
# Twice quiet: errors are shown, warnings about this machine (root, PATH, folders of an index) are not.
PIP_OPTIONS := -qq --disable-pip-version-check --no-warn-script-location --root-user-action=ignore
PYTEST := $(BIN)/pytest -q

.PHONY: help venv demo demo-once test check bench fmt docs catalogues clean
help:
	@echo "make venv       .venv with all commands in .venv/bin, and nothing else"
	@echo "make demo       a whole local network and its story; stays up until Ctrl-C"
	@echo "make demo-once  the same story, checked through the explorer, then stopped"
	@echo "make test       checks, then every test"
	@echo "make check      ruff, mypy, import contracts"
	@echo "make bench      speed, one JSON line a result; BENCH=name runs one"
	@echo "make fmt        format the source"
	@echo "make docs       docs/rpc.md from the node's own help"
	@echo "make catalogues the explorer's sentences into its catalogues of translations"
	@echo "make clean      remove caches and the virtual environment"

venv: $(READY)
	@echo "The commands are in $(CURDIR)/$(BIN); docs/getting-started.md shows a way through them"

demo demo-once: $(READY)
	@$(BIN)/ccxx-regtest $@

test: check $(SYSTEM)
	@echo "== pytest: architecture, unit, property, fuzz"
	@$(PYTEST) -n auto $(wildcard tests/architecture tests/unit tests/property tests/fuzz)
	@echo "== pytest: functional, with real processes"
	@$(PYTEST) -n auto --dist loadfile $(wildcard tests/functional)

check: $(READY)
	@echo "== ruff"
	@$(BIN)/ruff check --quiet --output-format concise . && $(BIN)/ruff format --quiet --check .
	@echo "== mypy"
	@$(BIN)/mypy --no-error-summary
	@echo "== lint-imports"
	@$(BIN)/lint-imports --no-logo

bench: $(READY)
	@for file in tests/bench/bench_$(or $(subst -,_,$(BENCH)),*).py; do \
	    test -f "$$file" || { echo "no $$file; there are:" tests/bench/bench_*.py; exit 1; }; \
	    $(BIN)/python "$$file" || exit 1; \
	done

fmt: $(READY)
	@$(BIN)/ruff check --quiet --fix-only . ; $(BIN)/ruff format .

docs: $(READY)
	@$(BIN)/python -m ccxx_node.rpc.manual > docs/rpc.md

catalogues: $(READY)
	@$(BIN)/python -m ccxx_explorer.extraction

clean:
	@rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
	    tests/clients/*/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "CCXX needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || { echo "== making $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "== installing Python packages"
	@$(BIN)/python -m pip install $(PIP_OPTIONS) --editable '.[dev]'
	@touch $@

$(SYSTEM): .ci/system-packages .ci/node-packages tests/clients/bitcoinjs/package-lock.json $(READY)
	@# What could not be installed is tried again next time; tests that need it say why they are skipped.
	@if .ci/system-packages && .ci/node-packages; then touch $@; fi
