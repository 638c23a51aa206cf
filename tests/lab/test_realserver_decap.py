# SPDX-License-Identifier: Apache-2.0
"""The eBPF program of `dsrlb real-server`, on a kernel without tunnel devices: on, kept, off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.realserver import (
    BOTH,
    OTHER4,
    REAL4,
    REAL6,
    VIP4,
    VIP6,
    Namespace,
    segment_in,
)

IPIP = ("--mode", "l3dsr", "--method", "ipip")
GUE = ("--mode", "l3dsr", "--method", "gue")
OTHER = ("--vip", OTHER4)
# Somebody else's program: passes everything. It stays when the process that attached it ends.
FOREIGN = """
from dsrlb.dataplane import bpf
from dsrlb.net import links, xdp
passes = bytes.fromhex("b7000000020000009500000000000000")
xdp.attach(links.get_link("eth0"), bpf.prog_load_xdp(passes, "stranger"), "generic")
"""
WITHOUT_BCC = "raise ModuleNotFoundError(\"No module named 'bcc'\")\n"


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Namespace]:
    """A real server, with a client beside it."""
    with segment_in(tmp_path) as (_, made):
        yield made


def program(real: Namespace, interface: str = "eth0") -> int | None:
    """The id of the XDP program on an interface."""
    xdp = real.link(interface).get("xdp")
    return int(xdp["prog"]["id"]) if xdp else None


def values(real: Namespace, *arguments: str) -> dict[str, str]:
    """What `real-server check` shows."""
    shown = json.loads(real.dsrlb("check", *arguments, "--json").stdout)
    return {piece["name"]: piece["value"] for piece in shown}


def test_it_is_told_who_decapsulates(real: Namespace) -> None:
    assert values(real, *IPIP, *BOTH)["decapsulation"] == "missing"
    done = real.dsrlb("setup", *IPIP, *BOTH)
    assert "no tunnel devices in this kernel (Unknown device type" in done.stderr
    shown = values(real, *IPIP, *BOTH)
    assert shown["decapsulation"] == "eBPF program on eth0, generic"
    assert shown["packets opened"].startswith("ipip 0, gue 0; ")
    assert real.lacking(*IPIP, *BOTH) == []


TRIAL = """
from dsrlb.realserver.steps import Command
from dsrlb.realserver.tunnels import trial
add = Command(("ip", "link", "add", "tried", "type", "veth"))
up = Command(("ip", "link", "set", "tried", "up"))
print([trial([add, up]), trial([up, add]), trial([])])
"""


def test_commands_are_tried_elsewhere(real: Namespace) -> None:
    """All of them have to work; none leaves anything here."""
    before = real.settings()
    shown = real.python(TRIAL).strip()
    assert shown == """['', 'Cannot find device "tried"', '']"""
    assert real.settings() == before


def test_vips_come_and_go_while_the_program_stays(real: Namespace) -> None:
    before = real.settings()
    real.done("setup", *IPIP, *BOTH)
    number, first = program(real), real.settings()
    real.done("setup", *GUE, *OTHER)
    real.done("setup", *GUE, "--vip", VIP4)
    assert program(real) == number is not None
    for options in ((*IPIP, *BOTH), (*GUE, *OTHER), (*GUE, "--vip", VIP4)):
        assert real.lacking(*options) == []
    assert f"{OTHER4} by ipip" in real.lacking(*IPIP, *OTHER)
    real.done("undo", "--vip", OTHER4)
    assert f"{OTHER4} by gue" in real.lacking(*GUE, *OTHER)
    assert real.lacking(*GUE, "--vip", VIP4) == []
    real.done("undo", "--mode", "l3dsr", "--method", "gue")
    assert real.settings() == first
    assert {f"{VIP4} by gue", "GUE port 6080"} <= set(real.lacking(*GUE, "--vip", VIP4))
    assert program(real) == number
    real.done("setup", *GUE, *OTHER)
    real.done("undo", *BOTH)
    assert program(real) == number
    assert real.lacking(*GUE, *OTHER) == []
    real.done("undo")
    assert real.settings() == before
    assert program(real) is None


def test_setup_twice_is_setup_once(real: Namespace) -> None:
    real.done("setup", *GUE, *BOTH)
    once = real.settings()
    assert real.done("setup", *GUE, *BOTH) == ""
    assert real.settings() == once


def test_a_program_that_was_taken_off_is_missed_and_put_back(real: Namespace) -> None:
    real.done("setup", *IPIP, *BOTH)
    real.run("ip", "link", "set", "dev", "eth0", "xdpgeneric", "off")
    assert real.lacking(*IPIP, *BOTH) == ["decapsulation"]
    real.done("setup", *GUE, *OTHER)
    assert real.lacking(*IPIP, *BOTH) == []
    assert real.lacking(*GUE, *OTHER) == []


def test_somebody_elses_program_stays(real: Namespace) -> None:
    real.python(FOREIGN)
    number, before = program(real), real.settings()
    refused = real.dsrlb("setup", *IPIP, *BOTH)
    assert refused.returncode == 1
    assert f"another XDP program is on eth0: stranger, id {number}" in refused.stderr
    assert "ip link set dev eth0 xdpgeneric off" in refused.stderr
    assert real.settings() == before


def test_what_has_taken_our_place_is_not_taken_off(real: Namespace) -> None:
    real.done("setup", *IPIP, *BOTH)
    real.run("ip", "link", "set", "dev", "eth0", "xdpgeneric", "off")
    real.python(FOREIGN)
    number = program(real)
    real.done("undo")
    assert program(real) == number is not None


def test_one_gue_port_for_all(real: Namespace) -> None:
    real.done("setup", *GUE, *BOTH)
    before = real.settings()
    refused = real.dsrlb("setup", *GUE, "--gue-port", "7000", *OTHER)
    assert refused.returncode == 1
    assert "GUE port 7000: it is 6080" in refused.stderr
    assert real.settings() == before
    real.done("undo")
    real.done("setup", *GUE, "--gue-port", "7000", *OTHER)
    assert real.lacking(*GUE, "--gue-port", "7000", *OTHER) == []


def test_own_addresses_and_interfaces(real: Namespace) -> None:
    """Two interfaces, one program: it goes where the addresses are."""
    real.run("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "far")
    real.run("ip", "address", "add", "10.88.0.2/24", "dev", "eth1")
    real.run("ip", "link", "set", "eth1", "up")
    before = real.settings()
    real.done("setup", *IPIP, *BOTH, "--interface", "eth0")
    assert program(real, "eth1") is None
    assert set(values(real, *IPIP, *BOTH, "--interface", "eth0")) >= {
        f"envelopes to {REAL4}",
        f"envelopes to {REAL6}",
    }
    real.done("setup", *GUE, *OTHER, "--address", "10.88.0.2")
    assert program(real, "eth1") == program(real) is not None
    real.done("undo", "--vip", OTHER4)
    assert program(real, "eth1") is None
    assert program(real) is not None
    real.done("setup", *IPIP, *BOTH)
    assert program(real, "eth1") == program(real)
    real.done("undo")
    assert real.settings() == before


def test_without_bcc_nothing_is_changed(real: Namespace, tmp_path: Path) -> None:
    """And it is said what is missing. A program that was compiled before needs none."""
    before = real.settings()
    (tmp_path / "bcc.py").write_text(WITHOUT_BCC)
    empty = {"PYTHONPATH": str(tmp_path), "DSRLB_CACHE_DIR": str(tmp_path / "cache")}
    refused = real.dsrlb("setup", *IPIP, *BOTH, **empty)
    assert refused.returncode == 1
    assert "this kernel has no tunnel devices" in refused.stderr
    assert "cannot import bcc" in refused.stderr
    assert "python3-bpfcc" in refused.stderr
    assert real.settings() == before
    assert real.dsrlb("setup", *IPIP, *BOTH).returncode == 0
    real.done("undo")
    assert real.dsrlb("setup", *IPIP, *BOTH, PYTHONPATH=str(tmp_path)).returncode == 0


def test_an_interrupted_setup_is_undone(real: Namespace, tmp_path: Path) -> None:
    """The rules for segments fail, behind the program."""
    before = real.settings()
    (tmp_path / "nft").write_text('#!/bin/sh\n[ "$1" = add ] && exit 1\nexec /usr/sbin/nft "$@"\n')
    (tmp_path / "nft").chmod(0o755)
    path = f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin"
    assert real.dsrlb("setup", *IPIP, *BOTH, PATH=path).returncode == 1
    assert program(real) is not None
    real.done("undo")
    assert real.settings() == before


def test_a_dry_run_changes_nothing(real: Namespace) -> None:
    before = real.settings()
    shown = real.done("setup", *GUE, *BOTH, "--dry-run")
    assert f"# eBPF program on eth0: opens packets to {VIP4}, {VIP6}" in shown.splitlines()
    assert real.settings() == before
    real.done("setup", *GUE, *BOTH)
    shown = real.done("undo", "--dry-run")
    assert program(real) is not None
    for line in shown.splitlines():
        real.run("sh", "-c", line)
    assert real.settings() == before
