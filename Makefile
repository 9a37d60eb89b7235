# Two commands: `make run` and `make test`. Nothing is needed but Python 3.11 (with venv) and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
WORKERS ?= 2

run: .venv/run.stamp
	@exec $(BIN)/python manage.py up $(ARGS)

test: .venv/dev.stamp
	@PYTHONDONTWRITEBYTECODE= exec $(BIN)/python -m pytest -q -rs -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy .
	$(BIN)/djlint --lint templates
	$(BIN)/python -W error $(NO_SERVER) manage.py makemigrations --check --dry-run

NO_SERVER := -W "ignore:Got an error checking a consistent migration history:RuntimeWarning"

bench: .venv/dev.stamp
	@exec $(BIN)/python -m bench $(ARGS)

install: .venv/run.stamp

lock: .venv/uv.stamp
	$(BIN)/uv pip compile $(LOCK) requirements.in -o requirements.txt
	$(BIN)/uv pip compile $(LOCK) requirements-dev.in -o requirements-dev.txt

LOCK := -q --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock"
SYNC := $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes

.venv/uv.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Cordon needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==0.13.9
	@touch $@

.venv/run.stamp: .venv/uv.stamp requirements.txt
	@$(SYNC) -r requirements.txt
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	@$(SYNC) -r requirements-dev.txt
	@touch $@

.PHONY: run test check bench install lock
