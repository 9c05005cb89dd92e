# Everything runs in .venv, which is built from requirements/dev.txt when that file changes.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
BIN := .venv/bin
BUILT := .venv/.built
PYTEST := $(BIN)/pytest --dist worksteal
UV := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	--python-version 3.11
CHECKED := app tests migrations/env.py $(wildcard bench/*.py)

.PHONY: help run test test-slow lint check-migrations bench lock venv
.DEFAULT_GOAL := help

help:  ## what there is
	@sed -n 's/^\([a-z-]*\):.*## /make \1|/p' $(MAKEFILE_LIST) | column -t -s '|'

run: $(BUILT)  ## everything, with a demo: http://127.0.0.1:8000 (HOST=, PORT=)
	@exec $(BIN)/python -m app run --host $(HOST) --port $(PORT)

test: $(BUILT)  ## the fast tests, on SQLite, and on PostgreSQL where it is installed
	$(PYTEST) -n 2 -m "not slow"
	@if $(BIN)/python -m tests.postgres --is-there; then \
		$(BIN)/python -m tests.postgres -- $(PYTEST) -n 2 -m "not slow"; \
	fi

test-slow: $(BUILT)  ## the slow tests, on the same databases
	$(PYTEST) -n 3 -m slow
	@if $(BIN)/python -m tests.postgres --is-there; then \
		$(BIN)/python -m tests.postgres -- $(PYTEST) -n 3 -m slow; \
	fi

lint: $(BUILT)  ## format, style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CHECKED)
	$(BIN)/lint-imports

check-migrations: $(BUILT)  ## up, down, up, and nothing that the models have and they have not
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && export APP_DATA_DIR="$$folder" && \
		$(BIN)/alembic upgrade head && $(BIN)/alembic downgrade base && \
		$(BIN)/alembic upgrade head && $(BIN)/alembic check

bench: $(BUILT)  ## how fast it is
	$(BIN)/python bench/run.py

lock: $(BUILT)  ## choose the versions again: the newest that pyproject.toml allows
	$(UV) --upgrade pyproject.toml --output-file requirements/run.txt
	$(UV) --upgrade pyproject.toml --group dev --constraints requirements/run.txt \
		--output-file requirements/dev.txt
	$(UV) --upgrade pyproject.toml --extra asr --constraints requirements/run.txt \
		--output-file requirements/asr.txt

venv: $(BUILT)  ## build .venv, if it is not there

$(BUILT): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and $(PYTHON) is: $$($(PYTHON) --version 2>&1)." \
			"Try: make PYTHON=python3.12" >&2; exit 1; }
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--only-binary :all: --requirement requirements/dev.txt
	@touch $(BUILT)
