# The two commands that matter: `make run` and `make test`. Both prepare all they need by themselves.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test check lint types floors docs bench drills clean lock prepared prepared-test

BIN := .venv/bin
# Tests run in as many processes as there are cores; WORKERS=0 runs them in one, for a debugger.
WORKERS ?= auto
# More arguments for pytest: make test ARGS="-k token tests/oidc"
ARGS ?=
# Node from the wheel, where the machine has none, is found like any other.
export PATH := $(CURDIR)/$(BIN):$(PATH)
FAST := -m "not slow and not browser and not third_party and not production and not bench"
WHOLE := -m "not bench"
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

help:  ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: prepared  ## Start the service and the demo's three sites in the foreground (Ctrl-C stops them)
	@exec $(BIN)/idp demo

test: prepared-test  ## Run the whole suite: SQLite, PostgreSQL, browser, other people's clients
	@$(BIN)/python -m tests.parts.install
	@$(PYTEST) $(WHOLE) $(ARGS)

check: lint types floors  ## Lint, types, floors and the fast tests, in under a minute
	@$(PYTEST) $(FAST) $(ARGS)

lint: prepared-test  ## Style, and the bans on clock, randomness and environment
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet

types: prepared-test  ## mypy, strict
	@$(BIN)/mypy

floors: prepared-test  ## Imports only go down
	@$(BIN)/lint-imports --no-logo

docs: prepared-test  ## Write the generated reference pages anew
	@mkdir -p var
	@$(BIN)/idp config example > var/config.example.toml && mv var/config.example.toml config.example.toml
	@$(BIN)/idp config reference > var/configuration.md && mv var/configuration.md docs/configuration.md

bench: prepared-test  ## Measure against the budgets
	@$(BIN)/python -m tests.bench $(ARGS)

drills: prepared-test  ## Break things on purpose and watch it hold
	@$(BIN)/python -m tests.drills $(ARGS)

clean:  ## Drop the demo's data and its generated keys (the next run starts anew)
	@rm -rf var
	@find keys -mindepth 1 ! -name README.md ! -name .gitignore -delete

lock: prepared-test  ## Write the lock files anew (.ci/lock --upgrade moves every version)
	@.ci/lock

prepared:
	@.ci/prepare run

prepared-test:
	@.ci/prepare test
