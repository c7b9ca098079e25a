# The commands of this project; CI calls its targets as they are.

PORT ?= 8000
export PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVICES := $(BIN)/python -m tests.harness.run
PYTEST := $(BIN)/python -m pytest --durations=20 --durations-min=5
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help run test test-unit test-sqlite test-services test-browser test-faults test-js faults soak coverage test-matrix lint \
        format bundles audit bench bench-quick profile compare messages constraints clean

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1	\2/p' $(MAKEFILE_LIST) | expand -t 16

# ------------------------------------------------------------------------------------ set-up

# pip refuses any package whose hash differs from requirements/. A local directory has no hash, so
# notify itself is installed afterwards.
INSTALL := $(BIN)/python -m pip install -q

# An app and a server, and nothing that only tests need.
.make/deploy: pyproject.toml requirements/deploy.txt
	@test -x $(BIN)/python || { tests/system-packages venv && $(PYTHON) -m venv $(VENV); }
	@echo "Installing notify into $(VENV) …"
	@$(INSTALL) --require-hashes -r requirements/deploy.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@mkdir -p .make && touch $@

.make/dev: .make/deploy requirements/dev.txt
	@echo "Installing the tools of the tests into $(VENV) …"
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

.make/node: package.json package-lock.json
	@tests/system-packages node npm
	@npm ci --silent --no-audit --no-fund
	@mkdir -p .make && touch $@

# --------------------------------------------------------------------------------------- run

run: export DEBUG ?= on
run: .make/deploy  ## the whole thing on http://localhost:8000/ (PORT=…), with demo users
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py notify_demo
	@echo
	@echo "  notify    http://localhost:$(PORT)/"
	@echo "  admin     http://localhost:$(PORT)/admin/"
	@echo "  stop it with Ctrl-C"
	@echo
	@exec $(BIN)/python manage.py serve -b 127.0.0.1 -p $(PORT)

# ------------------------------------------------------------------------------------- tests

# Two at a time, as tests mostly wait, for servers and pages; the longest first. With two on its cores
# the machine is as busy as in CI, so deadlines are those of CI.
test: .make/dev .make/node  ## every test but the long ones of `make faults`
	@tests/system-packages redis-server postgres pgbouncer ip nft nginx systemd-analyze openssl \
	  faketime chromium firefox-esr
	@echo "Two at a time, for half an hour or so; each says what it did when it is through."
	@CI=$${CI:-as-in} $(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target \
	  test-services test-browser test-sqlite test-faults test-js

test-unit: .make/dev  ## quick: what needs no service
	@$(PYTEST) tests/unit -m 'not postgres'

test-sqlite: .make/dev
	@tests/system-packages redis-server nginx systemd-analyze openssl
	@$(PYTEST) tests/unit tests/integration -m 'not postgres and not one_database'

test-services: .make/dev
	@tests/system-packages redis-server postgres pgbouncer nginx systemd-analyze openssl
	@$(SERVICES) --postgres -- $(PYTEST) tests/unit tests/integration -m 'not sqlite'

test-browser: .make/dev .make/node
	@tests/system-packages redis-server postgres chromium firefox-esr
	@$(SERVICES) --postgres -- $(PYTEST) tests/browser -p no:cacheprovider

test-faults: .make/dev  ## the quick ones of `make faults`, six minutes
	@tests/system-packages redis-server postgres pgbouncer ip nft
	@$(SERVICES) --postgres -- $(PYTEST) tests/faults -m quick_faults -p no:cacheprovider

test-js: .make/node
	@npm test --silent

FAULTS := FAULTS_RESULTS=.make/faults.jsonl $(SERVICES) --postgres -- $(PYTEST) -p no:cacheprovider

# Rows that do not need `serve` run on other servers too. T=…: only these tests, whose lines in
# docs/faults.md are written anew, on FAULT_SERVER=… (serve); FAULT_SEED=… repeats a run, and
# FAULT_UPGRADE_FROM=… upgrades from this commit.
faults: .make/dev  ## every fault of docs/faults.md, which it writes; 100 minutes
	@tests/system-packages redis-server postgres pgbouncer ip nft nginx curl openssl faketime chromium
	@$(if $(T),,rm -f .make/faults.jsonl)
	@FAULT_SERVER=$${FAULT_SERVER:-serve} \
	  $(FAULTS) $(or $(T),tests/faults $$($(BIN)/python -m tests.faults.elsewhere)); status=$$?; \
	for server in $(if $(T),,daphne uvicorn); do \
	  FAULT_SERVER=$$server $(FAULTS) tests/faults \
	    $$($(BIN)/python -m tests.faults.elsewhere any) || status=1; \
	done; \
	$(BIN)/python -m tests.faults.report .make/faults.jsonl docs/faults.md; exit $$status

soak: export FAULT_IDLE_S ?= 3600
soak: .make/dev  ## idle sockets on each layer for an hour (FAULT_IDLE_S=…), by hand
	@tests/system-packages redis-server postgres
	@$(SERVICES) --postgres -- $(PYTEST) tests/faults/test_idle.py -p no:cacheprovider

coverage: .make/dev .make/node  ## make test, and the lines that it did not run (RUNS="test-js …": these again)
	@tests/coverage $(RUNS)

test-matrix:  ## unit and integration tests on Django 6 and the newest Python (DJANGO=5.2 PY=… DATABASE=…)
	@tests/matrix

# -------------------------------------------------------------------------------------- lint

lint: export DEBUG = on
lint: .make/dev .make/node  ## format, ruff, mypy, import directions, migrations; types, bundles of the JS
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@npm run --silent types
	@npm run --silent bundles -- --check
	@npm run --silent budget

format: .make/dev  ## write what `lint` wants to read
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

bundles: .make/node  ## write what a browser loads, notify/static/notify/*.min.js, from browser/
	@npm run --silent bundles

# Not part of `test`, as it needs the internet. --strict: a package that could not be asked about
# is a failure, where pip-audit as it comes would say that no vulnerabilities were found.
audit: .make/dev .make/node  ## known vulnerabilities of what is installed; needs the internet
	@$(BIN)/python -m pip freeze --exclude-editable > .make/installed.txt
	@$(BIN)/pip-audit --strict --disable-pip --no-deps -r .make/installed.txt
	@npm audit --audit-level=low

messages: .make/dev  ## collect the texts to translate, and compile what is translated
	@tests/system-packages msgfmt
	@DEBUG=on $(BIN)/python manage.py makemessages --all --no-location $(addprefix -i ,build config node_modules tests)
	@cd notify && DEBUG=on ../$(BIN)/python -m django compilemessages

# --------------------------------------------------------------------------------- benchmarks

# The peers, which nothing else needs.
.make/bench: .make/dev requirements/bench.txt
	@echo "Installing the peers of the benchmark into $(VENV) …"
	@$(INSTALL) --require-hashes -r requirements/bench.txt
	@touch $@

BENCHMARKS := $(SERVICES) --postgres --redis -- $(BIN)/python -m tests.benchmarks

bench: .make/bench .make/node  ## writes docs/benchmarks.md; Q=1: one question; RESUME=1: what is missing
	@tests/system-packages redis-server postgres chromium
	@$(BENCHMARKS) $(Q:%=--question %) $(if $(RESUME),--resume) $(RUNS:%=--runs %)

bench-quick: .make/bench .make/node  ## the same with fewer sockets, in two minutes; writes nothing
	@tests/system-packages redis-server postgres $(if $(filter 11,$(Q)),chromium)
	@$(BENCHMARKS) --quick $(Q:%=--question %)

# W=connect, idle, notice or fan-out; SOCKETS=…: how many, of a fan-out users.
profile: .make/bench  ## where a delivery's time goes (W=…: another's); by hand
	@tests/system-packages redis-server postgres
	@$(SERVICES) --postgres --redis -- $(BIN)/python -m tests.benchmarks.profiles \
	  $(or $(W),delivery) $(SOCKETS:%=--count %)

compare: .make/bench  ## a delivery's CPU beside that of another clone, WITH=../before; by hand
	@tests/system-packages redis-server postgres
	@$(SERVICES) --postgres --redis -- $(BIN)/python -m tests.benchmarks.trees \
	  $(WITH) $(SOCKETS:%=--count %)

# ---------------------------------------------------------------------------------- the rest

# The hashes are of each file of a release, for any platform. pip is what the machine has. The
# upgrade is here, as what goes before installs the old versions again. -e: what is new in
# pyproject.toml.
constraints: .make/bench  ## write what is installed as tested, with hashes; U='django …': upgrade these
	@$(BIN)/python -m pip install -q -U $(U) -e '.[bench]'
	@{ sed -n '/^#/p' constraints.txt; \
	   $(BIN)/python -m pip freeze --exclude-editable; } > .make/constraints.txt
	@mv .make/constraints.txt constraints.txt
	@for extra in deploy dev bench; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-package pip --constraint constraints.txt \
	    --extra $$extra --group build --output-file requirements/$$extra.txt pyproject.toml || exit; \
	done

clean:  ## remove what make has made, and the SQLite database
	rm -rf .make .venv .venv-matrix node_modules staticfiles build dist db.sqlite3*
