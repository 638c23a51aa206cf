# SPDX-License-Identifier: Apache-2.0
"""`dsrlb real-server` on a real host: what setup changes, check finds, and undo takes back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsrlb.realserver.namespaces import living
from tests.lab.realserver import BOTH, DSRLB, OTHER4, OTHER6, VIP4, VIP6, Namespace, run, segment_in


@pytest.fixture
def segment(tmp_path: Path) -> Iterator[tuple[Namespace, Namespace]]:
    """A client and a real server."""
    with segment_in(tmp_path) as both:
        yield both


def test_undo_restores_every_byte(segment: tuple[Namespace, Namespace]) -> None:
    _, real = segment
    real.run("sysctl", "-qw", "net.ipv4.conf.all.arp_announce=1")
    real.run("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=1")
    before = real.settings()
    real.done("setup", *BOTH, "--interface", "eth0")
    assert real.settings() != before
    assert real.dsrlb("check", *BOTH, "--interface", "eth0").returncode == 0
    real.done("undo", *BOTH)
    assert real.settings() == before
    assert list((real.root / "var/lib/dsrlb").iterdir()) == []
    assert real.done("undo", *BOTH) == ""
    assert real.settings() == before


def test_undo_takes_a_loopback_down_that_was_down(
    segment: tuple[Namespace, Namespace],
) -> None:
    _, real = segment
    real.run("ip", "link", "set", "lo", "down")
    before = real.settings()
    real.done("setup", *BOTH)
    real.done("undo")
    assert real.settings() == before


def test_setup_twice_is_setup_once(segment: tuple[Namespace, Namespace]) -> None:
    _, real = segment
    before = real.settings()
    real.done("setup", *BOTH)
    once = real.settings()
    assert real.done("setup", *BOTH) == ""
    assert real.settings() == once
    real.done("undo", *BOTH)
    assert real.settings() == before


def test_dry_run_changes_nothing_and_can_be_pasted(
    segment: tuple[Namespace, Namespace],
) -> None:
    _, real = segment
    before = real.settings()
    shown = real.done("setup", *BOTH, "--interface", "eth0", "--dry-run")
    assert real.settings() == before
    assert not (real.root / "var").exists()
    for line in shown.splitlines():
        real.run("sh", "-c", line)
    pasted = real.settings()
    assert real.done("setup", *BOTH, "--interface", "eth0", "--dry-run") == ""
    assert real.dsrlb("check", *BOTH, "--interface", "eth0").returncode == 0
    real.done("setup", *BOTH)
    real.done("undo", *BOTH)
    assert real.settings() == pasted, "what setup did not do, undo does not take back"


def test_undo_dry_run_changes_nothing(segment: tuple[Namespace, Namespace]) -> None:
    _, real = segment
    before = real.settings()
    real.done("setup", *BOTH)
    done = real.settings()
    shown = real.done("undo", "--dry-run")
    assert real.settings() == done
    for line in shown.splitlines():
        real.run("sh", "-c", line)
    assert real.settings() == before


def test_vips_come_and_go_one_by_one(segment: tuple[Namespace, Namespace]) -> None:
    _, real = segment
    before = real.settings()
    real.done("setup", *BOTH)
    first = real.settings()
    real.done("setup", "--vip", OTHER4, "--vip", OTHER6)
    real.done("undo", "--vip", OTHER4, "--vip", OTHER6)
    assert real.settings() == first
    real.done("setup", "--vip", OTHER4)
    real.done("undo", *BOTH)
    assert real.dsrlb("check", "--vip", OTHER4).returncode == 0
    assert real.dsrlb("check", "--vip", VIP4).returncode == 1
    real.done("undo", "--vip", OTHER4)
    assert real.settings() == before


MISSING = [
    (("ip", "address", "del", f"{VIP4}/32", "dev", "lo"), f"{VIP4} on lo"),
    (("ip", "address", "del", f"{VIP6}/128", "dev", "lo"), f"{VIP6} on lo"),
    (("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=0"), "ipv4/conf/all/arp_ignore"),
    (("sysctl", "-qw", "net.ipv4.conf.eth0.arp_announce=0"), "ipv4/conf/eth0/arp_announce"),
    (("sysctl", "-qw", "net.ipv4.conf.all.arp_notify=0"), "ipv4/conf/all/arp_notify"),
    (("sysctl", "-qw", "net.ipv6.conf.all.ndisc_notify=0"), "ipv6/conf/all/ndisc_notify"),
    (("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=1"), "ipv4/conf/eth0/rp_filter"),
]


@pytest.mark.parametrize(("spoil", "name"), MISSING, ids=[name for _, name in MISSING])
def test_check_names_what_is_missing_and_setup_mends_it(
    segment: tuple[Namespace, Namespace], spoil: tuple[str, ...], name: str
) -> None:
    _, real = segment
    real.done("setup", *BOTH, "--interface", "eth0")
    real.run(*spoil)
    found = real.dsrlb("check", *BOTH, "--interface", "eth0", "--json")
    assert found.returncode == 1
    assert [piece["name"] for piece in json.loads(found.stdout) if not piece["ok"]] == [name]
    real.done("setup", *BOTH, "--interface", "eth0")
    assert real.dsrlb("check", *BOTH, "--interface", "eth0").returncode == 0


def test_a_vip_on_the_wire_is_refused_before_any_change(
    segment: tuple[Namespace, Namespace],
) -> None:
    _, real = segment
    real.run("ip", "address", "add", f"{VIP4}/24", "dev", "eth0")
    before = real.settings()
    refused = real.dsrlb("setup", *BOTH)
    assert refused.returncode == 1
    assert f"{VIP4}/24 on eth0" in refused.stderr
    assert f"ip address del {VIP4}/24 dev eth0" in refused.stderr
    assert real.settings() == before


def test_what_others_changed_since_is_left_alone(segment: tuple[Namespace, Namespace]) -> None:
    _, real = segment
    real.done("setup", *BOTH)
    real.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=8")
    left = real.dsrlb("undo")
    assert left.returncode == 0
    assert "arp_ignore is 8" in left.stderr
    assert real.run("sysctl", "-n", "net.ipv4.conf.all.arp_ignore") == "8\n"


def test_a_change_between_two_setups_is_what_undo_restores(
    segment: tuple[Namespace, Namespace],
) -> None:
    """Not what was there before it."""
    _, real = segment
    real.done("setup", *BOTH)
    real.run("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=5")
    real.done("setup", *BOTH)
    assert real.run("sysctl", "-n", "net.ipv4.conf.all.arp_ignore") == "1\n"
    real.done("undo")
    assert real.run("sysctl", "-n", "net.ipv4.conf.all.arp_ignore") == "5\n"


def test_a_vip_that_others_gave_another_prefix_is_left(
    segment: tuple[Namespace, Namespace],
) -> None:
    """And keeps undo from nothing else."""
    _, real = segment
    before = real.settings()
    real.done("setup", *BOTH)
    real.run("ip", "address", "del", f"{VIP4}/32", "dev", "lo")
    real.run("ip", "address", "add", f"{VIP4}/24", "dev", "lo")
    left = real.dsrlb("undo")
    assert left.returncode == 0, left.stderr
    assert f"{VIP4}/24 on lo was not put there by setup: left" in left.stderr
    real.run("ip", "address", "del", f"{VIP4}/24", "dev", "lo")
    assert real.settings() == before


@pytest.mark.parametrize(
    ("missing", "options", "words"),
    [
        ("ip", BOTH, "error: ip: command not found\n  hint: install iproute2\n"),
        ("nft", (*BOTH, "--mss", "1300"), "error: nft: command not found\n"),
        ("unshare", (*BOTH, "--mode", "l3dsr", "--method", "ipip"), "error: unshare: command not"),
    ],
)
def test_a_program_that_is_missing_is_told_before_any_change(
    segment: tuple[Namespace, Namespace],
    tmp_path: Path,
    missing: str,
    options: tuple[str, ...],
    words: str,
) -> None:
    _, real = segment
    before = real.settings()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in {"ip", "nft", "unshare", "sh"} - {missing}:
        (programs / name).symlink_to(str(shutil.which(name)))
    refused = subprocess.run(
        real.enter("env", f"PATH={programs}", DSRLB, "real-server", "setup", *options),
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "DSRLB_ROOT": str(real.root)},
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith(words)
    assert real.settings() == before
    assert list((real.root / "var/lib/dsrlb").iterdir()) == []


def test_without_root_it_says_so(segment: tuple[Namespace, Namespace]) -> None:
    _, real = segment
    command = (DSRLB, "real-server", "setup", *BOTH)
    own = {"DSRLB_ROOT": str(real.root)}
    done = subprocess.run(
        real.enter("setpriv", "--reuid", "65534", "--clear-groups", *command),
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **own},
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: this changes the host's network settings\n  hint: run it as root\n"
    )


def test_the_state_of_a_namespace_that_is_gone_goes_with_the_next_change(
    segment: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    """All of one host, with one /var. Where processes may not be looked into, the file stays."""
    told = living() is not None
    gone = Namespace(f"dsrlb-rs-gone-{os.getpid()}", tmp_path)
    hosts = [Namespace(one.name, tmp_path) for one in segment]
    run("ip", "netns", "add", gone.name)
    try:
        gone.done("setup", *BOTH)
    finally:
        run("ip", "netns", "del", gone.name)
    states = tmp_path / "var/lib/dsrlb"
    (stale,) = states.glob("real-server-*.json")
    for number, host in enumerate(hosts, start=1 if told else 2):
        host.done("setup", *BOTH)
        assert stale.exists() != told
        assert len(list(states.glob("real-server-*.json"))) == number
    if not told:
        stale.write_text(json.dumps({**json.loads(stale.read_text()), "life": "another-boot/1"}))
    hosts[0].done("undo")
    assert hosts[1].dsrlb("check", *BOTH).returncode == 0
    hosts[1].done("undo")
    assert list(states.glob("real-server-*")) == []
