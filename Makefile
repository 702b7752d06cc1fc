# The menu. Needs Python 3.11 or newer, make and the Python package index.
#
#   make demo     a demo library, the local stack, two requests, two videos
#   make up       the local stack in the foreground, with the page
#   make test     all tests
#   make check    format, lint, types
#   make help     everything else

PYTHON ?= python3
LIBRARY ?= library
PORT ?= 8080
# Tests that run at once: many wait for a browser or a process, so two cores have time for three.
JOBS ?= 3
ENVIRONMENT ?= prod

TOOLS := .venvs/tools/bin
UV := $(TOOLS)/uv
BIN := .venv/bin
DEPLOYABLES := request_handler planner job
SOURCES := src choreo_cli functions job_image catalog local_emulators tests benchmarks tools

# Where Python is told not to keep what it has compiled, each of the many processes here would
# compile all its packages anew, which takes longer than what most of them do.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo up test coverage check format bench chaos fuzz audit sbom pictures stage images plan pose-model lock clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready $(DEPLOYABLES:%=.venvs/%/.ready) ## Install everything into .venv and .venvs

demo: setup ## Build the demo library if absent, make one video of each kind, print where they are
	@$(BIN)/python -m local_emulators.demo --library $(LIBRARY)

up: setup ## Run the local stack on http://127.0.0.1:8080 (PORT=…, LIBRARY=…) until Ctrl-C
	@$(BIN)/python -m local_emulators.stack --library $(LIBRARY) --port $(PORT)

test: setup ## Run all tests
	@echo "Running the tests"
	@$(BIN)/pytest -n $(JOBS) --dist loadfile

# Apart from `test`, which it would make last half as long again.
coverage: setup ## Run all tests and show which lines they leave out
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --cov --cov-report=term:skip-covered --cov-fail-under=85

check: .venv/.ready ## Check format, lint and types
	@echo "Checking the format"
	@$(BIN)/ruff format --check $(SOURCES)
	@echo "Checking for lint"
	@$(BIN)/ruff check $(SOURCES)
	@echo "Checking types"
	@$(BIN)/mypy src choreo_cli catalog local_emulators benchmarks tools functions/request_handler/intake functions/planner/planning job_image/rendering job_image/execution
	@for main in functions/request_handler functions/planner job_image; do $(BIN)/mypy $$main/main.py || exit 1; done

format: .venv/.ready ## Format the code and mend what can be mended
	@$(BIN)/ruff check --fix -q $(SOURCES); $(BIN)/ruff format $(SOURCES)

bench: setup ## Measure speed, size and quality against peers (LIBRARY=… is measured too, and made if absent)
	@for bench in music library planner render request_handler; do $(BIN)/python -m benchmarks.$$bench || exit 1; done
	@test -f $(LIBRARY)/choreo.db || $(BIN)/python -m local_emulators.demo --library $(LIBRARY)
	@$(BIN)/python -m benchmarks.page --library $(LIBRARY)

chaos: setup ## Kill, pause and confuse the stack's parts under load (SEEDS=20 TASKS=200)
	@$(BIN)/python -m local_emulators.chaos.run --seeds $(or $(SEEDS),20) --tasks $(or $(TASKS),200)

pictures: setup ## Make the pictures of README.md anew (needs Chromium and a library of `make demo`)
	@$(BIN)/python tools/pictures.py --library $(LIBRARY)

fuzz: .venv/.ready ## Throw hostile media, requests, blueprints and clients at the product (PARTS="media api")
	@$(BIN)/python tests/safety/fuzz.py $(PARTS)

audit: .venv/.ready ## Ask for known vulnerabilities of everything that is locked
	@$(BIN)/python -m tools.audit

sbom: .venv/.ready ## Write a bill of materials per deployable into build/sbom, and docs/licences.md
	@$(BIN)/python -m tools.sbom
	@$(BIN)/python -m tools.licences

stage: .venv/.ready ## Write a self-contained folder per deployable into build/stage
	@$(BIN)/python tools/stage.py

images: ## Build all images with docker or buildah, print their sizes, run each once
	@tools/images.sh

plan: ## Show what Terraform would change (ENVIRONMENT=prod; needs an initialised infra/terraform)
	@terraform -chdir=infra/terraform plan -var-file=environments/$(ENVIRONMENT).tfvars

pose-model: .venv/.ready ## Fetch the pose model, for finding moves by the dancers' joints
	@$(BIN)/python -m catalog.pose_models

lock: $(UV) ## Pin the newest versions in every lock file
	@for folder in functions/request_handler functions/planner job_image catalog; do \
		echo "Locking $$folder"; $(call pin,$$folder/requirements.in,$$folder/requirements.txt) || exit 1; done
	@echo "Locking the development environment"; $(call pin,requirements-dev.in,requirements-dev.txt)

pin = $(UV) pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --override overrides.txt $(1) -o $(2)

clean: ## Remove environments and caches (not the library)
	rm -rf .venv .venvs .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 …") if sys.version_info < (3, 11) else 0'
	@echo "Setting up with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venvs/tools
	@$(TOOLS)/python -m pip install -q --disable-pip-version-check -r requirements-tools.txt

.venv/.ready: requirements-dev.txt pyproject.toml $(UV)
	@echo "Installing the development environment"
	@$(UV) venv -q --allow-existing -p $(TOOLS)/python .venv
	@$(UV) pip sync -q -p .venv --require-hashes requirements-dev.txt
	@$(UV) pip install -q -p .venv --no-deps --no-build-isolation -e .
	@touch $@

.venvs/request_handler/.ready: functions/request_handler/requirements.txt
.venvs/planner/.ready: functions/planner/requirements.txt
.venvs/job/.ready: job_image/requirements.txt
$(DEPLOYABLES:%=.venvs/%/.ready): $(UV)
	@echo "Installing what $(notdir $(@D)) needs, and nothing else"
	@$(UV) venv -q --allow-existing -p $(TOOLS)/python $(@D)
	@$(UV) pip sync -q -p $(@D) --require-hashes $(filter %.txt,$^)
	@touch $@
