# Every target that needs Python sets up .venv first, so `make test` works in a fresh checkout.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := demo-run

# Where Python may not keep what it has compiled, each of the suite's hundreds of processes compiles the package again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo test fast lint second-core slow bench paper docs notebooks docs-venv dfe-rules lock bundle clean distclean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

venv: $(STAMP) ## Set up .venv from requirements.lock

# A stamp newer than the lock is not enough: the Python behind .venv may be gone, or the folder moved.
# PYTHON is handed on by name because make before 4.4 exports nothing to $(shell).
ifneq ($(shell PYTHON='$(PYTHON)' bash scripts/setup_venv.sh --check && echo yes),yes)
.PHONY: $(STAMP)
endif
$(STAMP): requirements.lock pyproject.toml
	@PYTHON='$(PYTHON)' bash scripts/setup_venv.sh

demo: $(STAMP) ## Run the demo into demo-run and say where its report is
	@$(BIN)/missingmodels demo -o $(DEMO)

# Tests of one file stay on one worker, so that the session's shared fit is sampled once.
# COVERAGE=1 counts which lines they run.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(if $(COVERAGE),--cov --cov-report=term:skip-covered)

# As measured; other processors differ.
test: lint ## Lint, then run the tests (the slow ones left out)
	@echo "Testing: 7 minutes on two idle cores of an AMD EPYC with AVX-512, and 26 on one without, where this was measured."
	@$(PYTEST)

fast: $(STAMP) ## Run the tests that sample nothing
	@$(PYTEST) -m 'not sampled and not slow'

# What samples says nothing more of kernels than what does not, and takes most of the time; nor do killed processes.
NUMERICAL := tests/blind tests/evidence tests/fitting tests/models tests/studies --ignore=tests/studies/test_run.py
second-core: $(STAMP) ## Run the numerical tests that sample nothing under an older core type of OpenBLAS, if there is one
	@core=$$($(BIN)/python scripts/second_core.py) || exit 1; \
	if [ -z "$$core" ]; then echo "No second core type: this BLAS offers none that the processor is known to run."; \
	else echo "Numerical tests under OPENBLAS_CORETYPE=$$core:"; \
	  OPENBLAS_CORETYPE=$$core $(PYTEST) -m 'not sampled and not slow' $(NUMERICAL); fi

lint: $(STAMP) ## Check style, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

slow: $(STAMP) ## Run the slow tests
	@$(BIN)/python -m pytest -m slow

bench: $(STAMP) ## Time the models on simulated data
	@$(BIN)/python simulations/bench.py
	@$(BIN)/python simulations/bench_world.py

# What the paper, the site and the notebooks are made with stands apart: no test and no demo needs it.
DOCS := .venv-docs
docs-venv: $(DOCS)/.installed ## Set up .venv-docs from requirements-docs.lock
ifneq ($(shell PYTHON='$(PYTHON)' SETUP_VENV=$(DOCS) bash scripts/setup_venv.sh --check && echo yes),yes)
.PHONY: $(DOCS)/.installed
endif
$(DOCS)/.installed: requirements-docs.lock pyproject.toml
	@PYTHON='$(PYTHON)' SETUP_VENV=$(DOCS) SETUP_LOCK=requirements-docs.lock bash scripts/setup_venv.sh

# Guides that have not changed since they were last executed are not executed again.
notebooks: $(DOCS)/.installed ## Execute the guides into build/notebooks, as notebooks and pages
	@$(DOCS)/bin/python scripts/build_notebooks.py build/notebooks $(NOTEBOOKS)

docs: notebooks ## Build the documentation site into build/site, with the guides as they were executed
	@$(DOCS)/bin/python scripts/build_docs.py build/notebooks build/site

paper: $(DOCS)/.installed ## Build the papers as PDF and Word into build/paper
	@cd paper && ../$(DOCS)/bin/python -m paperbuild $(PAPER_ARGS)

# An environment of their own, because the public rules need an older Python. YEAR is the end year; PREVIOUS, the return
# of the year before, is needed by the rules that compare two years.
dfe-rules: ## Run the public rules on a return: RETURN=folder YEAR=2025 [PREVIOUS=folder]
	@DFE_PYTHON='$(DFE_PYTHON)' bash scripts/setup_dfe.sh
	@$(if $(RETURN),.venv-dfe/bin/python src/missingmodels/extract/dfe/runner.py '$(RETURN)' --year $(YEAR) \
	  $(if $(PREVIOUS),--previous '$(PREVIOUS)'),echo 'Ready. Name a return: make dfe-rules RETURN=folder YEAR=2025')

# uv keeps the pins already in the file; `make lock LOCK_ARGS=--upgrade` moves them all.
lock: ## Rebuild both locks from pyproject.toml
	@uv=$$(bash scripts/setup_venv.sh --uv) && "$$uv" pip compile --quiet --universal --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header --group dev pyproject.toml -o requirements.lock \
	  --python-version 3.12 $(LOCK_ARGS) && \
	  "$$uv" pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  -c requirements.lock --group docs pyproject.toml -o requirements-docs.lock --python-version 3.12 $(LOCK_ARGS)

# For another machine: make bundle BUNDLE_ARGS='--platform windows --python 3.12'; --with 'pandas<3' takes another version
# than the lock's, --extras cluster adds the optional parts.
bundle: $(STAMP) ## Make a folder of wheels that installs where there is no network, into dist
	@uv=$$(bash scripts/setup_venv.sh --uv) && $(BIN)/python scripts/make_bundle.py "$$uv" $(BUNDLE_ARGS)

clean: ## Remove outputs and caches, keeping .venv
	@rm -rf $(DEMO) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find src tests simulations scripts -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean ## Remove those and the virtual environments
	@rm -rf $(VENV) $(DOCS) .venv-tools .venv-dfe
