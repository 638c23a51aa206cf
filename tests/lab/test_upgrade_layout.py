# SPDX-License-Identifier: Apache-2.0
"""From a release whose flow tables are of another layout to this one, while clients go on.

That release is this one's Python with changed C sources (tests/otherlayout.py); what it runs, and
what it pins, is of that layout. And from 0.1.0, which left no record, to such a one.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random

import pytest

from dsrlb.dataplane import layouts
from dsrlb.dataplane.artifact import build
from dsrlb.dataplane.mapnames import PinNames
from tests import otherlayout, scale
from tests.lab import moves
from tests.lab.instance import CACHE, Instance, config
from tests.lab.plain import ROOT, VIPS, Plain
from tests.lab.releasing import PREVIOUS, compiled, unpacked
from tests.lab.restarting import watched
from tests.lab.traffic import Load, ask, connect, request, serves, syn_retransmissions
from tests.waiting import wait_until

_FRESH = frozenset({"flows4", "flows6"})


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The folder in which `python -m dsrlb` is a release with another layout."""
    return compiled(release(tmp_path / "earlier", otherlayout.EARLIER, -1))


def release(folder: Path, changes: otherlayout.Changes, more: int) -> Path:
    folder.mkdir()
    shutil.copytree(ROOT / "dsrlb", folder / "dsrlb", ignore=shutil.ignore_patterns("_ebpf"))
    otherlayout.write(folder / "ebpf", changes, more)
    return folder


def _start(balancer: Instance, folder: Path, text: str | None = None) -> None:
    balancer.release = folder
    balancer.start(text, up=0)


def _pins(balancer: Instance) -> set[str]:
    return {path.name for path in balancer.pins.iterdir()}


def _kinds(names: set[str]) -> list[str]:
    return sorted(name.rpartition("-")[0] for name in names)


ENDS = [
    ("l2dsr", "stop"),
    ("gue", "kill"),
    ("bridge", "kill"),
    ("nat", "stop"),
    ("one-arm", "kill"),
]


@pytest.mark.soak
@pytest.mark.parametrize(("method", "end"), ENDS if scale.SOAK else ENDS[4:])
def test_every_flow_goes_on(method: str, end: str, earlier: Path, tmp_path: Path) -> None:
    with watched(method, tmp_path, checks=False) as made:
        balancer, load = made.balancer, Load(made.client)
        _start(balancer, earlier, made.text)
        made.wait_up()
        repeated = syn_retransmissions(made.client)
        load.start()
        try:
            load.progress(100)
            getattr(balancer, end)()
            load.progress(100)
            counted, before = load.done, _pins(balancer)
            _start(balancer, ROOT)
            made.wait_up()
            balancer.wait_event("flows moved into tables for")
            assert made.open_flows() >= 1
            load.progress(200)
        finally:
            load.stop()
        lost = load.asked - load.done
        name = f"upgrade to another layout of the flow tables, {method}, {end}"
        scale.record(name, load.asked, load.done, lost, load.seconds())
        assert (load.errors, lost) == ([], 0)
        assert syn_retransmissions(made.client) == repeated
        assert balancer.new_flows(made.served) == load.connections > counted / 8
        after = _pins(balancer)
        assert set(_kinds(before - after)) >= _FRESH | {"layouts", "abi", "stages"}
        assert not {"reals", "loads", "counters", "last_hops"} & set(_kinds(before - after))
        assert _kinds(after) == _kinds(before), "nothing of the other release is left"


def test_from_0_1_0_to_another_layout(tmp_path: Path) -> None:
    """A file says what its tables look like, for it left no record itself."""
    later = compiled(release(tmp_path / "later", otherlayout.LATER, 1))
    with watched("one-arm", tmp_path, checks=False) as made:
        balancer, load = made.balancer, Load(made.client)
        _start(balancer, compiled(unpacked(PREVIOUS)), made.text)
        made.wait_up()
        repeated = syn_retransmissions(made.client)
        load.start()
        try:
            balancer.stop()
            assert not list(balancer.pins.glob("layouts-*"))
            _start(balancer, later)
            made.wait_up()
            balancer.wait_event("flows moved into tables for")
            load.progress(100)
        finally:
            load.stop()
        assert (load.errors, load.asked - load.done) == ([], 0)
        assert syn_retransmissions(made.client) == repeated
        assert balancer.new_flows(made.served) == load.connections


def test_the_file_says_what_0_1_0_has() -> None:
    built = build(unpacked(PREVIOUS) / "ebpf/dsrlb.c", cache=CACHE)
    (file,) = layouts.without_records()
    assert file.name == f"layouts-{PREVIOUS}.json"
    assert json.loads(file.read_text()) == json.loads(layouts.Record(built, PinNames(built)).text)


def _killed(balancer: Instance, load: Load, chance: Random) -> None:
    """Start a daemon and kill it at any moment."""
    started = balancer.popen("run")
    load.lasts(load.seconds() + chance.uniform(0, 1.5))
    started.kill()
    started.communicate()


@pytest.mark.soak
@pytest.mark.parametrize("method", ["one-arm"])
def test_killed_in_the_middle(method: str, earlier: Path, tmp_path: Path) -> None:
    """Packets go on whenever that is; the next start ends it. The earlier release starts as long as
    its program runs alone, and refuses then. Flows that end behind the kill have ended."""
    chance = Random(20240602)
    with watched(method, tmp_path, checks=False) as made:
        balancer, load = made.balancer, Load(made.client)
        _start(balancer, earlier, moves.closing_soon(made.text))
        made.wait_up()
        repeated = syn_retransmissions(made.client)
        load.start()
        try:
            with moves.kept(made.client) as kept:
                balancer.stop()
                balancer.release = ROOT
                assert moves.killed_when(moves.begun, balancer)
                assert not moves.is_now(moves.in_front, balancer)
                _start(balancer, earlier)
                made.wait_up()
                assert moves.stage(balancer) == ""
                kept.go_on()
                balancer.stop()
                balancer.release = ROOT
                moves.killed_when(moves.in_front, balancer)
                load.progress(40)
                kept.go_on()
                assert moves.killed_when(moves.moved, balancer)
                kept.end_behind()
                _refuses(balancer, earlier)
                balancer.release = ROOT
                for _ in range(scale.count("lab_crashed_moves")):
                    _killed(balancer, load, chance)
                    load.progress(40)
                _start(balancer, ROOT)
                made.wait_up()
                assert moves.stage(balancer) == ""
                kept.go_on()
                load.progress(100)
        finally:
            load.stop()
        lost, repeated = load.asked - load.done, syn_retransmissions(made.client) - repeated
        name = "kills in the middle of a move to another layout"
        scale.record(name, load.asked, load.done, lost + repeated, load.seconds())
        assert (load.errors, lost, repeated) == ([], 0, 0), balancer.told()
        assert balancer.new_flows(made.served) == load.connections + kept.connections
        moves.none_open(made)
        kinds = _kinds(_pins(balancer))
        assert len(set(kinds)) == len(kinds)


def _refuses(balancer: Instance, earlier: Path) -> None:
    balancer.release = earlier
    refused = balancer.dsrlb("run")
    assert refused.returncode == 1
    assert "newer version of dsrlb" in refused.stderr


CHANGED: otherlayout.Changes = {
    "abi.h": (
        ("#define MAP_VERSION 8\n", "#define MAP_VERSION 8\n#define MAP_VERSION_flows4 9\n"),
    ),
}


def test_what_cannot_be_converted_is_refused(
    earlier: Path, plain: Plain, balancer: Instance, tmp_path: Path
) -> None:
    """With the reason; nothing was touched, and the release that made it goes on."""
    _start(balancer, earlier, config())
    connection = connect(plain.client, VIPS[0])
    balancer.stop()
    before = _pins(balancer)
    balancer.release = release(tmp_path / "changed", CHANGED, 0)
    refused = balancer.dsrlb("run")
    assert refused.returncode == 1
    assert "what flows4 holds has another meaning by now" in refused.stderr
    assert f"`dsrlb --instance {balancer.name} detach`" in refused.stderr
    assert _pins(balancer) == before
    assert serves(plain.client)
    _start(balancer, earlier)
    wait_until("real servers are up", lambda: balancer.count_up() == 8)
    assert request(plain.client, VIPS[0], count=4) == {"r1": 2, "r2": 2}
    assert ask(connection) in ("r1", "r2")
    connection.close()
