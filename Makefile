# The doors for people; each makes or mends the environment first. `make help` lists them.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# The first Python 3.11 or 3.12 that really starts (a version manager's stand-in may not).
PYTHON ?= $(shell for name in python3.11 python3.12 python3 python; do \
	if "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; \
	then command -v "$$name"; break; fi; done)
ENVIRONMENT ?= .venv
IN := $(ENVIRONMENT)/bin/python

# Else each of the many processes compiles all it imports anew, which takes longer than its work.
unexport PYTHONDONTWRITEBYTECODE

# Without settings of your own, commands act on the demo's data.
OWN_SETTINGS := $(SECRET_KEY)$(SECRET_KEY_FILE)$(DEBUG)
MODE := $(if $(OWN_SETTINGS),,NEXA_DEMO=1)
YES := 1 true yes on

.PHONY: help environment demo test prove lint run bench manage doctor lock clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/make \1|\2/p' Makefile | awk -F'|' '{printf "  %-18s %s\n", $$1, $$2}'

environment: ## make or mend the Python environment
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or 3.12 was not found. Install it (Debian: apt-get install python3 python3-venv)" >&2; \
		echo "or name it: make PYTHON=/path/to/python3.11 …" >&2; exit 1; fi
	@"$(PYTHON)" -I nexa/bootstrap.py --environment "$(ENVIRONMENT)"

demo: environment ## start everything with demo data; CHECK=1 drives and proves it; PORT=8000
	@exec $(IN) manage.py demo $(if $(filter $(YES),$(CHECK)),--check) $(if $(PORT),--port "$(PORT)") $(ARGS)

run: environment ## start web and workers with your own settings (see README); PORT=8000
	@exec $(IN) manage.py run $(if $(PORT),--port "$(PORT)") $(ARGS)

manage: environment ## any operator's command: make manage ARGS="doctor"
	@$(MODE) $(IN) manage.py $(ARGS)

doctor: environment ## say what is wrong with the set-up, and how to mend it
	@$(MODE) $(IN) manage.py doctor $(ARGS)

bench: environment ## measure: make bench ARGS="import --rows 100000"
	@$(MODE) $(IN) manage.py bench $(ARGS)

lint: environment ## style, types, import directions, migrations
	@$(IN) -m tests.verify --lint

test: environment ## everything that must hold before a change lands
	@$(IN) -m tests.verify $(ARGS)

prove: environment ## search the engine for faults at length: make prove EXAMPLES=30000
	@NEXA_PROVE_EXAMPLES="$(or $(EXAMPLES),30000)" $(IN) -m pytest tests/integrations -m prove \
		-n $(or $(NEXA_TEST_PROCESSES),2) $(ARGS)

lock: environment ## write requirements.lock anew from pyproject.toml
	@$(IN) -m uv --quiet pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade -o requirements.lock

clean: ## remove what was built; data and the environment's lock file stay
	@rm -rf "$(ENVIRONMENT)" build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
