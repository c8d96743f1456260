# The commands that users and continuous integration run. They need Python 3.11 or newer and make, nothing else:
# everything is installed into .venv, under the versions in constraints.txt.

PYTHON ?= python3
ARGS ?=
OUT ?= benchmarks/out/results.json
PYTEST_ARGS ?= -n 2

VENV := .venv
RUN := $(VENV)/bin/python
INSTALL := $(RUN) -m pip install -qq --disable-pip-version-check --no-input --constraint constraints.txt
OTHERS := --editable ./agents --editable ./reward_models

.PHONY: help demo test test-attacks peers grading-peers serving-peers check bench bench-gpu has-gpu clean

help:
	@echo "make demo    train the embedded tiny policy (ARGS='--seed 1' passes arguments on)"
	@echo "make test    run the tests"
	@echo "make test-attacks  run every attack on the sandbox, as every user, in every tier (minutes)"
	@echo "make peers   install TRL and Ray too, for the tests that need them"
	@echo "make grading-peers  install inspect-ai and lm-eval apart, for benchmarks/bench_grading.py to measure beside"
	@echo "make serving-peers  install transformers with its server apart, for the test that evaluates a model behind it"
	@echo "make check   ruff, pyright and import-linter"
	@echo "make bench   run the benchmarks (OUT=path of the JSON file)"
	@echo "make bench-gpu  test the kernels on an NVIDIA GPU and measure them beside other libraries (about 8 minutes)"
	@echo "make clean   remove .venv, caches, build and benchmark output (never runs/)"

demo: $(VENV)/.agents
	@$(RUN) -m agents train quickstart $(ARGS)

test: $(VENV)/.dev
	@$(RUN) -m pytest $(PYTEST_ARGS)

test-attacks: $(VENV)/.dev
	@$(RUN) -m pytest tests/attacks -m "exhaustive or not exhaustive"

peers: $(VENV)/.peers

grading-peers: $(VENV)/grading-peers/.done

serving-peers: $(VENV)/serving-peers/.done

check: $(VENV)/.dev
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@PYRIGHT_PYTHON_GLOBAL_NODE=0 $(VENV)/bin/pyright
	@$(VENV)/bin/lint-imports --no-logo

bench: $(VENV)/.dev
	@mkdir -p $(dir $(OUT))
	@$(RUN) -m pytest benchmarks --override-ini python_files=bench_*.py \
		--benchmark-enable --benchmark-only --benchmark-json=$(OUT)

bench-gpu: has-gpu $(VENV)/.kernel-peers
	@$(RUN) -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' || { \
		echo "torch $$($(RUN) -c 'import torch; print(torch.__version__)') in $(VENV) sees no NVIDIA GPU:" \
			"install a build for CUDA there." >&2; exit 1; }
	@$(RUN) -m pytest tests/gpu
	@$(RUN) benchmarks/bench_kernel.py --device cuda --rounds 5

has-gpu:
	@nvidia-smi --list-gpus >/dev/null 2>&1 || { \
		echo "make bench-gpu needs an NVIDIA GPU with its driver; nvidia-smi finds none on this machine." >&2; exit 1; }

clean:
	rm -rf $(VENV) build dist benchmarks/out .pytest_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache

# torch comes first and alone, so that the pinned build is in place before anything that merely depends on it.
$(VENV)/.torch: pyproject.toml agents/pyproject.toml reward_models/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "reasonenv needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
		echo "Name another interpreter: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Installing into $(VENV) (once; a few minutes)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) torch
	@touch $@

$(VENV)/.agents: $(VENV)/.torch
	@$(INSTALL) --editable . $(OTHERS)
	@touch $@

$(VENV)/.dev: $(VENV)/.torch
	@$(INSTALL) --editable ".[dev]" --editable "./agents[lora]" --editable ./reward_models
	@touch $(VENV)/.agents $@

$(VENV)/.peers: $(VENV)/.dev
	@$(INSTALL) --editable ".[peers]"
	@touch $@

# Apart and without our constraints: lm-eval compares by an antlr runtime of 2022, which clashes with ours.
$(VENV)/grading-peers/.done: $(VENV)/.torch
	@$(PYTHON) -m venv $(VENV)/grading-peers
	@$(VENV)/grading-peers/bin/python -m pip install -qq --disable-pip-version-check --no-input \
		"inspect-ai==0.3.285" "lm-eval[math]==0.4.13" "latex2sympy2-extended==1.11.0"
	@touch $@

# Apart, as a server and its clients are: what it brings is nothing that we or our tests import.
$(VENV)/serving-peers/.done: $(VENV)/.torch
	@$(PYTHON) -m venv $(VENV)/serving-peers
	@$(VENV)/serving-peers/bin/python -m pip install -qq --disable-pip-version-check --no-input \
		--constraint constraints.txt torch "transformers[serving]"
	@touch $@

$(VENV)/.kernel-peers: $(VENV)/.dev
	@$(INSTALL) --editable ".[kernel-peers]"
	@touch $@
