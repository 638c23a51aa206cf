# SPDX-License-Identifier: Apache-2.0
"""What a MAC table asks on the wire, and what it does with changes that come at any time."""

from __future__ import annotations

import threading

import pytest

from dsrlb.config import parse
from dsrlb.control.desired.contents import (
    Resolution,
)
from dsrlb.control.macs.liveness import MISSES, PER_ROUND, QUESTIONS_PER_SECOND
from dsrlb.control.macs.nexthops import Target, Vias
from dsrlb.control.macs.table import MacTable
from dsrlb.errors import NetError
from dsrlb.net import frames, neighbours
from dsrlb.net.links import IPAddress
from dsrlb.net.neighbours import Neighbour
from dsrlb.observe.events import EventLog
from tests.unit.control.network import (
    CONFIG,
    ETH0,
    ID1,
    OLD,
    OWN,
    OWN6,
    R1,
    R6,
    SILENT,
    STATIC,
    TEXT,
    Network,
    answer,
    many,
    now,
    on_link,
    one_round,
    targets,
)


def test_probe_asks_on_the_wire_and_the_kernel(table: MacTable, network: Network) -> None:
    table.refresh()
    table.probe()
    assert network.used == [(11, R1)]
    assert network.sent == [("eth0", 1)]
    network.up["eth0"] = False
    table.refresh()
    table.probe()
    assert network.sent == [("eth0", 1)]


def test_a_full_table_of_the_kernel_is_told_once_in_a_while(
    table: MacTable, network: Network, events: EventLog
) -> None:
    """It is asked on the wire all the same, and nothing fails."""
    table.refresh()
    network.full = 1
    for _ in range(3):
        one_round(table, network)
    assert len(network.sent) == 3
    network.now += 3600
    one_round(table, network)
    told = [event for event in events.since(0) if "neighbour table is full" in event.message]
    assert [event.level for event in told] == ["warning"] * 2


def test_unanswered_questions_are_told_to_the_kernel(table: MacTable, network: Network) -> None:
    """And only they: an answer in between, and the count begins anew."""
    table.refresh()
    network.confirmed[11, R1] = 0.0
    for _ in range(MISSES + 1):  # the first has an answer
        one_round(table, network)
    network.confirmed[11, R1] = 0.0  # the last but one is lost: the last and the next are answered
    for _ in range(MISSES + 1):
        one_round(table, network)
    assert network.given_up == []
    one_round(table, network)
    assert network.given_up == [(11, R1)]


def test_questions_that_could_not_be_sent_do_not_count(
    table: MacTable, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, batch: list[bytes]) -> None:
        raise NetError(f"{name}: no")

    monkeypatch.setattr(frames, "send", refuse)
    table.refresh()
    network.confirmed[11, R1] = 100.0
    for _ in range(2 * MISSES):
        with pytest.raises(NetError):
            one_round(table, network)
    assert network.given_up == []


def test_no_question_without_an_address_of_the_family(table: MacTable, network: Network) -> None:
    """The kernel is asked all the same; it may know whom to ask as whom."""
    network.routes = {R1: on_link(11)}
    table.refresh()
    network.confirmed[11, R1] = 100.0
    for _ in range(2 * MISSES):
        one_round(table, network)
    assert network.used == [(11, R1)] * 2 * MISSES
    assert network.given_up == []


@pytest.mark.parametrize(("address", "own"), [(R1, OWN), (R6, OWN6)], ids=["ipv4", "ipv6"])
def test_questions_come_from_the_address_that_the_kernel_would_take(
    table: MacTable, network: Network, address: IPAddress, own: IPAddress
) -> None:
    """A real may answer nobody outside its own subnet. The last question goes to the known MAC
    address alone: two broadcasts may be lost on a segment, and the real be well."""
    config = parse(TEXT.replace('"192.0.2.10"', '["192.0.2.10", "2001:db8::10"]'), "x.toml")
    table.configure(config, {"eth0": ETH0})
    network.routes = {address: on_link(11, own)}
    network.neighbours = {(11, address): Neighbour(OLD, "stale")}
    network.confirmed[11, address] = 100.0
    table.refresh()
    for _ in range(MISSES):
        one_round(table, network)
    assert len(network.frames) == MISSES
    for frame in network.frames:
        assert own.packed in frame
        assert address.packed in frame
    to = [frame[:6] for frame in network.frames]
    assert all(mac[0] & 1 for mac in to[:-1])
    assert to[-1].hex(":") == OLD
    network.confirmed[11, address] = 0.0  # which is answered
    one_round(table, network)
    assert network.given_up == []
    assert network.frames[-1][0] & 1


def test_frames_per_second_are_bounded(table: MacTable, network: Network) -> None:
    """Everybody is asked in turn."""
    config = parse(TEXT + many(200), "x.toml")
    table.configure(config, {"eth0": ETH0})
    network.routes = {target.address: on_link(11, OWN) for target in targets(config)}
    table.refresh()
    rounds = -(-201 // PER_ROUND)
    for _ in range(rounds):
        one_round(table, network)
    assert {count for _, count in network.sent} == {PER_ROUND}
    assert PER_ROUND / table.interval() == pytest.approx(QUESTIONS_PER_SECOND)
    assert {address for _, address in network.used} == set(network.routes)


def test_only_what_changed_is_worked_out(
    table: MacTable, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = parse(TEXT + many(20), "x.toml")
    table.configure(config, {"eth0": ETH0})
    network.routes = {target.address: on_link(11) for target in targets(config)}
    table.refresh()
    worked_out = []
    resolve = table._resolve

    def counted(target: Target, last: Resolution | None) -> tuple[Resolution, Vias]:
        worked_out.append(target.address)
        return resolve(target, last)

    monkeypatch.setattr(table, "_resolve", counted)
    assert answer(table, "reachable")
    assert worked_out == [R1]


def test_a_change_during_refresh_is_not_lost(
    table: MacTable, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes after the neighbours were listed and before the list is used."""
    network.neighbours[11, R1] = Neighbour(OLD, "reachable")
    table.refresh()

    def listed_then_changed() -> dict[tuple[int, IPAddress], Neighbour]:
        answer(table, "failed", None)
        return dict(network.neighbours)

    monkeypatch.setattr(neighbours, "list_neighbours", listed_then_changed)
    table.refresh()
    assert now(table) == Resolution(OLD, ETH0, False, SILENT)


def test_readers_meet_whole_tables(table: MacTable, network: Network) -> None:
    """While one thread changes the configuration, and works everything out, again and again."""
    configs = [CONFIG, parse(TEXT + many(200), "x.toml"), STATIC]
    stop = threading.Event()
    failures: list[Exception] = []

    def change() -> None:
        while not stop.is_set():
            for config in configs:
                network.routes = {t.address: on_link(11) for t in targets(config)}
                table.configure(config, {"eth0": ETH0})
                table.refresh()
                answer(table, "reachable")

    def read() -> None:
        try:
            for _ in range(300):
                for identity in table.resolutions():
                    table.since(identity)
                list(table.rows())
                table.settled()
        except Exception as error:
            failures.append(error)

    changer = threading.Thread(target=change)
    changer.start()
    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    stop.set()
    changer.join()
    assert failures == []


def test_rows_and_since(table: MacTable) -> None:
    table.refresh()
    ((address, found),) = table.rows()
    assert (address, found.where, found.vias) == (R1, now(table), ())
    assert found.since == table.since(ID1) != ""
