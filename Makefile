# Every command that a developer or user needs. uv is downloaded into .tools/ if it is not installed.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
UV_VERSION := 0.13.9
export UV_LINK_MODE ?= copy
export SAM_CLI_TELEMETRY := 0
export ANSIBLE_HOME := $(CURDIR)/.ansible
# Some images set it. Then every process compiles what it imports anew.
unexport PYTHONDONTWRITEBYTECODE

# Recipes and what they start find the uv that was fetched.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
# $(SYNCED) installs the environment once.
RUN := $(UV) run --no-sync
# The files of a test run are removed with it. The path is short because it holds sockets.
PYTEST = scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && $(RUN) pytest --basetemp="$$scratch/t"
SYNCED := .venv/.synced
ROUNDS ?= 10
ARCHITECTURE ?= arm64
# Line coverage of the fast tests, in percent: raise it when the measured value is a point above.
COVERAGE_FLOOR := 96

.PHONY: fuzz campaign help wheel setup demo up down test unit lint style analyze format build validate e2e explore bench benchengine requirements roots schema docs samples clean

help: ## Show the commands
	@grep -E '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## (.*)/  make \1\t\2/' | expand -t 20

# The interpreter beneath an active virtual environment, since one made by uv has no pip.
.tools/bin/uv:
	@echo "downloading uv $(UV_VERSION) into .tools/"
	"$$(python3 -c 'import sys; print(sys._base_executable)')" -m pip install --quiet --disable-pip-version-check --no-warn-script-location --root-user-action=ignore --target .tools uv==$(UV_VERSION)

$(SYNCED): $(if $(filter .tools/bin/uv,$(UV)),.tools/bin/uv) pyproject.toml uv.lock .python-version
	@echo "installing Python, Ansible and the test tools into .venv (a few minutes the first time)"
	@$(UV) sync --frozen || { $(UV) python find >/dev/null 2>&1 || echo "make: this machine has no Python $$(cat .python-version), and uv could not fetch one from GitHub. Install it (such as python3.13 of Debian 13, or with pyenv), then run make again." >&2; exit 1; }
	@touch $@
	@echo "done: source .venv/bin/activate"

setup: $(SYNCED) ## Install everything that is needed, into .venv

demo: $(SYNCED) ## Show the main job on the local cloud, from push to trail
	$(RUN) pointsman local demo

up: $(SYNCED) ## Start the local cloud and leave it running
	$(RUN) pointsman local up

down: $(SYNCED) ## Stop the local cloud
	$(RUN) pointsman local down

style: $(SYNCED) ## Format, lint, spelling, layers: a few seconds
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) codespell
	$(RUN) lint-imports

analyze: $(SYNCED) ## Types, templates, Ansible: a minute or two
	$(RUN) mypy
	$(RUN) mypy --scripts-are-modules $$(find runner/bin -maxdepth 1 -type f)
	$(MAKE) --no-print-directory validate
	$(RUN) ansible-lint -c examples/infra/.ansible-lint examples/infra

lint: style analyze ## Both: what CI checks

validate: $(SYNCED) ## Validate the three templates
	$(RUN) sam validate --lint --template template.yaml
	$(RUN) sam validate --lint --template regional/template.yaml
	$(RUN) sam validate --lint --template image/template.yaml

format: $(SYNCED) ## Format the code and fix what can be fixed
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

build: $(SYNCED) ## Build the control stack for ARCHITECTURE (arm64)
	POINTSMAN_ARCHITECTURE=$(ARCHITECTURE) $(RUN) sam build

wheel: $(SYNCED) ## Build the installable package in dist/
	$(UV) build --quiet --clear --out-dir dist
	@ls dist/*.whl

unit: $(SYNCED) ## The fast tests: unit, contract, integration
	$(PYTEST) tests/unit tests/contract tests/integration -n 2 --cov --cov-report=term-missing:skip-covered --cov-fail-under=$(COVERAGE_FLOOR)

e2e: $(SYNCED) ## The real templates on the local cloud
	$(PYTEST) tests/e2e -n 2

# The end-to-end tests often wait, so everything else runs beside them.
test: style ## Everything
	$(MAKE) --no-print-directory --jobs=3 e2e unit analyze

explore: $(SYNCED) ## Run the property tests with fresh seeds, ROUNDS times
	for round in $$(seq $(ROUNDS)); do echo "round $$round of $(ROUNDS)"; HYPOTHESIS_PROFILE=explore $(PYTEST) tests -m hypothesis -n 2 -q; done

bench: ARCHITECTURE = $(shell uname -m)
bench: build ## Measure the functions as Lambda runs them, and routing beside other libraries (ten minutes)
	$(RUN) python -m bench.functions --keep docs/performance.md
	$(RUN) python -m bench.routing

benchengine: $(SYNCED) ## Measure the engine: calls to AWS, round trips, memory, a simulated day (five minutes)
	$(RUN) python -m bench.engine --keep docs/performance.md

campaign: $(SYNCED) ## Run 100,000 rollouts of the engine in a simulated world of failures (ten minutes)
	$(RUN) python -m bench.campaign --rollouts 100000

fuzz: $(SYNCED) ## Run the five handlers with 20,000 mutated inputs each (five minutes)
	$(RUN) python -m bench.fuzz --cases 20000

requirements: $(SYNCED) ## Export the pinned requirements of the layers, of builds and of the run image
	$(UV) export --frozen --quiet --only-group shared --no-emit-project --no-annotate --no-header -o layers/shared/requirements.txt
	$(UV) export --frozen --quiet --only-group github-app --no-emit-project --no-annotate --no-header -o layers/github_app/requirements.txt
	$(UV) export --frozen --quiet --only-group slack --no-emit-project --no-annotate --no-header -o layers/slack/requirements.txt
	$(UV) export --frozen --quiet --only-group report --no-emit-project --no-annotate --no-header -o layers/report/requirements.txt
	$(UV) export --frozen --quiet --only-group ansible --no-emit-project --no-annotate --no-header -o runner/requirements.txt
	$(UV) export --frozen --quiet --only-group image --no-emit-project --no-annotate --no-header -o image/requirements.txt
	$(UV) export --frozen --quiet --only-group ansible --only-group image --no-hashes --no-emit-project --no-annotate --no-header -o image/constraints.txt

roots: $(SYNCED) ## Write the roots that AWS's endpoints have, out of certifi's list
	$(RUN) python layers/amazon_roots.py > layers/shared/pointsman/amazon_roots.pem

docs: $(SYNCED) ## Write docs/reference/, docs/cost.md and terraform/worker/ from the code
	$(RUN) python -m tools.reference
	$(RUN) python -m tools.worker_module
	$(RUN) python -m tools.cost

schema: $(SYNCED) ## Write routes.schema.json, which editors read, from the models
	$(RUN) pointsman routes schema > routes.schema.json

samples: $(SYNCED) ## Freeze samples of what this version stores and sends, once, when it is released
	AWS_DEFAULT_REGION=us-east-1 AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none $(RUN) python -m tests.support.frozen_samples

clean: down ## Remove everything that was built or downloaded
	rm -rf dist .aws-sam .localcloud .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis
