# Everything runs in .venv, which is made and filled when a target needs it.
# Another Python: make test PYTHON=python3.12. Arguments for pytest: make test ARGS="-k conv2d -x".
# The tests run in as many processes as there are cores: make test WORKERS=4, or 0 for none.

PYTHON ?= python3
ARGS ?=
WORKERS ?= auto

VENV ?= .venv
BIN := $(VENV)/bin
SMOKE := digits decimal schema docs formulas cli bad_input bad_workbooks onnx_files xlsx_read calculators
DIGIT := $(firstword $(sort $(wildcard examples/digits/images/*.png)))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all check-layer smoke lint types bench scale clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## build, verify and ask a workbook that reads a handwritten digit
	@mkdir -p out
	$(BIN)/sheetcnn build examples/digits/digits.yaml --input $(DIGIT) -o out/digits.xlsx
	$(BIN)/sheetcnn verify out/digits.xlsx
	$(BIN)/sheetcnn predict examples/digits/digits.yaml --input $(DIGIT)

test: $(VENV)/.installed-test ## run the tests
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

test-all: $(VENV)/.installed-test ## run the tests, the exhaustive ones too
	$(BIN)/python -m pytest -n $(WORKERS) -m "" $(ARGS)

check-layer: $(VENV)/.installed-test ## check one kind of layer in all calculators: make check-layer KIND=conv2d
	@test -n "$(KIND)" || { echo "which kind? make check-layer KIND=conv2d" >&2; exit 2; }
	$(BIN)/python -m pytest -q -n $(WORKERS) --kind $(KIND) $(ARGS) tests/test_ops.py

smoke: $(VENV)/.installed-test ## run some quick tests, as in another Python: PYTHON=python3.13 VENV=.venv-3.13
	SHEETCNN_HIDE=libreoffice,uno,gnumeric,validator $(BIN)/python -m pytest -q -n $(WORKERS) $(ARGS) \
		$(SMOKE:%=tests/test_%.py)

lint: $(VENV)/.installed-lint ## check style, format and the directions of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: $(VENV)/.installed-lint ## check types
	$(BIN)/mypy

bench: $(VENV)/.installed-bench ## measure speed and memory
	$(BIN)/python benchmarks/run.py $(ARGS)

scale: $(VENV)/.installed-scale ## build and recalculate AlexNet, GoogLeNet and MobileNet at full size
	$(BIN)/python benchmarks/networks.py $(ARGS)

clean: ## remove what was built (not .venv)
	rm -rf out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv*/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

# One stamp per set of packages: nothing is installed again until pyproject.toml changes.

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.installed-%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e '.[$*]'
	@touch $@ $(VENV)/.installed
