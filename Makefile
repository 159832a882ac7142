# Everything starts from here. Each target does all the set-up it needs; a second call starts in seconds.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
# Node comes from a Python package in the lock, so that no machine needs its own.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix learner/web --silent
# More arguments for the command behind a target: make demo ARGS="--exit --json"
ARGS ?=

.PHONY: help setup demo test mutate lint fix docs bench web lock clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: ## Install system packages, .venv, locked dependencies and the pages
	@scripts/setup.sh

demo: setup ## Run the whole loop on this machine, with a link for your phone
	@$(BIN)/reachy-coach demo $(ARGS)

test: setup lint ## Lint, then run all tests
	$(NPM) test
	scripts/test.sh $(ARGS)

mutate: setup ## Mutation testing of the guard: how many changes to its code do the tests notice
	scripts/mutate.sh $(ARGS)

lint: setup ## Style, types and who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NPM) run check

fix: setup ## Mend what lint can mend by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: setup ## Check the documentation: links, commands
	$(BIN)/python scripts/check_docs.py

bench: setup ## Print the figures
	@for name in sim train policy limiter stop hang ood reward; do $(BIN)/reachy-coach bench $$name $(ARGS) || exit; done

web: setup ## Build the pages

lock: setup ## Write requirements.lock anew; ARGS=--upgrade takes the newest versions
	scripts/lock.sh $(ARGS)

clean: ## Remove everything that the other targets made
	rm -rf .venv .setup build dist learner/web/node_modules learner/api/static
	rm -rf mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
