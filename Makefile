# Everything a person types. Each target first makes sure that the environment is complete.
.DEFAULT_GOAL := help
.PHONY: help install sandbox run test check bench screenshots doctor lock clean

BIN := .venv/bin
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header pyproject.toml

help:
	@echo 'make sandbox      try everything on a simulated WhatsApp, no phone needed'
	@echo 'make run          the same program on the real WhatsApp'
	@echo 'make test         format, lint, types, layers and all tests'
	@echo 'make install      only the set-up, into .venv'
	@echo 'make doctor       what this machine lacks, in sentences'
	@echo 'make bench        measure (takes minutes)'
	@echo 'make screenshots  the pictures of the README'
	@echo 'make lock         resolve requirements.lock anew from pyproject.toml'
	@echo 'make clean        remove the environment and caches; state is kept'

install: .venv/installed

# The first Python of the right version that can make an environment; PYTHON=... chooses another.
.venv/installed: requirements.lock pyproject.toml
	@set -e; \
	for python in $(PYTHON) python3.12 python3.13 python3.11 python3 python; do \
		"$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
			&& found="$$python" && break || true; \
	done; \
	if [ -z "$${found:-}" ]; then \
		echo 'Dovecote needs Python 3.11, 3.12 or 3.13 with its venv module (on Debian and Ubuntu: apt install python3-venv).' >&2; \
		exit 1; \
	fi; \
	if [ ! -x $(BIN)/python ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		echo "Making .venv with $$found ..."; \
		"$$found" -m venv --clear .venv; \
	fi
	@echo 'Installing what requirements.lock names ...'
	@# The lock is complete: resolving again would look past it at whatever was released since.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

sandbox: install
	@exec $(BIN)/dovecote run --sandbox

run: install
	@exec $(BIN)/dovecote run

test: check
	@# Three workers for two cores, as stories often wait; tests/conftest.py says in which order they fetch the files.
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m tests.bench

screenshots: install
	$(BIN)/python -m tests.screenshots

doctor: install
	@$(BIN)/dovecote doctor

# The lock names versions and hashes, never where they come from.
lock: install
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(COMPILE) --extra build --extra dev -o requirements.lock
	$(COMPILE) --extra build --constraint requirements.lock -o requirements-run.lock

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov *.egg-info
