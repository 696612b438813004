# Thin: everything happens in src/course/bootstrap.py, which also runs where there is no make.
PYTHON ?= python3
BOOTSTRAP = $(PYTHON) src/course/bootstrap.py
ifeq ($(OS),Windows_NT)
BIN = .venv/Scripts
else
BIN = .venv/bin
endif
COMPILE = $(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate $(UPGRADE)
SOURCES = $(wildcard src tests solutions benchmarks)

.DEFAULT_GOAL := help
.PHONY: help setup lab lab-teach test test-browser build lint format lock clean

help:           ## show this list
	@echo "make TARGET [ARGS=...] [PYTHON=python3.11]"
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 16

setup:          ## make or repair .venv from requirements.lock
	@$(BOOTSTRAP) setup

lab:            ## open JupyterLab on lesson 01
	@$(BOOTSTRAP) lab $(ARGS)

lab-teach:      ## the same with the instructors' panels (formgrader, assignment lists)
	@$(BOOTSTRAP) lab --teach $(ARGS)

test:           ## run all tests but those in a browser
	@$(BOOTSTRAP) test $(ARGS)

test-browser:   ## run the tests that drive Chromium
	@$(BOOTSTRAP) test-browser $(ARGS)

build: setup    ## lessons -> nbgrader sources -> notebooks
	@$(BIN)/course build $(ARGS)

lint: setup     ## check style, change nothing
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)

format: setup   ## put the code into shape
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

# UPGRADE=--upgrade takes newer versions; without it only what pyproject.toml asks for moves.
lock: setup     ## remake both locks and environment.yml (needs the network)
	@$(COMPILE) --generate-hashes --extra dev pyproject.toml -o requirements.lock
	@$(COMPILE) --generate-hashes tests/browser/requirements.in -o tests/browser/requirements.lock
	@$(COMPILE) pyproject.toml --constraints requirements.lock > .venv/pins.txt
	@sed '/- pip:$$/q' environment.yml > .venv/environment.yml
	@sed 's/.*/      - "&"/' .venv/pins.txt >> .venv/environment.yml
	@mv .venv/environment.yml environment.yml

clean:          ## remove environments, caches and what a run leaves
	rm -rf .venv .venv-browser .venv.lock .venv-browser.lock .artifacts
	rm -rf .pytest_cache .ruff_cache .hypothesis build src/*.egg-info
	find src tests solutions notebooks -name __pycache__ -prune -exec rm -rf {} +
