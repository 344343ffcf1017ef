# Two commands are enough: `make run` and `make test`. Both need only Python 3.11 and make.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

# torch is installed apart from the hashed lock file: its CPU build has a local version
# (+cpu) that only torch's own index serves, and the plain one is the fall-back.
TORCH       := 2.13.0
TORCH_INDEX := https://download.pytorch.org/whl/cpu
INSTALL     := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: install run test test-fast fuzz lint format lock schema editor sbom audit clean

# For a service, which others start: docs/operations.md.
install: $(VENV)/.installed

run: $(VENV)/.installed
	@$(BIN)/vaglio run

# First on every core what shares nothing with its neighbours; then one by one what starts processes and browsers.
test: $(VENV)/.installed-dev lint
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow and not browser"
	@$(BIN)/python -m pytest -m "slow or browser"

# What a change in the core, the record or the reviews breaks first: no process, browser, whole chat or second database.
test-fast: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q -n auto -m "not slow and not browser and not wide"

# An hour, or MINUTES=10, in one process that gives way to all others; docs/fuzzing.md says what of.
MINUTES ?= 60
fuzz: $(VENV)/.installed-dev
	@PYTHONPATH=.:tests nice -n 19 $(BIN)/python -m fuzzing --minutes $(MINUTES)

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# A stamp for each set: a second run does not install again.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Vaglio needs Python 3.11 or newer; say which one with: make run PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.torch: | $(VENV)/bin/python
	@echo "Installing torch $(TORCH), for Detoxify ..."
	@$(INSTALL) "torch==$(TORCH)+cpu" --no-deps --extra-index-url $(TORCH_INDEX) 2>/dev/null || $(INSTALL) "torch==$(TORCH)"
	@touch $@

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python $(VENV)/.torch
	@echo "Installing Vaglio's dependencies, as locked ..."
	@$(INSTALL) --no-deps --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(INSTALL) --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

# What torch's CUDA build would pull in is not ours to lock.
APART := torch triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cccl nvidia-cuda-cupti nvidia-cuda-nvrtc \
  nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse \
  nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx
UV    := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
  --custom-compile-command "make lock" $(addprefix --no-emit-package ,$(APART))

# Needs uv on the PATH. Moves every pin to the newest release that fits pyproject.toml.
lock:
	@$(UV) --quiet --upgrade -o requirements.lock
	@$(UV) --quiet --upgrade -c requirements.lock --extra dev -o requirements-dev.lock

schema: $(VENV)/.installed
	@$(BIN)/vaglio policy schema > policies/policy.schema.json

# Needs Node and npm. What it makes lies in the repository, so that nobody else needs them.
editor:
	@cd bot/console/editor && npm ci --silent && npm run --silent build

# A CycloneDX list of what is installed, with versions and licences.
sbom: $(VENV)/.installed
	@$(BIN)/python deploy/sbom.py > sbom.json
	@echo "sbom.json"

# What is locked, held against published advisories; without a way to PyPI: make audit ADVISORIES=all.zip
audit: $(VENV)/.installed-dev
	@$(BIN)/python deploy/audit.py $(if $(ADVISORIES),--advisories "$(ADVISORIES)")

clean:
	rm -rf $(VENV) bot/console/editor/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
