# One page: every target sets up what it needs in .venv. `make` lists the targets.

ARGS ?=
VENV := .venv
PY := $(VENV)/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test bench lint chaos fuzz properties soak lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1\t/' | expand -t 12

demo: $(VENV)/.runtime ## everything embedded, with sample traffic; ARGS=--once runs it once and tells what arrived
	$(PY) -m smppd demo $(ARGS)

test: lint ## every check; ARGS are pytest's. Foreign peers are not met while other tests run: both take ports
	$(PY) -m pytest -n 2 --dist loadfile $(or $(ARGS),--ignore=tests/interop)
	$(if $(ARGS),,$(PY) -m pytest tests/interop)

lint: $(VENV)/.dev ## style, types, who may import whom
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.dev ## the benchmarks, as one table
	$(PY) -m benchmarks $(ARGS)

chaos: $(VENV)/.dev ## stop, cut and fill things at random, then count every message
	$(PY) -m benchmarks.chaos $(ARGS)

soak: $(VENV)/.dev ## steady traffic for a long time; memory and balance must hold
	$(PY) -m benchmarks.soak $(ARGS)

fuzz: $(VENV)/.dev ## random and mutated frames for a minute; ARGS="--seconds 3600" or "--frames 10000000"
	$(PY) -m tests.fuzz $(ARGS)

properties: $(VENV)/.dev ## the property tests with many more examples
	$(PY) -m pytest -p tests.fuzz.profile --hypothesis-profile=fuzz --timeout=0 tests/pdu tests/smpp $(ARGS)

lock: $(VENV)/bin/python ## pin what pyproject.toml asks for, as resolved today
	$(PY) -m venv --clear build/lock
	build/lock/bin/python -m pip install -q .
	build/lock/bin/python -m pip freeze --exclude smppd > requirements.txt
	build/lock/bin/python -m pip install -q -c requirements.txt '.[dev]'
	build/lock/bin/python -m pip freeze --exclude smppd > requirements-dev.txt
	rm -rf build/lock

clean: ## remove what make made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	$(PY) -m pip install -q -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements-fuzz.txt $(VENV)/.runtime
	$(PY) -m pip install -q -r requirements-dev.txt -r requirements-fuzz.txt
	@touch $@

# The first interpreter that is new enough; else one line that says what to install.
$(VENV)/bin/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
	  "$$python" -c 'import venv, ensurepip' >/dev/null 2>&1 || { \
	    echo "smppd needs the venv module and pip of $$python: install python3-venv (Debian, Ubuntu) or python3-pip" >&2; exit 1; }; \
	  rm -rf $(VENV) && exec "$$python" -m venv $(VENV); \
	done; \
	echo "smppd needs Python 3.11 or newer: install python3.11 and python3.11-venv, or name one with make PYTHON=..." >&2; exit 1
