# SPDX-License-Identifier: Apache-2.0
"""From the release before this one to this one, while clients go on: nothing is lost."""

from __future__ import annotations

import json
import socket
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests import scale
from tests.lab.instance import Instance, config, real
from tests.lab.plain import PORT, ROOT, VIPS, Namespace, Plain, addresses
from tests.lab.releasing import PREVIOUS, unpacked
from tests.lab.restarting import resized, watched
from tests.lab.traffic import Load, ask, connect, request, serves, syn_retransmissions

CHECKED = ("web", "dns")
SOURCES = [*(f"10.78.0.{number}" for number in range(21, 29))]
SOURCES += [f"fd78::{number}" for number in range(21, 29)]


def _start_previous(balancer: Instance, text: str, up: int = 8) -> None:
    balancer.release = unpacked(PREVIOUS)
    balancer.start(text, up=up)
    assert f"version {PREVIOUS}" in balancer.done("--version")


def _start_present(balancer: Instance) -> None:
    balancer.release = ROOT
    balancer.start(up=0)


def _old(text: str) -> str:
    """Without what the previous release does not know."""
    return text.replace('health.type = "none"\n', "")


def _maps(balancer: Instance) -> set[str]:
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
@pytest.mark.parametrize(("method", "end"), ENDS if scale.SOAK else ENDS[3:4])
def test_every_flow_goes_on(method: str, end: str, tmp_path: Path) -> None:
    with watched(method, tmp_path, checks=False) as made:
        balancer, load = made.balancer, Load(made.client)
        _start_previous(balancer, made.text, up=0)
        made.wait_up()
        repeated = syn_retransmissions(made.client)
        load.start()
        try:
            load.progress(100)
            getattr(balancer, end)()
            load.progress(100)
            counted, before = load.done, _maps(balancer)
            _start_present(balancer)
            made.wait_up()
            assert made.open_flows() >= 1
            load.progress(200)
        finally:
            load.stop()
        lost = load.asked - load.done
        name = f"upgrade from the release before, {method}, {end}"
        scale.record(name, load.asked, load.done, lost, load.seconds())
        assert (load.errors, lost) == ([], 0)
        assert syn_retransmissions(made.client) == repeated
        assert balancer.new_flows(made.served) == load.connections > counted / 8
        assert "took over the pinned state" in balancer.events()
        assert "took the place of another version's program" in balancer.events()
        after = _maps(balancer)
        assert {"flows4", "flows6", "counters", "loads", "spills"}.isdisjoint(
            _kinds(before - after)
        )
        assert {"stages", "scratch", "cache4"} <= set(_kinds(before - after))
        assert len(set(_kinds(after))) == len(after), "nothing of the other release is left"


@pytest.mark.parametrize("method", ["l2dsr", "one-arm"])
def test_and_flows_move_into_other_tables(method: str, tmp_path: Path) -> None:
    """Both at once: a new release, and another flow_capacity."""
    with watched(method, tmp_path, checks=False) as made:
        balancer, load = made.balancer, Load(made.client)
        _start_previous(balancer, made.text, up=0)
        made.wait_up()
        repeated = syn_retransmissions(made.client)
        load.start()
        try:
            balancer.stop()
            balancer.release = ROOT
            balancer.start(resized(made.text, 40_000), up=0)
            made.wait_up()
            load.progress(100)
        finally:
            load.stop()
        assert (load.errors, load.asked - load.done) == ([], 0)
        assert syn_retransmissions(made.client) == repeated
        assert balancer.new_flows(made.served) == load.connections
        assert balancer.get("/status")["flows"]["ipv4"]["capacity"] == 40_000
        kinds = _kinds(_maps(balancer))
        assert len(set(kinds)) == len(kinds)


def _asked_from(source: str) -> str:
    """Who answers a source."""
    vip = VIPS[":" in source]
    with closing(socket.create_connection((vip, PORT), 3, (source, 0))) as connection:
        return ask(connection)


def _asked(client: Namespace) -> dict[str, str]:
    return client.call(lambda: {source: _asked_from(source) for source in SOURCES})


def test_persistence_and_who_is_drained(plain: Plain, balancer: Instance) -> None:
    """Sources keep their real server, and open flows one that gets no new ones."""
    for source in SOURCES:
        length = 64 if ":" in source else 24
        plain.client.batch(
            f"address add {source}/{length} dev eth0{' nodad' if length == 64 else ''}"
        )
    sticky = config().replace('name = "web"\n', 'name = "web"\npersistence = "10m"\n')
    _start_previous(balancer, _old(sticky))
    homes = _asked(plain.client)
    assert set(homes.values()) == {"r1", "r2"}
    with ExitStack() as stack:
        open_ones = [
            (stack.enter_context(connect(plain.client, vip)), vip) for vip in VIPS for _ in range(4)
        ]
        served = [ask(connection) for connection, _ in open_ones]
        balancer.stop()
        _start_present(balancer)
        assert _asked(plain.client) == homes
        assert [ask(connection) for connection, _ in open_ones] == served
    balancer.done("detach")


def test_real_server_without_new_flows(plain: Plain, balancer: Instance) -> None:
    """What was asked of the previous release holds, and what it had is revision 1."""
    _start_previous(balancer, _old(config()))
    with ExitStack() as stack:
        open_ones = [stack.enter_context(connect(plain.client, vip)) for vip in VIPS * 2]
        served = [ask(connection) for connection in open_ones]
        assert set(served) == {"r1", "r2"}
        balancer.done("real", "set", "web", addresses("r1")[0], "--weight", "0")
        text = balancer.done("config", "show")
        balancer.kill()
        assert not (balancer.state / "revisions.db").exists()
        _start_present(balancer)
        assert [ask(connection) for connection in open_ones] == served
        for vip in VIPS:
            assert request(plain.client, vip, count=4) == {"r2": 4}
    (row,) = json.loads(balancer.done("history", "--json"))
    assert (row["number"], row["result"]) == (1, "applied")
    shown = balancer.done("config", "show", "1")
    assert [line for line in text.splitlines() if "weight" in line] == [
        line for line in shown.splitlines() if "weight" in line
    ]


def test_killed_in_the_middle(plain: Plain, balancer: Instance, load: Load) -> None:
    """Whenever the new daemon dies, packets go on, and the next start goes on."""
    _start_previous(balancer, _old(config()))
    load.start()
    balancer.stop()
    balancer.release = ROOT
    for seconds in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5):
        started = balancer.popen("run")
        until = load.seconds() + seconds
        load.lasts(until)
        started.kill()
        started.communicate()
        load.progress(20)
    balancer.start(up=0)
    load.progress(100)
    load.stop()
    assert load.errors == []
    assert len(set(_kinds(_maps(balancer)))) == len(_maps(balancer))


def test_a_refused_start_leaves_the_old_release_as_it_was(plain: Plain, balancer: Instance) -> None:
    """And its daemon can be started again."""
    _start_previous(balancer, _old(config()))
    balancer.stop()
    before = _maps(balancer)
    balancer.release = ROOT
    wrong = config(balancer='xdp_mode = "native"').replace("[balancer]", "[balancer]\nhash_sed = 1")
    refused = balancer.dsrlb("run", "-c", balancer.write(wrong))
    assert refused.returncode == 2
    assert _maps(balancer) == before
    assert serves(plain.client)
    _start_previous(balancer, _old(config()))
    assert request(plain.client, VIPS[0], count=4) == {"r1": 2, "r2": 2}


def test_downgrade_is_refused(plain: Plain, balancer: Instance) -> None:
    """By the previous release, and by this one where pins or revisions are of a newer one."""
    balancer.start(config([real("r1"), real("r2")]))
    balancer.stop()
    before = _maps(balancer)
    balancer.release = unpacked(PREVIOUS)
    refused = balancer.dsrlb("run", "-c", balancer.write(_old(config())))
    assert refused.returncode == 1
    assert "another version" in refused.stderr
    refused = balancer.dsrlb("run")
    assert refused.returncode == 2
    assert "health" in refused.stderr, "a key of the saved configuration that it does not know"
    balancer.release = ROOT
    (mark,), (stages,) = balancer.pins.glob("abi-*"), balancer.pins.glob("stages-*")
    number = int(mark.name.removeprefix("abi-"))
    newer = mark.with_name(f"abi-{number + 1}"), stages.with_name("stages-0123456789abcdef")
    for own, other in zip((mark, stages), newer, strict=True):
        own.rename(other)
    refused = balancer.dsrlb("run")
    assert refused.returncode == 1
    assert "newer version of dsrlb" in refused.stderr
    assert "start that version" in refused.stderr
    for own, other in zip((mark, stages), newer, strict=True):
        other.rename(own)
    assert _maps(balancer) == before
    database = balancer.state / "revisions.db"
    with closing(sqlite3.connect(database)) as connection:
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {schema + 1}")
        refused = balancer.dsrlb("run")
        connection.execute(f"PRAGMA user_version = {schema}")
    assert refused.returncode == 1
    assert "newer" in refused.stderr
    assert _maps(balancer) == before
    assert serves(plain.client), "what runs goes on"
    balancer.start()
