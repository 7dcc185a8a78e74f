# Everything a person or CI does here, by name; `make help` lists it.
# Paths are relative and Python packages come from pip's own configured index, so that it works wherever the tree lies.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := tools/requirements
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links

# Stamps: one a step, made again when what the step reads has changed.
CREATED := $(VENV)/.created
BUILD := $(VENV)/.build
RUN := $(VENV)/.run
INSTALLED := $(VENV)/.installed
DEV := $(VENV)/.dev

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: $(INSTALLED) ## audit the demo endpoints on loopback and write the reports to reports/
	@$(BIN)/tlsaudit demo --output reports

.PHONY: scan
scan: $(INSTALLED) ## audit one endpoint: make scan TARGET=host:port
	@[[ -n "$${TARGET:-}" ]] || { echo "say what to audit: make scan TARGET=host:port" >&2; exit 2; }
	@$(BIN)/tlsaudit scan "$$TARGET"

.PHONY: install
install: $(INSTALLED) ## install tlsaudit into .venv, from the pinned and hashed lists

.PHONY: test
test: servers lint types ## lint, types and the fast tests; installs the servers they need
	@$(BIN)/pytest -q -m "not slow" -n 2 --dist loadscope --timeout 120

.PHONY: test-slow
test-slow: servers-slow $(DEV) ## the differential, soak and browser tests
	@$(BIN)/pytest -q -m slow --timeout 900

.PHONY: lint
lint: $(DEV) ## ruff: rules and format
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "not formatted; run $(BIN)/ruff format ." >&2; exit 1; }

.PHONY: types
types: $(DEV) ## mypy, strict
	@$(BIN)/mypy

.PHONY: servers
servers: # what the fast tests run against
	@tools/install_servers.sh

.PHONY: servers-slow
servers-slow: # and what the slow ones compare with
	@tools/install_servers.sh --slow

.PHONY: data
data: $(DEV) ## make the dated tables in tlsaudit/data again
	@$(BIN)/python -m tools.data

.PHONY: samples
samples: $(DEV) ## render the sample reports again
	@$(BIN)/python -m tools.samples

.PHONY: docs
docs: $(DEV) ## write docs/rules.md and docs/policies.md again
	@$(BIN)/python -m tools.rules_doc
	@$(BIN)/python -m tools.policies_doc

.PHONY: fuzz
fuzz: $(DEV) ## feed the wire decoders random and mutated bytes
	@$(BIN)/python -m tools.fuzz_wire

.PHONY: bench
bench: servers-slow $(DEV) ## measure what audits cost, beside other scanners; reports/benchmark.md, ten minutes
	@$(BIN)/python -m tools.bench

.PHONY: bench-large
bench-large: servers $(DEV) ## its section on ten thousand endpoints, ten minutes more
	@$(BIN)/python -m tools.bench large

.PHONY: lock
lock: $(DEV) ## resolve the requirement files again (LOCK=--upgrade: to the newest versions)
	@cd $(REQUIREMENTS); export PATH="$(CURDIR)/$(BIN):$$PATH"; \
	$(COMPILE) $(LOCK) --allow-unsafe build.in -o build.txt; \
	$(COMPILE) $(LOCK) run.in -o run.txt; \
	$(COMPILE) $(LOCK) dev.in -o dev.txt

.PHONY: wheel
wheel: $(DEV) ## build the wheel and the source distribution into dist/
	@$(BIN)/python -m build --no-isolation --outdir dist . >/dev/null
	@ls dist

.PHONY: clean
clean: ## remove what was installed, built and cached here
	@rm -rf $(VENV) build dist tlsaudit.egg-info tests/lab/node/node_modules \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(CREATED): tools/create_venv.sh
	@tools/create_venv.sh $(VENV)
	@touch $@

$(BUILD): $(CREATED) $(REQUIREMENTS)/build.txt
	@$(PIP_INSTALL) --require-hashes -r $(REQUIREMENTS)/build.txt
	@touch $@

$(RUN): $(BUILD) $(REQUIREMENTS)/run.txt
	@echo "installing what tlsaudit needs into $(VENV)"
	@$(PIP_INSTALL) --require-hashes -r $(REQUIREMENTS)/run.txt
	@touch $@

$(INSTALLED): $(RUN) pyproject.toml
	@$(PIP_INSTALL) --no-deps -e .
	@touch $@

$(DEV): $(INSTALLED) $(REQUIREMENTS)/dev.txt
	@echo "installing what the tests need into $(VENV)"
	@$(PIP_INSTALL) --require-hashes -r $(REQUIREMENTS)/dev.txt
	@touch $@
