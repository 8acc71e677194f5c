# anze: set-up needs python3.11 with venv and pip, and make. Nothing else.
PYTHON ?= python3.11
UV_VERSION := 0.13.9
BIN := .venv/bin
ROOT := $(if $(filter 0,$(shell id -u)),,sudo)
READY := .venv/.ready

.PHONY: setup spark-setup wheelhouse offline-setup browser run test heavy taste spark-test faults bench counter-load flame lint dev lock sample clean

setup: $(READY)

# dbt-core-experimental-parser fetches a binary from a code host when installed; dbt runs without it, so
# the lock leaves it out (requirements.exclude) and exactly the lock is installed.
$(READY): requirements-dev.lock pyproject.toml
	@echo "准备运行环境（首次约一分钟）……"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements-dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

# For a server without internet: anze and all wheels of the lock in one folder, then an installation from that folder alone.
wheelhouse: setup
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock -d wheelhouse
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation . -w wheelhouse
	@echo "wheelhouse/：$$(ls wheelhouse | wc -l) 个文件，$$(du -sh wheelhouse | cut -f1)"

offline-setup:
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --find-links wheelhouse --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	@touch $(READY)

# Debian's Chromium and a Chinese font, for the tests of the pages; they are skipped without it.
browser:
	@command -v chromium >/dev/null && fc-list :lang=zh | grep -q . || $(ROOT) sh -c "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fontconfig >/dev/null"

run: setup
	@$(BIN)/anze nightly

# Commands are started by the hundred; where Python is told to write no bytecode, each would compile the program again.
test: setup
	@$(BIN)/python -m compileall -q pipelines
	@POLARS_MAX_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

# Tests of minutes each (marked heavy): more nights, more seeds, larger worlds, an installation from the wheel.
heavy: setup
	@$(BIN)/pytest -m heavy -n 2 --dist loadfile -rA
	@ANZE_PAIRS=100 $(BIN)/pytest tests/explain/test_diff.py -rA

# Faults injected at random moments, hostile files by the thousand; an hour, not part of the tests. ANZE_KILLS=20 for a
# taste. A clock that runs behind needs Debian's faketime.
faults: setup
	@command -v faketime >/dev/null || $(ROOT) apt-get install -y -qq faketime >/dev/null
	@$(BIN)/pytest tests/faults -n 2 -rA --override-ini norecursedirs=

# A taste of the heavy runs, for every change: a few kills by seed (ANZE_KILLS), and the golden example on Spark.
taste: setup spark-setup
	@ANZE_KILLS=$${ANZE_KILLS:-3} $(BIN)/pytest tests/faults/test_kill.py -rA --override-ini norecursedirs=
	@$(SPARK_BIN)/pytest tests/spark -k "golden and not next_night" -rA --override-ini norecursedirs=

# The extra `spark` in an environment of its own, so that other nights do not import what they do not need; Debian's Java.
SPARK_BIN := .venv-spark/bin
SPARK_READY := .venv-spark/.ready

spark-setup: $(SPARK_READY)

$(SPARK_READY): $(READY) requirements-spark.lock requirements-dev.lock
	@command -v java >/dev/null || $(ROOT) sh -c "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless >/dev/null"
	@test -x $(SPARK_BIN)/python || $(PYTHON) -m venv .venv-spark
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(SPARK_BIN)/python requirements-dev.lock requirements-spark.lock
	@$(BIN)/uv pip install --quiet --python $(SPARK_BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(SPARK_READY)

# The same warehouse from a standalone Spark cluster on loopback (a master and two workers) as from DuckDB.
spark-test: spark-setup
	@$(SPARK_BIN)/pytest tests/spark -rA --override-ini norecursedirs=

# anze beside the hand-written floor on the same files (docs/speed.md). SCALE=country needs 60 GB of disk and hours.
SCALE ?= city
bench: setup
	@$(BIN)/python benchmarks/bench.py $(SCALE)

# The counter with 50 senders at once, beside a night, and killed 20 times (docs/promises.md); ten minutes.
counter-load: setup
	@$(BIN)/python benchmarks/counter.py

# Where a full build spends its time, as a picture: benchmarks/.work/flame.svg.
flame: setup
	@$(BIN)/python benchmarks/flame.py $(SCALE)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar -p 2 dbt_project/models

dev: setup
	@$(BIN)/anze dev

# New pins: resolve, then run the tests. No index address and no host name gets into the files.
lock:
	$(BIN)/uv pip compile pyproject.toml --upgrade --excludes requirements.exclude --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --excludes requirements.exclude --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -q -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile pyproject.toml --extra spark --excludes requirements.exclude --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -q -c requirements-dev.lock -o requirements-spark.lock

# The bundled drops: a small synthetic world with one row in a hundred spoiled.
sample: setup
	@find data/raw -mindepth 1 -maxdepth 1 -type d ! -name _reference -exec rm -r {} +
	@$(BIN)/anze synth --scale sample --seed 2023 --dirt 0.01 --out data/.sample
	@mv data/.sample/raw/* data/raw/ && rm -r data/.sample

clean:
	rm -rf data/landing data/warehouse data/docs data/dagster data/dbt
