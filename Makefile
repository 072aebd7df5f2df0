# `make help` lists the verbs.

VENV := .venv
BIN := $(VENV)/bin
SPRINGBACK := $(BIN)/springback
PYTHON ?=
RUN_ARGS ?=
LOCK_ARGS ?=
DEMO ?= demo
FAULTS := -e 's/^\# simulated_seed = .*/simulated_seed = 7/' -e 's/^\# simulated_partial = .*/simulated_partial = 0.06/' -e 's/^\# simulated_refusal = .*/simulated_refusal = 0.04/'
TEST_ARGS ?= --numprocesses=auto --dist=loadfile
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input
COMPILE_LOCK := uv pip compile $(LOCK_ARGS) --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate
SOURCES := src tests lean $(wildcard benchmarks) $(wildcard notebooks) $(wildcard train_ml_models.py) setup.py

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run web test test-slow test-all faults soak check lint types bench notebook lock clean
.DELETE_ON_ERROR:
.SUFFIXES:

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## make .venv with the `springback` command, from requirements.lock
	@:

setup-dev: $(VENV)/.installed-dev ## the same with the tools of tests, types and lint
	@:

run: setup ## run the main job on the offline demo market; the last line is the path of the report
	@$(SPRINGBACK) run $(RUN_ARGS)

web: setup ## the dashboard on the demo market in demo/, three months of evenings and simulated trading (DEMO=folder)
	@test -f $(DEMO)/.ready || $(MAKE) --no-print-directory demo-desk
	@cd $(DEMO) && $(abspath $(SPRINGBACK)) web --desk desk --desk rehearsal --clock 2023-12-29T17:00-05:00

demo-desk:
	@echo "Making the demo in $(DEMO), two and a half minutes on two cores, once: a backtest ..."
	@rm -rf $(DEMO) && mkdir -p $(DEMO)
	@set -e; cd $(DEMO); run="$(abspath $(SPRINGBACK))"; \
	$$run init --quiet; sed -i.bak $(FAULTS) springback.toml; rm springback.toml.bak; $$run run --set strategy.slots=10 --quiet; $$run backtest --quiet; \
	echo "... three months of a simulated account whose trader was away for two days, and beside it a month of evenings with faults ..."; \
	{ $$run rehearse --from 2023-12-01 --to 2023-12-29 --faults 7 --quiet || test $$? -eq 1; } & evenings=$$!; \
	$$run trade --clock 2023-10-02T16:30-04:00 --until 2023-11-16T12:00-05:00 --quiet; \
	$$run trade --clock 2023-11-20T16:30-05:00 --until 2023-12-29T16:55-05:00 --quiet; \
	wait $$evenings; \
	echo "... what is said of them"; \
	$$run attribution --desk desk/SIMULATED --quiet || test $$? -eq 1; $$run optimize --set optimise.trials=8 --quiet; \
	$$run data check --quiet || test $$? -eq 1; $$run review --desk desk/SIMULATED --quiet; touch .ready

test: setup-dev ## run the tests but the slow ones, about 16 minutes on two cores
	@echo "Running the tests: about 16 minutes on two cores; all of them: make test-all; one file: .venv/bin/python -m pytest tests/test_cli.py"
	@$(BIN)/python -m pytest $(TEST_ARGS) -m "not slow"

test-slow: setup-dev ## run what `make test` leaves out: kills, clusters, the wheel, volumes of fuzz
	@$(BIN)/python -m pytest $(TEST_ARGS) -m "slow and not soak"

test-all: test test-slow ## run every test but the soak

faults: setup-dev ## the fifty faults of trading against the fake brokers, a line for each: about 90 seconds
	@$(BIN)/python -m tests.trading.faults.matrix

soak: setup-dev ## a thousand faulty evenings, ten thousand faulty sessions at a broker, hundreds of kills, memory: hours
	@$(BIN)/python -m pytest $(TEST_ARGS) -m soak

check: lint types test-all ## ruff, ruff format, mypy strict and the tests

lint: setup-dev ## ruff and ruff format
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)

types: setup-dev ## mypy strict
	@$(BIN)/mypy
	@$(BIN)/mypy lean/ml_mean_reversion_main.py

bench: setup-dev ## measure speed and memory (benchmarks/)
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

notebook: setup-dev ## run the notebook on the demo market and keep it with its pictures, from its plain Python
	@$(BIN)/python notebooks/keep.py

lock: setup ## resolve requirements*.in anew into the hash-pinned locks (LOCK_ARGS=--upgrade takes the newest)
	@$(PIP) --target $(VENV)/lock uv
	@$(VENV)/lock/bin/$(COMPILE_LOCK) requirements.in --output-file requirements.lock
	@$(VENV)/lock/bin/$(COMPILE_LOCK) requirements-dev.in --output-file requirements-dev.lock

clean: ## remove .venv and every cache; store, runs and models stay
	@rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(VENV)/.installed: requirements.lock pyproject.toml
	@set -e; \
	for python in $(or $(PYTHON),python3.11 python3 python); do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
		echo "make: Springback needs Python 3.11, found $$($(or $(PYTHON),python3) --version 2>/dev/null || echo none): install it, or name it: make setup PYTHON=path/to/python3.11" >&2; \
		exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "make: this Python cannot make a virtual environment: install Debian's python3-venv" >&2; \
		exit 1; \
	fi; \
	echo "Installing Springback and its pinned libraries into $(VENV), about a minute, once ..."; \
	"$$found" -m venv $(VENV)
	@$(PIP) --require-hashes --only-binary :all: -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c 'import lightgbm' 2>/dev/null || \
		echo "Note: LightGBM cannot load here, everything else can: install OpenMP's library (Debian: libgomp1)"
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing the tools of tests, types and lint ..."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@
