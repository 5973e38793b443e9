.DEFAULT_GOAL := help
PY := .venv/bin/python
export FLASK_APP := app.py

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 16

demo: .venv/ready ## a working system with a sample company: desk, sync and portal
	@$(PY) -m flask demo run

demo-reset: .venv/ready ## forget the demo's data
	@$(PY) -m flask demo reset

run: .venv/ready ## the portal alone, as configured by PORTAL_* settings
	@$(PY) -m flask db upgrade
	@$(PY) -m granian --interface wsgi --host 127.0.0.1 --port 8000 app:app

test: .venv/ready ## every test, on SQLite and on PostgreSQL
	@$(PY) -m pytest

lint: .venv/ready ## style, types and templates
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/djlint templates --lint --quiet

bench: .venv/ready ## speed, each figure beside a bare Flask response of the same run
	@$(PY) -m bench

lock: .venv/ready ## choose versions anew and write them down with their hashes
	@$(PY) -m pip install --quiet uv
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-header --group dev pyproject.toml -o requirements.txt

.venv/ready: requirements.txt
	@python3 -c 'import sys; assert sys.version_info >= (3, 11)' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@python3 -c 'import ensurepip' 2>/dev/null || { echo "Python cannot make virtual environments here. Install that part:  apt-get install python3-venv"; exit 1; }
	@echo "Setting up Python packages in .venv (a minute the first time) …"
	@python3 -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@PATH="$$PWD/.venv/bin:$$PATH" pybabel compile --directory translations --statistics 2>/dev/null || true
	@touch $@

.PHONY: help demo demo-reset run test lint bench lock
