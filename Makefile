# The commands of the README. Everything runs in .venv, made on first use from Python alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2

.PHONY: certify test lint types unit quality interop bench clean

certify: $(VENV)/.installed            ## Run the whole catalogue against the embedded reference charger
	$(BIN)/v2gready certify

test: lint types unit quality interop  ## Everything that CI runs

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev
	$(BIN)/pytest -n $(JOBS) tests/unit

quality: $(VENV)/.dev                  ## Every case passes on the faultless device and fails on each fault it names
	$(BIN)/pytest -n $(JOBS) tests/quality

interop: $(VENV)/.dev                  ## Counterparts that nobody here wrote; skipped with the reason without root or Java
	$(BIN)/pytest -n $(JOBS) --dist loadgroup tests/interop

bench: $(VENV)/.dev                    ## Ratios measured in one run -> benchmarks/latest.json
	$(BIN)/python benchmarks/run.py

# "fast" compiles the simulation of the grid side; where numba has no wheel it runs interpreted, with equal results.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .[fast,ocpp] || $(BIN)/python -m pip install --quiet --editable .[grid,ocpp]
	$(BIN)/python -m v2gready.references.inverter.warm_up
	touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable .[bench,fast,ocpp] --group dev
	touch $@

clean:
	rm -rf $(VENV) .venvs .tox .hypothesis .mypy_cache .ruff_cache .pytest_cache runs
