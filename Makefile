# Everything runs in .venv, which is made and filled when a target needs it.
# Another Python: make test PYTHON=python3.12. Arguments for pytest: make test ARGS="-k conv2d -x".
# The tests run in as many processes as there are cores: make test WORKERS=4, or 0 for none.

PYTHON ?= python3
ARGS ?=
WORKERS ?= auto

BIN := .venv/bin
DIGIT := $(firstword $(sort $(wildcard examples/digits/images/*.png)))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all check-layer lint types bench scale clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.installed ## build, verify and ask a workbook that reads a handwritten digit
	@mkdir -p out
	$(BIN)/sheetcnn build examples/digits/digits.yaml --input $(DIGIT) -o out/digits.xlsx
	$(BIN)/sheetcnn verify out/digits.xlsx
	$(BIN)/sheetcnn predict examples/digits/digits.yaml --input $(DIGIT)

test: .venv/.installed-test ## run the tests
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

test-all: .venv/.installed-test ## run the tests, the exhaustive ones too
	$(BIN)/python -m pytest -n $(WORKERS) -m "" $(ARGS)

check-layer: .venv/.installed-test ## check one kind of layer in all calculators: make check-layer KIND=conv2d
	@test -n "$(KIND)" || { echo "which kind? make check-layer KIND=conv2d" >&2; exit 2; }
	$(BIN)/python -m pytest -q -n $(WORKERS) --kind $(KIND) $(ARGS) tests/test_ops.py

lint: .venv/.installed-lint ## check style, format and the directions of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: .venv/.installed-lint ## check types
	$(BIN)/mypy

bench: .venv/.installed-bench ## measure speed and memory
	$(BIN)/python benchmarks/run.py $(ARGS)

scale: .venv/.installed-scale ## build and recalculate AlexNet, GoogLeNet and MobileNet at full size
	$(BIN)/python benchmarks/networks.py $(ARGS)

clean: ## remove what was built (not .venv)
	rm -rf out dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

# One stamp per set of packages: nothing is installed again until pyproject.toml changes.

$(BIN)/python:
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

.venv/.installed-%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e '.[$*]'
	@touch $@ .venv/.installed
