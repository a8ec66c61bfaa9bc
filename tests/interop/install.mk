# Installs the servers of `make interop`, which is where this is called from. A server in Python is named by its file
# requirements/interop-<name>.txt, one in Node.js by its folder tests/interop/servers/<name> with a package.json. A client in
# Node.js whose sessions are migrated has its folder in tests/interop/clients.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
PYTHON_SERVERS := $(patsubst requirements/interop-%.txt,.venv-interop/%/installed,$(wildcard requirements/interop-*.txt))
NODE_SERVERS := $(patsubst %/package.json,%/node_modules/installed,$(wildcard tests/interop/servers/*/package.json))
NODE_CLIENTS := $(patsubst %/package.json,%/node_modules/installed,$(wildcard tests/interop/clients/*/package.json))

.PHONY: all
all: $(PYTHON_SERVERS) $(NODE_SERVERS) $(NODE_CLIENTS)

# The files name everything that is installed, so nothing is left to resolve. One pip installs into all of them.
.venv-interop/%/installed: requirements/interop-%.txt
	@echo "Setting up .venv-interop/$*"
	@rm -rf .venv-interop/$* && $(PYTHON) -m venv --without-pip .venv-interop/$*
	@$(BIN)/python -m pip --python .venv-interop/$*/bin/python install --quiet --quiet --disable-pip-version-check \
	  --no-input --no-deps --only-binary=:all: --requirement $<
	@touch $@

%/node_modules/installed: %/package.json
	@echo "Setting up $*/node_modules"
	@cd $* && PATH="$(CURDIR)/$(BIN):$$PATH" npm install --no-package-lock $(NPM_FLAGS) >/dev/null
	@touch $@
