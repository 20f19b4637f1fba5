# make app: the workbench on sample data.  make test: every test.  Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
AIRFLOW := .venv-airflow
PORT ?= 8501

.DEFAULT_GOAL := help
.PHONY: help install install-dev install-postgresql install-spark install-airflow app test test-all test-airflow lint format bench lock \
	lock-airflow clean

help:
	@echo "make app       install what is needed and open the workbench on http://127.0.0.1:$(PORT)"
	@echo "make test      install what is needed and run every test, the browser's included"
	@echo "make test-all  the same, and the tests that take minutes or Airflow or, where there is a Java, Spark"
	@echo "make test-airflow  only the tests that run a pipeline in Airflow"
	@echo "make bench     time the engines and write docs/benchmarks.md (DATA=path of Online Retail)"
	@echo "make lint      style and types"
	@echo "make install   only set up $(VENV)"
	@echo "make install-postgresql  add what reads and writes tables of PostgreSQL, 30 MB"
	@echo "make install-spark  add Spark to it, 450 MB, for --frames spark"
	@echo "make install-airflow  set up Airflow in $(AIRFLOW), an environment of its own, 330 MB"

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev
install-postgresql: $(VENV)/installed-postgresql
install-spark: $(VENV)/installed-spark
install-airflow: $(AIRFLOW)/installed

# pip compiles what it installs to bytecode; without that every start of the server takes three times as long.
$(VENV)/installed: requirements.txt constraints.txt $(shell find segcore/clustering/kernels -name '*.py')
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "segcore needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --compile -r requirements.txt -c constraints.txt
	@$(BIN)/python -m compileall -q app.py pages ui segcore
	@$(BIN)/python -m segcore.clustering.kernels
	@$(BIN)/python -m segcore.intake.prepared_sample
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt requirements-baskets.txt requirements-postgresql.txt
	$(PIP) install --quiet --compile -r requirements-dev.txt -c constraints.txt
	@touch $@

$(VENV)/installed-postgresql: $(VENV)/installed requirements-postgresql.txt
	$(PIP) install --quiet --compile -r requirements-postgresql.txt -c constraints.txt
	@touch $@

$(VENV)/installed-spark: $(VENV)/installed requirements-spark.txt
	$(PIP) install --quiet --compile -r requirements-spark.txt -c constraints.txt
	@touch $@

$(AIRFLOW)/installed: requirements-airflow.txt constraints-airflow.txt
	@test -x $(AIRFLOW)/bin/python || $(PYTHON) -m venv $(AIRFLOW)
	$(AIRFLOW)/bin/python -m pip --disable-pip-version-check --no-input install --quiet --compile -r requirements-airflow.txt \
		-c constraints-airflow.txt
	@touch $@

app: install
	$(BIN)/python -m segcore app --server.port=$(PORT)

# Two processes, for two cores; a file's tests stay together. The browser's tests have both cores to themselves: with other tests beside
# them a click now and then waited longer than any user would.
PYTEST := $(BIN)/python -m pytest -rs
PARALLEL := -n 2 --dist loadfile --no-loadscope-reorder

test: install-dev
	@sh .ci/chromium $(BIN)/python
	@sh .ci/postgresql
	$(PYTEST) $(PARALLEL) --ignore=tests/browser -m "not slow"
	$(PYTEST) tests/browser -m "not slow"

# Spark's tests are skipped, with the reason, where there is no Java; `make test` also skips them as long as Spark is not installed.
JAVA := $(or $(JAVA_HOME),$(shell command -v java 2>/dev/null))

test-all: install-dev install-airflow $(if $(JAVA),install-spark)
	@sh .ci/chromium $(BIN)/python
	@sh .ci/postgresql
	SEGCORE_THOROUGH=1 $(PYTEST) $(PARALLEL) --ignore=tests/browser
	$(PYTEST) tests/browser

test-airflow: install-dev install-airflow
	@sh .ci/postgresql
	$(PYTEST) tests/pipelines/test_airflow.py

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install-dev
	$(BIN)/python -m segcore.benchmark.table $(if $(DATA),$(DATA),online-retail) docs/benchmarks.md
	$(BIN)/python benchmarks/start_up.py >> docs/benchmarks.md
	$(BIN)/python -m segcore.intake.prepared_sample  # as `make install` leaves it, should the code have changed since
	$(BIN)/python benchmarks/screens.py >> docs/benchmarks.md
	$(BIN)/python benchmarks/analysts.py >> docs/benchmarks.md
	$(BIN)/python benchmarks/cores.py $(if $(DATA),--data $(DATA) --copies 100) >> docs/benchmarks.md

lock: install-dev install-spark
	@echo "# Every version that was tested together, so that a fresh install is the tested one. Written by 'make lock'." > constraints.txt
	$(PIP) freeze | grep == >> constraints.txt

lock-airflow: install-airflow
	@echo "# Every version that was tested together with Airflow. Written by 'make lock-airflow'." > constraints-airflow.txt
	$(AIRFLOW)/bin/python -m pip --disable-pip-version-check freeze | grep == >> constraints-airflow.txt

clean:
	rm -rf $(VENV) $(AIRFLOW) .pytest_cache .hypothesis .mypy_cache .ruff_cache
