.PHONY: chat test check clean
PYTHON ?= python3

chat:  ## set-up, index, page
	$(PYTHON) -m tutor.setup && .venv/bin/tutor

test:  ## set-up, tests
	$(PYTHON) -m tutor.setup --dev && .venv/bin/python -m pytest -n 2 --dist loadfile

check:  ## lint, types
	.venv/bin/ruff check . && .venv/bin/ruff format --check -q . && .venv/bin/mypy

clean:  ## everything that make made, but not your record
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache index/chroma-* index/own-* index/*.db* index/*.json index/*.lock
