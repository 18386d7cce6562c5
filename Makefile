# Hope Now. `make help` lists the targets. Needs Python 3.11 or newer, make and git; never root.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STAMP := $(VENV)/.installed

# Test processes at once, and what to test: make test JOBS=1 TESTS=tests/mortgage
JOBS ?= auto
TESTS ?= tests

.PHONY: help setup assets start test quick lint types contracts gates format bench fuzz oracle docs lock clean distclean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1 \2/' | \
	    while read -r name what; do printf '  %-10s %s\n' "$$name" "$$what"; done

setup: $(STAMP) ## make the virtual environment (quick when nothing changed)

# Locked releases only, checked against their hashes, as ready-made wheels: nothing is compiled here.
$(STAMP): requirements/dev.txt pyproject.toml
	@python=""; \
	for candidate in $(or $(PYTHON),python3.11 python3 python3.12 python3.13); do \
	    if command -v "$$candidate" >/dev/null && \
	       "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	        python="$$candidate"; break; \
	    fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "Hope Now needs Python 3.11 or newer, and none was found. Install it, or name it: make setup PYTHON=/path/to/python3.11" >&2; \
	    exit 1; \
	fi; \
	if [ ! -x $(PY) ]; then \
	    echo "Making $(VENV) with $$("$$python" --version)"; \
	    if ! "$$python" -m venv $(VENV); then \
	        rm -rf $(VENV); \
	        echo "Python's venv module did not work. On Debian and Ubuntu it comes with the package python3-venv." >&2; \
	        exit 1; \
	    fi; \
	fi
	@echo "Installing the locked packages (first time: a minute or two)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input \
	    --require-hashes --only-binary :all: --requirement requirements/dev.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input \
	    --no-deps --no-build-isolation --no-index --editable .
	@touch $@

ASSETS := src/hopenow/web/static/design/hopenow.css

assets: $(ASSETS) ## make the platform's style sheet (quick when nothing changed)

$(ASSETS): $(STAMP) $(wildcard src/hopenow/web/assets/*)
	@$(PY) -m tools.assets || echo "The platform's pages work without their looks until 'make assets' succeeds." >&2

# make start PORT=9000; make start CHECK=1 starts, asks for the first page, and stops.
PORT ?= 8000
CHECK ?=

start: setup assets ## review a made-up loan tape, then run the platform with a made-up alliance (Ctrl-C stops it)
	@$(BIN)/hopenow demo --out build/demo
	@$(BIN)/hopenow serve --demo --port $(PORT) $(if $(CHECK),--check)

test: assets lint types contracts gates ## everything that must be green: linter, types, contracts, gates, tests
	@$(PY) -m pytest -n $(JOBS) $(TESTS)

quick: setup ## the tests alone, stopping at the first failure
	@$(PY) -m pytest -x -q $(TESTS)

lint: setup ## linter (changes nothing)
	@$(BIN)/ruff check .

format: setup ## let the linter repair what it safely can
	@$(BIN)/ruff check --fix .

types: setup ## strict type check
	@$(BIN)/mypy

contracts: setup ## who may import whom
	@$(BIN)/lint-imports

gates: setup ## the project's own checks: money, law in code, text, documentation, lock files
	@$(PY) -m tools.gates
	@$(PY) -m tools.build_docs --check

bench: setup ## benchmarks (minutes)
	@$(PY) -m benchmarks

fuzz: setup ## property tests with many more examples (minutes)
	@HOPENOW_HYPOTHESIS=fuzz $(PY) -m pytest -n $(JOBS) -m hypothesis $(TESTS)

oracle: setup ## the independent oracle on many random loans (long)
	@$(PY) -m pytest -n $(JOBS) -m long $(TESTS)

docs: setup ## write the generated reference pages anew
	@$(PY) -m tools.build_docs

lock: setup ## write the lock files anew; UPGRADE=--upgrade takes newer releases
	@$(PY) tools/lock.py $(UPGRADE)

clean: ## remove what builds and tests wrote
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove the virtual environment too
	@rm -rf $(VENV)
