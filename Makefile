# Each target sets up what it needs; `make setup` does only that.
.DEFAULT_GOAL := help
.PHONY: help setup run test test-backends test-pages test-replicas test-trainer test-runners test-flink test-spark lint bench docs test-fresh test-images constraints clean
BIN := .venv/bin
BACKENDS := .setup/backends/bin
# Tests that hold on each of Keras' backends.
EVERYWHERE := $(addprefix tests/optimizers/, test_contract.py test_golden.py test_by_hand.py \
	test_keras.py test_properties.py)

help: ## Say what the targets do
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 24

setup: ## Make .venv, with a private C library where the system's is too old
	@python=$$(PYTHON="$(PYTHON)" sh environment/find_python.sh) && "$$python" environment/install.py

run: setup ## Train, judge and push (arguments: make run ARGS="--updater magnitude_clip")
	@$(BIN)/tfx-updaters run $(ARGS)

test: setup ## Unit, layout and end-to-end tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder \
		--ignore tests/optimizers/test_contract.py

test-replicas: setup ## Optimizers on two devices and in two processes
	@$(BIN)/python -m pytest tests/replicas

test-trainer: setup ## Our training killed, resumed and refused; strangers' pipelines with our Trainer
	@$(BIN)/python -m pytest -n 2 tests/training tests/strangers

test-runners: setup ## The pipeline on several of Beam's runners: one result
	@python=$$(PYTHON="$(PYTHON)" sh environment/find_python.sh) && "$$python" environment/prism.py
	@$(BIN)/python -m pytest tests/runners -k "not flink and not spark"

test-flink: setup ## The same on Flink, with its cluster in the process of Beam's job server
	@python=$$(PYTHON="$(PYTHON)" sh environment/find_python.sh) && "$$python" environment/job_servers.py flink
	@$(BIN)/python -m pytest tests/runners -k flink

test-spark: setup ## The same on Spark, in the same way
	@python=$$(PYTHON="$(PYTHON)" sh environment/find_python.sh) && "$$python" environment/job_servers.py spark
	@$(BIN)/python -m pytest tests/runners -k spark

test-backends: setup ## Optimizers on TensorFlow, on JAX beside optax, on torch beside torch's own
	@$(BIN)/python -m pytest -n 2 tests/optimizers/test_contract.py
	@python=$$(PYTHON="$(PYTHON)" sh environment/find_python.sh) && "$$python" environment/backends.py
	@KERAS_BACKEND=jax $(BACKENDS)/python -m pytest -n 2 tests/backends/test_optax.py $(EVERYWHERE)
	@KERAS_BACKEND=torch $(BACKENDS)/python -m pytest tests/backends/test_torch.py $(EVERYWHERE)

test-pages: setup ## The pages of results in a headless browser
	@python=$$(PYTHON="$(PYTHON)" sh environment/find_python.sh) && "$$python" environment/browser.py
	@$(BIN)/python -m pytest tests/pages

lint: setup ## Ruff and pyright
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright

bench: setup ## Every benchmark; each ends with its bars
	@status=0; for script in bench/*.py; do $(BIN)/python $$script || status=1; done; exit $$status

docs: setup ## Build the site into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

test-fresh: ## Set up and run in new Debian 12 and Debian 13 systems (root, debootstrap)
	@bash tests/fresh/run.sh

test-images: setup ## Build the images for nodes and run pipelines in them (root, debootstrap, buildah)
	@bash tests/images/run.sh

constraints: setup ## Pin the newest versions that fit into environment/constraints.txt
	@printf 'uv\npatchelf\nziglang\ngo-bin\njdk4py<18\nnodejs-wheel\ntensorflow[and-cuda]\n' | .setup/python/tools/bin/uv pip compile --quiet --upgrade \
		--universal --python-version 3.11 --all-extras --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links -o environment/constraints.txt pyproject.toml -
	@.setup/python/tools/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--group backends -c environment/constraints.txt --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links -o environment/backends-constraints.txt

clean: ## Remove everything that set-up, tests and docs made; runs/ stays
	@rm -rf --one-file-system .venv .setup .pictures build dist site *.egg-info .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
