# `make score` scores music, `make test` runs the tests, `make quick` those that are not slow. Each
# makes its environment.

PYTHON ?= python3
VENV ?= .venv
MUSIC ?=
OUT ?= build

BIN := $(VENV)/bin
# A process for each core; tests of one file stay together, since they share what they make.
PYTEST := HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n logical --maxprocesses 8 --dist loadfile

.PHONY: score test quick lint clean

score: $(VENV)/.installed
	@if [ -z "$(MUSIC)" ]; then \
	  $(BIN)/python scripts/corpus_pieces.py $(OUT)/pieces && set -- $(OUT)/pieces; \
	elif [ -e "$(MUSIC)" ]; then set -- "$(MUSIC)"; \
	else set -- $(MUSIC); fi && \
	$(BIN)/symbolic score "$$@" --output $(OUT)/scores.csv --plot $(OUT)/plane.png

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(PYTEST)

quick: $(VENV)/.installed-dev
	$(PYTEST) -m "not slow"

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) $(OUT) dist
