# OmniSeg. `make` alone lists what can be made.

# The Python to make .venv from; without it tools/find_python.sh looks for one.
PYTHON ?=
export PYTHON

# Two test processes with one thread each fill two cores, the smallest machine that is supported;
# the fixed thread count also keeps trained results equal from run to run.
WORKERS ?= 2
ENVIRONMENT_PYTHON := .venv/bin/python

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test lint clean environment dev-environment system-packages

help: ## list the targets
	@echo "OmniSeg:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 14
	@echo "Set PYTHON=/path/to/python3.11 to choose the Python that .venv is made from."

demo: environment ## segment the samples with the shipped models, into demo_output/
	@.venv/bin/omniseg demo

test: dev-environment system-packages lint ## check the sources and run all tests
	@OMP_NUM_THREADS=1 $(ENVIRONMENT_PYTHON) -m pytest -q -n $(WORKERS) --dist loadfile --durations 10

lint: dev-environment ## check style, types and the floors of docs/architecture.md
	@$(ENVIRONMENT_PYTHON) -m ruff check
	@$(ENVIRONMENT_PYTHON) -m ruff format --check
	@$(ENVIRONMENT_PYTHON) -m mypy
	@.venv/bin/lint-imports --no-logo

clean: ## remove .venv and all caches; demo_output/ stays
	rm -rf .venv build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@bash tools/environment.sh base

dev-environment:
	@bash tools/environment.sh dev

system-packages:
	@bash tools/system_packages.sh
