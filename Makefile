# Each target sets up all it needs. `make demo` and `make test` are the two to know.
PYTHON ?=
BIN := .venv/bin

.PHONY: help compiled demo test kubernetes check bench screenshot lock clean

help:
	@echo "make demo        the console on a simulated shop in a viral spike"
	@echo "make test        all tests, with the real servers where apt and root are there"
	@echo "make kubernetes  builds a real API server once, for the tests that are left out without one"
	@echo "make check       format, lint, types, import contracts"
	@echo "make bench       speed and memory, each with its budget"
	@echo "make screenshot  the README's picture, from the demo"
	@echo "make lock        pin the dependencies anew"

.venv/.run: requirements.lock pyproject.toml
	@PYTHON=$(PYTHON) scripts/venv.sh requirements.lock $@

.venv/.dev: requirements-dev.lock pyproject.toml
	@PYTHON=$(PYTHON) scripts/venv.sh requirements-dev.lock $@
	@touch .venv/.run

# Where the environment forbids Python to write byte code, what was edited since would be compiled at every start.
compiled:
	@$(BIN)/python -m compileall -q console panels connectors playbooks

demo: .venv/.run compiled
	@$(BIN)/seawall demo $(SCENARIO)

test: .venv/.dev
	@scripts/servers.sh
	@$(BIN)/python -m tests.real.kafka
	$(BIN)/python -m pytest -n 2 --dist loadfile -rs $(ARGS)

# Once, where Go is there: some ten minutes and 4 GB. From then on the tests that want a real cluster start it.
kubernetes: .venv/.dev
	@$(BIN)/python -m tests.real.kubernetes_server

check: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.dev compiled
	$(BIN)/python -m bench $(ARGS)

screenshot: .venv/.dev
	$(BIN)/python -m docs.screenshot

lock:
	python3 -m venv .venv-lock && .venv-lock/bin/pip install -q uv
	.venv-lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml scripts/build.in -o requirements.lock
	.venv-lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra dev -c requirements.lock pyproject.toml scripts/build.in -o requirements-dev.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv .servers build dist *.egg-info
