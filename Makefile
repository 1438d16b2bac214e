# Two commands do everything on a fresh Debian 12: `make demo` and `make test`.
PY ?= python3
V := .venv
NPM := $(shell command -v npm)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test check setup dev system bench bench-overload coverage words screenshots clean

help:
	@echo "make demo   the whole compound in one terminal: broker, database, 38 piles, pages"
	@echo "make test   installs what is missing, then runs every check and test"
	@echo "make check  style, types and the import order of the rooms (under 20 s)"
	@echo "make coverage   the tests once more, and which lines they never reach"
	@echo "make bench  the figures of docs/bench.json, measured on this machine"
	@echo "make bench-overload   forecast, sharing, breakers and curve watch, scored: docs/overload-card.md"
	@echo "make screenshots  every page and state as pictures, and the slower looks at them: build/artefacts/"
	@echo "make words  collects the sentences of code and pages into service/locale"
	@echo "make clean  removes what the other commands made"

$(V)/bin/python:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Beimen needs Python 3.11 or newer; name one with PY=/path/to/python3.11"; exit 1; }
	@$(PY) -m venv $(V) || { echo "Python has no venv module: apt install python3-venv, then run this again"; exit 1; }

WORDS := $(wildcard service/locale/*/LC_MESSAGES/*.po)

$(V)/.run: $(V)/bin/python requirements.lock pyproject.toml package-lock.json hatch_build.py $(WORDS)
	@echo "[1/3] installing the pinned packages"
	@$(V)/bin/python -m pip install -q --require-hashes -r requirements.lock
	$(if $(NPM),,@echo "      no npm here: taking node from PyPI" && $(V)/bin/python -m pip install -q --require-hashes -r requirements-node.lock)
	@echo "[2/3] building: browser files, fonts and translations"
	@$(V)/bin/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(V)/.dev: $(V)/.run requirements-dev.lock
	@echo "[3/3] installing the tools of the tests"
	@$(V)/bin/python -m pip install -q --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(V)/.run
dev: $(V)/.dev

demo: $(V)/.run
	@$(V)/bin/beimen demo $(ARGS)

system:
	@sh tests/system_packages.sh

check: $(V)/.dev
	@$(V)/bin/ruff format --check --quiet . && $(V)/bin/ruff check --quiet .
	@$(V)/bin/lint-imports --no-logo > .lint-imports.log 2>&1 || { cat .lint-imports.log; exit 1; }; rm -f .lint-imports.log
	@$(V)/bin/mypy --no-error-summary
	@echo "check: style, import order and types are clean"

test: $(V)/.dev system check
	$(V)/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder tests

coverage: $(V)/.dev system
	@mkdir -p build/artefacts
	$(V)/bin/coverage erase && $(V)/bin/coverage run -m pytest -n 3 --dist loadfile --no-loadscope-reorder tests
	$(V)/bin/coverage combine -q && $(V)/bin/coverage report

bench: $(V)/.dev system
	$(V)/bin/python -m tests.bench $(ARGS)

bench-overload: $(V)/.dev
	$(V)/bin/python -m tests.bench_overload $(ARGS)

screenshots: $(V)/.dev system
	$(V)/bin/python -m tests.browser.screenshots $(ARGS)
	BEIMEN_THOROUGH=1 $(V)/bin/python -m pytest -n 2 --dist loadfile tests/browser

words: $(V)/.dev
	$(V)/bin/python -m tests.house.collect_words

clean:
	rm -rf $(V) node_modules service/pages/static/vendor service/pages/paper/fonts var .mypy_cache .ruff_cache .pytest_cache .hypothesis
