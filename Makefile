# Tolmach. A fresh machine needs Python 3.11 or newer and make; everything else is set up here.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.setup-stamp
PYTEST := TOLMACH_WHOLE=1 $(BIN)/python -m pytest --numprocesses=auto

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-more lint types schema schema-check reference unit size bench lock clean

help:            ## these lines
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' Makefile | expand -t 16

setup: $(STAMP)  ## .venv with everything, by hash
$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed, {v} was found: make PYTHON=python3.11")'
	@echo "setting up .venv: every package by hash, about a minute"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q engine
	@touch $@

demo: setup      ## one dialogue against a stand-in CRM and bank
	@$(BIN)/python examples/bank/demo.py

test: lint types schema-check unit  ## all but the foreign systems

unit: setup      ## the tests on this machine's own sockets
	$(PYTEST) -m "not foreign"

test-more: setup ## against systems that nobody here wrote
	$(PYTEST) -m foreign --dist=loadfile

lint: setup      ## style, layers, dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry engine

types: setup     ## mypy --strict
	$(BIN)/mypy

schema: setup    ## schema.json from the models
	@mkdir -p build
	$(BIN)/python -m engine.cli schema > build/schema.json && mv build/schema.json schema.json

schema-check: setup  ## schema.json is what the models say
	@mkdir -p build
	$(BIN)/python -m engine.cli schema > build/schema.json
	@cmp -s build/schema.json schema.json || { echo "schema.json is not what the models say: make schema"; exit 1; }

reference: setup ## docs/language.md and docs/reference.md from the code
	@mkdir -p build
	$(BIN)/python -m tests.docs.language > build/language.md && mv build/language.md docs/language.md
	$(BIN)/python -m tests.docs.reference > build/reference.md && mv build/reference.md docs/reference.md

size: setup      ## lines per room, and the budgets
	@$(BIN)/python -m tests.house.size

bench: setup     ## the hot path against its peers (ARGS="--rounds 5")
	$(BIN)/python -m benchmarks.run $(ARGS)

lock:            ## the newest versions that fit, into requirements/
	@$(PYTHON) -m venv build/lock && build/lock/bin/pip install -qq --disable-pip-version-check uv
	build/lock/bin/uv pip compile $(LOCK) --output-file requirements/run.txt pyproject.toml
	build/lock/bin/uv pip compile $(LOCK) --output-file requirements/dev.txt --all-extras --group dev pyproject.toml
LOCK := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --quiet

clean:           ## what was built, and .venv
	rm -rf .venv build .mypy_cache .ruff_cache .hypothesis
