# The commands of this project; CI calls its targets as they are. What is longer than a line is in
# tools/ and tests/.

export PORT ?= 8000
export PYTHON ?= python3
export PIP_DISABLE_PIP_VERSION_CHECK = 1
BIN := .venv/bin
NEEDS := tests/system-packages
PYTEST := $(BIN)/python -m pytest
POSTGRES := $(BIN)/python -m tests.harness.run --postgres --
BENCHMARKS := $(BIN)/python -m tests.harness.run --postgres --redis -- $(BIN)/python -m tests.benchmarks

.DEFAULT_GOAL := help
.PHONY: help run test test-unit test-sqlite test-services test-services-a-l test-services-m-z test-browser \
        test-browser-a-o test-browser-p-z test-faults test-js faults soak coverage test-matrix lint format bundles figures \
        audit bench bench-quick profile compare kinds-cost choices-cost mail-cost messages constraints clean

help:  ## list these targets
	@sed -nE 's/^([a-z-]+)[a-z -]*:.*## (.*)/\1	\2/p' $(MAKEFILE_LIST) | expand -t 16

# ------------------------------------------------------------------------------------ set-up

# An app and a server, and nothing that only tests need.
.make/deploy: pyproject.toml requirements/deploy.txt
.make/dev: .make/deploy requirements/dev.txt
# The peers of the benchmark, which nothing else needs.
.make/bench: .make/dev requirements/bench.txt
.make/hq: requirements/hq.txt
.make/node: package.json package-lock.json
.make/%:
	@tools/install $*

run: .make/deploy  ## run the site on http://localhost:8000/ (PORT=…), with demo users
	@tools/run

# ------------------------------------------------------------------------------------- tests

test: .make/dev .make/node  ## run all tests except the long ones of `make faults`
	@tests/all

test-unit: .make/dev  ## run the tests that need no service; quick
	@$(PYTEST) tests/unit -m 'not postgres'

test-sqlite: .make/dev  ## run unit and integration tests on SQLite
	@$(NEEDS) redis-server nginx systemd-analyze openssl -- $(PYTEST) tests/unit tests/integration -m 'not postgres and not one_database'

# `make test` has them in parts, each on a PostgreSQL of its own.
test-services: TESTS = tests/unit tests/integration
test-services-a-l: TESTS = tests/unit tests/integration/test_[a-l]*.py
test-services-m-z: TESTS = tests/integration/test_[!a-l]*.py
test-services test-services-a-l test-services-m-z: .make/dev  ## run them on PostgreSQL
	@$(NEEDS) redis-server postgres pgbouncer nginx systemd-analyze openssl msgfmt faketime -- $(POSTGRES) $(PYTEST) $(TESTS) -m 'not sqlite'

test-browser: TESTS = tests/browser
test-browser-a-o: TESTS = tests/browser/test_[a-o]*.py
test-browser-p-z: TESTS = tests/browser/test_[!a-o]*.py
test-browser test-browser-a-o test-browser-p-z: .make/dev .make/node  ## run the tests in browsers
	@$(NEEDS) redis-server postgres nginx chromium firefox-esr -- $(POSTGRES) $(PYTEST) $(TESTS) -p no:cacheprovider

test-faults: .make/dev  ## run the quick tests of `make faults`, six minutes
	@$(NEEDS) redis-server postgres pgbouncer ip nft -- $(POSTGRES) $(PYTEST) tests/faults -m quick_faults -p no:cacheprovider

test-js: .make/node  ## run the tests of the JavaScript in Node
	@npm test --silent

# T=…: only these tests, on FAULT_SERVER=… (serve); FAULT_SEED=… repeats a run, and
# FAULT_UPGRADE_FROM=… upgrades from this commit.
faults: .make/dev  ## run every test of faults, and write docs/faults.md; two hours and a half
	@$(NEEDS) redis-server postgres pgbouncer ip nft nginx curl openssl faketime chromium -- tests/faults/all $(T)

soak: export FAULT_IDLE_S ?= 3600
soak: .make/dev  ## keep idle sockets on each layer for an hour (FAULT_IDLE_S=…); by hand
	@$(NEEDS) redis-server postgres -- $(POSTGRES) $(PYTEST) tests/faults/test_idle.py -p no:cacheprovider

coverage: .make/dev .make/node  ## make test, and list the lines that no test ran (RUNS="test-js …": repeat these)
	@tests/coverage $(RUNS)

test-matrix:  ## run unit and integration tests on Django 6 and the newest Python (DJANGO=5.2 PY=… DATABASE=…)
	@tests/matrix

# -------------------------------------------------------------------------------------- lint

lint: .make/dev .make/node  ## check what .pre-commit-config.yaml names: format, ruff, mypy, templates, spelling, bundles, …
	@$(BIN)/prek run --all-files --hook-stage manual

format: .make/dev  ## format the code as `make lint` requires
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

bundles: .make/node  ## build notify/static/notify/*.min.js from browser/
	@npm run --silent bundles

# Not part of `test`, as it needs the internet.
audit: .make/dev .make/node  ## list known vulnerabilities of installed packages; needs the internet
	@tools/audit

messages: .make/dev  ## collect the texts to translate, and compile the translations
	@$(NEEDS) msgfmt -- tools/messages

figures: .make/dev  ## write what docs/ say of the figures: the table, alerts, and the dashboard
	@env DEBUG=on DJANGO_SETTINGS_MODULE=config.settings $(BIN)/python -m tests.harness.monitoring

# --------------------------------------------------------------------------------- benchmarks

bench: .make/bench .make/hq .make/node  ## run the benchmarks, and write docs/benchmarks.md; Q=1: one question; RESUME=1: what is missing
	@$(NEEDS) redis-server postgres chromium -- $(BENCHMARKS) $(Q:%=--question %) $(if $(RESUME),--resume) $(RUNS:%=--runs %)

bench-quick: .make/bench .make/hq .make/node  ## run them with fewer sockets, in three minutes; writes nothing
	@$(NEEDS) redis-server postgres $(if $(filter 11,$(Q)),chromium) -- $(BENCHMARKS) --quick $(Q:%=--question %) $(RUNS:%=--runs %)

# W=connect, idle, notice or fan-out; SOCKETS=…: how many, of a fan-out users.
profile: .make/bench  ## show where a delivery's time goes (W=…: another load's); by hand
	@$(NEEDS) redis-server postgres -- $(BENCHMARKS).profiles $(or $(W),delivery) $(SOCKETS:%=--count %)

compare: .make/bench  ## compare the CPU time of connects, deliveries and sends with another clone's, WITH=../before; by hand
	@$(NEEDS) redis-server postgres -- $(BENCHMARKS).trees $(WITH) $(SOCKETS:%=--count %)

kinds-cost: .make/bench  ## compare a kind with texts, and three languages with one; by hand
	@$(NEEDS) redis-server postgres -- $(BENCHMARKS).languages $(SOCKETS:%=--count %)

choices-cost: .make/bench  ## compare a fan-out of which three in ten want nothing with one that all want
	@$(NEEDS) redis-server postgres -- $(BENCHMARKS).choices $(COUNT:%=--count %)

mail-cost: .make/bench  ## compare a kind with e-mail with one without, and count what a worker hands over; by hand
	@$(NEEDS) redis-server postgres -- $(BENCHMARKS).channels $(COUNT:%=--count %)

# ---------------------------------------------------------------------------------- the rest

constraints: .make/bench  ## write the tested versions, with hashes; U='django …': upgrade these
	@tools/constraints $(U)

clean:  ## remove what make has made, and the SQLite database
	rm -rf .make .venv .venv-matrix node_modules staticfiles build dist db.sqlite3*
