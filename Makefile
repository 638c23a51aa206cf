# SPDX-License-Identifier: Apache-2.0
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# make install, make uninstall. Not from the environment (:=): uninstall removes what they name.
# PREFIX is dsrlb's alone: install marks it by a file .dsrlb, without which uninstall leaves it.
# CACHEDIR is cleared by uninstall, INSTANCE detached.
PREFIX := /opt/dsrlb
SBINDIR := /usr/local/sbin
MANDIR := /usr/local/share/man/man8
SYSCONFDIR := /etc/dsrlb
UNITDIR := /etc/systemd/system
CACHEDIR := /var/cache/dsrlb
INSTANCE := main
SYSTEM_PYTHON := /usr/bin/python3
needed := python3-venv python3-bpfcc libbpfcc linux-libc-dev
usable := import sys; from importlib.util import find_spec; \
	sys.exit(sys.version_info < (3, 11) or not all(map(find_spec, ("venv", "ensurepip", "bcc"))))
systemd_has_it := [[ -d /run/systemd/system && "$(UNITDIR)" == /etc/systemd/system ]]

# make bench: what, by commas (all); an earlier results.json.
ONLY :=
COMPARE :=

# make fuzz: how long, and which frames (a random number, which is told).
TIME := 10m
SEED :=

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
demo: venv ## real clients through every mode, every frame checked; reports in build/demo/
	netns-lab/lab demo all

.PHONY: compare
compare: venv ## all algorithms under one load, and when to choose which; a page in build/compare/
	netns-lab/lab compare

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

.PHONY: fuzz
fuzz: venv ## program against model over all modes at once, for TIME (10m); differences in build/fuzz/ (root)
	$(python) -m tests.packets.fuzz --time $(TIME) $(if $(SEED),--seed $(SEED))

.PHONY: bench
bench: ## speed, to build/bench/; ONLY=established,flood; COMPARE=FILE fails if slower (root)
	@.ci/setup bench
	$(python) -m tests.bench $(if $(ONLY),--only $(ONLY)) $(if $(COMPARE),--compare $(COMPARE))

.PHONY: install
install: ## to PREFIX (/opt/dsrlb), with a systemd service (root)
	@if ((EUID)); then echo "make install needs root" >&2; exit 1; fi
	@if ! "$(SYSTEM_PYTHON)" -c '$(usable)'; then \
		echo "make install: $(SYSTEM_PYTHON) has to be 3.11 or newer, with venv and bcc;" \
			"on Debian or Ubuntu: apt-get install $(needed)" >&2; exit 1; fi
	@if [[ "$(PREFIX)" != /* ]]; then echo "PREFIX has to be an absolute path" >&2; exit 1; fi
	@if [[ ! -e "$(PREFIX)/.dsrlb" && -e "$(PREFIX)" && -n "$$(ls -A "$(PREFIX)")" ]]; then \
		echo "$(PREFIX) is not empty, and not an installation of dsrlb (no .dsrlb in it)" >&2; \
		exit 1; fi
	install -d "$(PREFIX)"
	touch "$(PREFIX)/.dsrlb"
	"$(SYSTEM_PYTHON)" -m venv --system-site-packages "$(PREFIX)"
	"$(PREFIX)/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade .
	install -d "$(SBINDIR)" "$(MANDIR)" "$(SYSCONFDIR)" "$(UNITDIR)"
	ln -sfn "$(PREFIX)/bin/dsrlb" "$(SBINDIR)/dsrlb"
	"$(PREFIX)/bin/dsrlb" man >"$(MANDIR)/dsrlb.8"
	sed -e 's|/usr/local/sbin/|$(SBINDIR)/|' -e 's|/etc/dsrlb/|$(SYSCONFDIR)/|' \
		dsrlb/data/dsrlb.service >"$(UNITDIR)/dsrlb.service"
	[[ -e "$(SYSCONFDIR)/dsrlb.toml" ]] || \
		install -m 600 dsrlb/data/example.toml "$(SYSCONFDIR)/dsrlb.toml"
	if $(systemd_has_it); then systemctl daemon-reload; fi
	@echo "next: edit $(SYSCONFDIR)/dsrlb.toml, then: systemctl enable --now dsrlb"

.PHONY: uninstall
uninstall: ## takes the program off the interfaces and removes what install made (root)
	@if ((EUID)); then echo "make uninstall needs root" >&2; exit 1; fi
	if $(systemd_has_it) && [[ -e "$(UNITDIR)/dsrlb.service" ]]; then systemctl disable --now dsrlb; fi
	if [[ -x "$(PREFIX)/bin/dsrlb" && -d "/sys/fs/bpf/dsrlb/$(INSTANCE)" ]]; then \
		"$(PREFIX)/bin/dsrlb" --instance "$(INSTANCE)" detach; fi
	rm -f "$(UNITDIR)/dsrlb.service" "$(MANDIR)/dsrlb.8"
	[[ "$$(readlink "$(SBINDIR)/dsrlb")" != "$(PREFIX)/bin/dsrlb" ]] || rm -f "$(SBINDIR)/dsrlb"
	if $(systemd_has_it); then systemctl daemon-reload; fi
	! cmp -s dsrlb/data/example.toml "$(SYSCONFDIR)/dsrlb.toml" || rm -f "$(SYSCONFDIR)/dsrlb.toml"
	[[ ! -d "$(SYSCONFDIR)" ]] || rmdir --ignore-fail-on-non-empty "$(SYSCONFDIR)"
	[[ ! -e "$(PREFIX)/.dsrlb" ]] || rm -rf "$(PREFIX)"
	rm -rf "$(CACHEDIR)"
	@for kept in "$(PREFIX)" "$(SYSCONFDIR)" /var/lib/dsrlb; do \
		[[ ! -e $$kept ]] || echo "kept: $$kept"; done
	@for unit in "$(UNITDIR)"/dsrlb-real-server-*.service; do \
		[[ ! -e $$unit ]] || echo "kept: $$unit (real-server setup --persist made it," \
			"real-server undo removes it)"; done

.PHONY: clean
clean: ## removes .venv, build/ and caches
	rm -rf .venv build .hypothesis .pytest_cache .mypy_cache .ruff_cache *.egg-info
	find dsrlb netns-lab tests -name __pycache__ -type d -prune -exec rm -rf {} +
