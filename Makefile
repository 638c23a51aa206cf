# SPDX-License-Identifier: Apache-2.0
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PREFIX ?= /opt/dsrlb
python := .venv/bin/python
pytest := $(python) -m pytest
typed := dsrlb netns-lab tests

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: venv
venv: ## distribution packages and .venv, if missing
	@.ci/setup

.PHONY: demo
demo: venv ## real clients through the mode, every frame checked; report in build/demo/
	netns-lab/lab demo l2dsr

.PHONY: test
test: venv ## everything: check, unit, packets, lab (root)
	@.ci/test

.PHONY: check
check: venv ## style, types, layering, docs/CONFIG.md
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy $(typed)
	clang-format --dry-run -Werror ebpf/*.h ebpf/*.c
	$(python) -m dsrlb.config.reference --check
	$(pytest) -q tests/unit/test_layering.py

.PHONY: format
format: venv ## put the style right; write docs/CONFIG.md
	$(python) -m ruff check --fix-only .
	$(python) -m ruff format .
	clang-format -i ebpf/*.h ebpf/*.c
	$(python) -m dsrlb.config.reference

.PHONY: unit
unit: venv ## tests without root
	$(pytest) tests/unit

.PHONY: packets
packets: venv ## bytes in, bytes out, by BPF_PROG_TEST_RUN (root)
	$(pytest) tests/packets

.PHONY: lab
lab: venv ## tests in network namespaces (root)
	$(pytest) tests/lab

.PHONY: soak
soak: venv ## the heavy tests with their full counts (root, long)
	DSRLB_SOAK=1 $(pytest) -m soak tests

.PHONY: bench
bench: venv ## the fast path against a floor program (root)
	$(python) -m tests.bench

.PHONY: install
install: ## to PREFIX (/opt/dsrlb), with a systemd service (root)
	@if ((EUID)); then echo "make install needs root" >&2; exit 1; fi
	/usr/bin/python3 -m venv --system-site-packages "$(PREFIX)"
	"$(PREFIX)/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade .
	install -d /usr/local/sbin /usr/local/share/man/man8 /etc/dsrlb /etc/systemd/system
	ln -sfn "$(PREFIX)/bin/dsrlb" /usr/local/sbin/dsrlb
	"$(PREFIX)/bin/dsrlb" man >/usr/local/share/man/man8/dsrlb.8
	install -m 644 dsrlb/data/dsrlb.service /etc/systemd/system/dsrlb.service
	[[ -e /etc/dsrlb/dsrlb.toml ]] || install -m 644 dsrlb/data/example.toml /etc/dsrlb/dsrlb.toml
	if [[ -d /run/systemd/system ]]; then systemctl daemon-reload; fi
	@echo "next: edit /etc/dsrlb/dsrlb.toml, then: systemctl enable --now dsrlb"

.PHONY: uninstall
uninstall: ## takes the program off the interfaces and removes what install made (root)
	@if ((EUID)); then echo "make uninstall needs root" >&2; exit 1; fi
	if [[ -d /run/systemd/system && -e /etc/systemd/system/dsrlb.service ]]; then \
		systemctl disable --now dsrlb; fi
	if [[ -x "$(PREFIX)/bin/dsrlb" && -d /sys/fs/bpf/dsrlb/main ]]; then "$(PREFIX)/bin/dsrlb" detach; fi
	rm -f /etc/systemd/system/dsrlb.service /usr/local/share/man/man8/dsrlb.8
	[[ "$$(readlink /usr/local/sbin/dsrlb)" != "$(PREFIX)/bin/dsrlb" ]] || rm -f /usr/local/sbin/dsrlb
	if [[ -d /run/systemd/system ]]; then systemctl daemon-reload; fi
	! cmp -s dsrlb/data/example.toml /etc/dsrlb/dsrlb.toml || rm -f /etc/dsrlb/dsrlb.toml
	[[ ! -d /etc/dsrlb ]] || rmdir --ignore-fail-on-non-empty /etc/dsrlb
	[[ ! -e "$(PREFIX)/pyvenv.cfg" ]] || rm -rf "$(PREFIX)"
	rm -rf /var/cache/dsrlb
	@for kept in /etc/dsrlb /var/lib/dsrlb; do [[ ! -e $$kept ]] || echo "kept: $$kept"; done

.PHONY: clean
clean: ## removes .venv, build/ and caches
	rm -rf .venv build .hypothesis .pytest_cache .mypy_cache .ruff_cache *.egg-info
	find dsrlb netns-lab tests -name __pycache__ -type d -prune -exec rm -rf {} +
