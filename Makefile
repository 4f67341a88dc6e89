# One command for each of the three who use this; `make` alone lists them.
# Each makes the environment .venv the first time, and leaves it alone after that.

PYTHON ?= python3
PIP := .venv/bin/python -m pip --disable-pip-version-check
STARTUP := $(wildcard sched/_startup/*)

# What another project left in the shell must not reach ours. PIP_* that say where packages come
# from (an index, a proxy, a certificate) are kept: they belong to the machine.
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONPATH PYTHONHOME PYTHONSTARTUP
unexport PIP_TARGET PIP_PREFIX PIP_ROOT PIP_PYTHON PIP_REQUIREMENT PIP_CONSTRAINT PIP_EDITABLE
unexport PIP_NO_DEPS PIP_NO_BUILD_ISOLATION PIP_REQUIRE_VIRTUALENV PIP_IGNORE_INSTALLED PIP_DRY_RUN
unexport PYTEST_ADDOPTS MYPYPATH
export PIP_USER := 0

# An editable install holds the path of this folder: after a move or a copy it must be made anew.
ifneq ($(shell cat .venv/.folder 2>/dev/null),$(CURDIR))
STALE := stale
endif

# Whoever names a Python (make PYTHON=...) gets that one, also where .venv was made with another.
PYTHONS := "$(PYTHON)"
ifeq ($(origin PYTHON),file)
PYTHONS += python3.14 python3.13 python3.12 python3.11
else ifneq ($(wildcard .venv/bin/python),)
WHICH := -c 'import sys; print(sys.version, sys.base_prefix)' 2>/dev/null
ifneq ($(shell "$(PYTHON)" $(WHICH)),$(shell .venv/bin/python $(WHICH)))
STALE := stale
OTHER := other
endif
endif

.PHONY: help doctor lab plots engines test lint soak browser site lite clean stale
.NOTPARALLEL:
.DEFAULT_GOAL := help

help:
	@echo 'make lab     open the notebooks in JupyterLab (your own copies, in work/)'
	@echo 'make plots   measure every scheduler up to a million tasks and draw the plots'
	@echo 'make engines run one workload on threads, processes, Dask and Celery (needs redis-server)'
	@echo 'make test    run the tests, and every notebook against its stored outputs'
	@echo 'make lint    check the format, the style and the types'
	@echo 'make soak    run what takes longer than the tests should'
	@echo 'make browser work through every notebook in JupyterLab, in Chromium, as a learner does'
	@echo 'make site    build the site from the notebooks, into build/site'
	@echo 'make lite    the same, with the notebooks to run in the browser, nothing installed'
	@echo 'make clean   remove what was made here, except your work/'
	@echo
	@echo 'make test ARGS=tests/test_clock.py        these tests alone; ARGS holds options of pytest too'
	@echo 'make PYTHON=/path/to/python3.12 test      with this Python; .venv is made anew for it'

lab: .venv/.lab
	@.venv/bin/python notebooks/lab/launch.py $(ARGS)

# Any Python from 3.6 on, where f"" is known, will do to say that none is new enough.
doctor:
	@for python in $(PYTHONS) python3 python; do \
	    if "$$python" -c 'f""' 2>/dev/null; then exec "$$python" notebooks/lab/doctor.py $(PYTHONS); fi; \
	done; echo 'MISSING  Python 3.11 or later: install it, then make PYTHON=/path/to/python3.11 lab'; exit 1

plots: .venv/.lab
	@.venv/bin/python -m benchmarks $(ARGS)

engines: .venv/.dev
	@.venv/bin/python -m benchmarks engines $(ARGS)

# One process more than a small machine has cores: many tests wait for something.
# One file runs in one process (loadfile): the cells of a notebook share a kernel. In the order of
# their names: the files with the fewest tests last would be those with the longest.
# Without a path in ARGS they are those of testpaths in pyproject.toml.
# SCHED_PROGRESS is a fresh folder, so that no learner's score is read or changed. Not every shell
# calls what waits for its EXIT when a signal ends it (dash does not). A second signal (make hands on
# the one that its whole group has got) must not end it before the folder is gone.
test: .venv/.dev
	@progress=$$(mktemp -d) && trap 'rm -rf "$$progress"' EXIT && \
	ends() { trap '' HUP INT TERM; exit $$1; } && \
	trap 'ends 129' HUP && trap 'ends 130' INT && trap 'ends 143' TERM && \
	SCHED_PROGRESS="$$progress" .venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder \
	    --durations=20 \
	    --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg $(ARGS)

lint: .venv/.dev
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 .venv/bin/python -m pyright

soak: .venv/.dev
	@.venv/bin/python -m tests.soak $(ARGS)

browser: .venv/.dev
	@.venv/bin/python -m tests.browser $(ARGS)

# From nothing each time: what was removed must not stay in it.
site: .venv/.dev
	@rm -rf build/site
	@.venv/bin/python -m sphinx -q -W --keep-going -E -d build/doctrees -c notebooks/site notebooks build/site $(ARGS)
	@echo 'The site is in build/site: open build/site/index.html.'

# Links to what runs in the browser are only in a site that has it. LITE: see notebooks/site/lite.py.
lite: .venv/.dev
	@$(MAKE) --no-print-directory site ARGS='-t lite'
	@.venv/bin/python notebooks/site/lite.py build/site/lite $(LITE)
	@echo 'It needs a server: .venv/bin/python -m http.server -d build/site'

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find sched benchmarks notebooks tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# The first Python that is new enough. Debian leaves ensurepip out of it unless python3-venv is
# installed; then a pip outside the environment puts one inside.
.venv/.made: $(STALE)
	@found=; for python in $(PYTHONS); do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "sched needs Python 3.11 or later, and $(PYTHON) is $$("$(PYTHON)" --version 2>&1 || true). Name another: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; \
	fi; \
	if [ -n "$(OTHER)" ]; then echo "Making .venv anew: it was made with another Python than $(PYTHON) ..."; fi; \
	if [ -z "$(OTHER)" ] && .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then :; \
	elif "$$found" -m venv --clear .venv >/dev/null 2>&1; \
	then :; \
	elif "$$found" -c 'import sys, pip; sys.exit([int(n) for n in pip.__version__.split(".")[:2]] < [22, 3])' 2>/dev/null; \
	then \
	    "$$found" -m venv --clear --without-pip .venv && \
	    "$$found" -m pip --disable-pip-version-check --python .venv/bin/python install --quiet pip; \
	else \
	    echo "sched cannot make an environment: $$found has neither ensurepip nor pip 22.3 or later. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi
	@mkdir -p .venv/etc/jupyter && \
	ln -sf ../../../notebooks/lab/jupyter_server_config.py .venv/etc/jupyter/
	@pwd -P > .venv/.folder
	@touch $@

.venv/.lab: .venv/.made pyproject.toml constraints.txt $(STARTUP)
	@echo 'Installing what the notebooks need into .venv (once; a minute or two) ...'
	@$(PIP) install --quiet -c constraints.txt -e '.[lab]'
	@touch $@

.venv/.dev: .venv/.made pyproject.toml constraints.txt $(STARTUP)
	@echo 'Installing what the tests need into .venv (once; a minute or two) ...'
	@$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	@touch .venv/.lab $@
