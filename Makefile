.DEFAULT_GOAL := help
PYTHON ?= python3
DATABASE ?= sqlite
PY := .venv/bin/python
READY := .venv/ready
QUICK := tests/test_architecture.py tests/test_documentation.py tests/lib tests/sync/html tests/sync/test_plan.py \
	tests/desk/inbound/test_mime.py tests/desk/inbound/test_mail_commands.py tests/web/test_templates.py tests/web/test_languages.py
export FLASK_APP := app.py

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 16

demo: $(READY) ## a working system with a made-up year in it (DATABASE=postgresql for that)
	@PORTAL_DEMO_DATABASE=$(DATABASE) $(PY) -m flask demo run

demo-reset: $(READY) ## forget the demo's data
	@$(PY) -m flask demo reset

run: $(READY) ## the portal alone, as PORTAL_* settings say; refuses what would be unsafe
	@$(PY) -m flask db upgrade
	@$(PY) -m flask serve

install: .venv/installed ## set this machine up for real, as root: user, folders, settings file, units (INSTALL=--dry-run only says it)
	@.venv/bin/connectica-portal install $(INSTALL)

test: $(READY) ## every test, on SQLite and on PostgreSQL
	@$(PY) -m pytest -n auto

check: lint ## lint, types, and the tests that need no browser, core or database server: less than a minute
	@$(PY) -m pytest -q -n auto -k "not postgresql" $(QUICK)

lint: $(READY) ## style, types and templates
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/djlint templates --lint --quiet

audit: $(READY) ## ask the vulnerability service about every locked package
	@$(PY) .ci/audit.py

bench: $(READY) ## speed, each figure beside a bare Flask response of the same run
	@$(PY) -m bench

chaos: $(READY) ## 200 kills under load on each database, then everything is counted
	@$(PY) -m chaos

rehearsal: ## as root: a bare Debian 12 and 13 set up by the words of the docs, and used (packages are fetched)
	@/usr/bin/python3 deploy/rehearsal/rehearse.py $(SUITE)

translate: .venv/ready ## collect the words of code and templates into the Czech catalogue
	@.venv/bin/pybabel --quiet extract -F babel.cfg -k _l -k msgid --no-location --sort-output -o .venv/messages.pot .
	@.venv/bin/pybabel --quiet update -i .venv/messages.pot -d translations -l cs --no-fuzzy-matching --ignore-obsolete --no-wrap

lock: .venv/ready ## choose versions anew and write them down with their hashes
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-header --group dev pyproject.toml -o requirements.txt
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-header --constraint requirements.txt pyproject.toml -o deploy/container/requirements.txt

.venv/ready: requirements.txt
	@PYTHON=$(PYTHON) sh deploy/venv.sh requirements.txt 1000
	@touch $@ .venv/installed

.venv/installed: deploy/container/requirements.txt
	@PYTHON=$(PYTHON) sh deploy/venv.sh deploy/container/requirements.txt 500
	@touch $@

.PHONY: help demo demo-reset run install test check lint audit bench chaos rehearsal translate lock
