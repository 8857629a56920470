# Every target sets up what it needs by itself; `make setup` does only that.
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
PORT ?= 8000
ONLY ?=
ARGS ?=
ENVS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test benchmark check matrix schema messages lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make .venv hold everything for tests, checks and documentation
	@$(PYTHON) scripts/bootstrap.py

demo: ## Set the example site up and serve it (PORT=8000)
	@$(PYTHON) scripts/bootstrap.py demo
	@$(VENV_PYTHON) scripts/demo.py --port $(PORT)

test: setup ## Run all tests: SQLite, PostgreSQL, docs, front end, browser (ONLY=..., ARGS=...)
	@$(VENV_PYTHON) scripts/test.py $(ONLY) --args="$(ARGS)"

benchmark: setup ## Measure ranking on SQLite and PostgreSQL beside hand-written SQL (ARGS=...)
	@$(VENV_PYTHON) scripts/benchmark.py $(ARGS)

check: setup ## Lint, types, contracts, drift, docs, package and its smoke test (ONLY=...)
	@$(VENV_PYTHON) scripts/check.py $(ONLY)

matrix: setup ## Run the Python tests with every supported Python and Django (ENVS=...)
	@$(VENV_PYTHON) scripts/matrix.py --envs="$(ENVS)"

schema: setup ## Rewrite the OpenAPI snapshot and the front end's types from the code
	@$(VENV_PYTHON) scripts/schema.py

messages: setup ## Rewrite and compile the translations from the strings of the code
	@$(VENV_PYTHON) scripts/messages.py

LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" $(VENV_PYTHON) -m uv pip compile --quiet --upgrade \
	--universal --python-version 3.10 --no-python-downloads --no-annotate
PACKAGE := pyproject.toml --extra openapi

lock: setup ## Pin the newest versions of everything again in requirements/
	$(LOCK) $(PACKAGE) --group dev -o requirements/dev.txt
	$(LOCK) $(PACKAGE) --group example -c requirements/dev.txt -o requirements/demo.txt
	$(LOCK) $(PACKAGE) --group test -c requirements/dev.txt -o requirements/test.txt --no-emit-package django
	$(LOCK) --group pyproject.toml:node -o requirements/node.txt

clean: ## Remove everything that the other targets made, the demo's database included
	rm -rf .venv .tox .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	rm -rf build dist test-results docs/_build example_project/staticfiles
	rm -rf example_project/frontend/node_modules example_project/frontend/dist
	rm -f example_project/db.sqlite3*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
