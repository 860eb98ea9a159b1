# Two commands are enough on a fresh machine: `make run` (the main job, proven) and `make test` (the tests).
# A distribution's Python is built with all optimisations, one compiled by hand mostly not: the tests take twice as long.
SYSTEM := /usr/bin/python3
FIT := import ensurepip, sys; print(sys.executable if sys.version_info >= (3, 11) else "")
PYTHON ?= $(or $(shell $(SYSTEM) -c '$(FIT)' 2>/dev/null),python3)
PROFILE ?= lenient
ORDERS ?= 2000
SEED ?= 1
KAFKA ?= mock
MINUTES ?= 5
PODS ?= 3
EVENTS ?= 60000
SCHEDULES ?= 5000
PROCESSES := tests/acceptance tests/back tests/demo tests/intake tests/reading tests/resilience
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: run test test-processes test-parts check bench torture torture-short simulate simulate-short mutants lock clean

run: $(STAMP)  ## the main job on embedded defaults; ends with `proof: {...}`
	$(BIN)/orderferry demo --profile $(PROFILE) --orders $(ORDERS) --seed $(SEED) --kafka $(KAFKA)

test: $(STAMP)  ## every test, on real Kafka and real PostgreSQL, with the coverage that is promised
	rm -f .coverage*
	$(MAKE) --jobs=2 --output-sync=target test-processes test-parts
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=100 --include="$$($(BIN)/python -m tests.pure)"

test-processes: $(STAMP)  ## the half of it that mostly waits: for processes, for outages, for the clock
	COVERAGE_FILE=.coverage.processes $(BIN)/python -m pytest -m "not torture" --cov --cov-report= $(PROCESSES)

test-parts: $(STAMP)  ## the other half
	COVERAGE_FILE=.coverage.parts $(BIN)/python -m pytest -m "not torture" --cov --cov-report= \
	  tests $(PROCESSES:%=--ignore=%)

check: $(STAMP)  ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy schemas connectors service sandbox tests benchmarks
	PYTHONPATH=. $(BIN)/lint-imports

bench: $(STAMP)  ## throughput over real HTTP beside the bare limit and the afternoon version; writes build/bench.json
	$(BIN)/python -m benchmarks

torture: $(STAMP)  ## everything fails at once, by SEED: MINUTES, PODS, EVENTS, PROFILE=tags or bare; writes build/torture.json and .html
	$(BIN)/python -m sandbox.torture --seed $(SEED) --minutes $(MINUTES) --pods $(PODS) --events $(EVENTS) \
	  --profile $(if $(filter bare,$(PROFILE)),bare,tags)

torture-short: $(STAMP)  ## one short seed of it, without the restore
	$(BIN)/python -m pytest -m torture tests/torture

simulate: $(STAMP)  ## SCHEDULES of pods, brokers and an ERP on virtual time, over the real code; writes build/simulation.json
	$(BIN)/python -m tests.simulation --schedules $(SCHEDULES)

simulate-short: $(STAMP)  ## as many of them as two cores do in three minutes
	$(BIN)/python -m tests.simulation --schedules 2000

mutants: $(STAMP)  ## how many generated defects in plan, money, offsets, ledger and recovery the tests find
	$(BIN)/python -m tests.mutation

lock:  ## pin every dependency with its hashes
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet uv
	build/lock/bin/uv pip compile --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --python-version 3.11 --extra demo --extra dev pyproject.toml -o requirements.lock

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements.lock  # the lock is whole: nothing to resolve
	$(BIN)/pip check
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf .venv build .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
