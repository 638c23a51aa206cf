# SPDX-License-Identifier: Apache-2.0
"""The kernel's tables of bridges as bytes, and what it is asked to keep in them."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from dsrlb.config import Bridge
from dsrlb.errors import NetError
from dsrlb.net import bridges, rtnetlink
from dsrlb.net.bridges import Station
from dsrlb.net.links import Link

MAC = "02:00:00:00:00:01"
# Messages of Linux 6.18: an entry learnt 3.2 s ago and heard of 0.44 s ago, and others.
LEARNT = (
    "0700000004000000020000000a000200020000000001000008000900140000000800"
    "0f00000000001400030040010000000000002c00000000000000"
)
OWN = "0700000004000000800000000a00020002000000000100000800090014000000"
CONFIGURED = "0700000004000000400000000a00020002000000000100000800090014000000"
OFFLOADED = "0700000004000000020010000a00020002000000000100000800090014000000"
TAGGED = LEARNT + "06000500c8000000"
MULTICAST = "0700000004000000800002000a0002003333000000010000"
NEIGHBOUR = "0200000004000000020000000a000200020000000001000008000100 0a000001"


def dumped(monkeypatch: pytest.MonkeyPatch, *messages: str) -> list[Station]:
    """What is read, of bridge 20."""

    def dump(kind: int, question: bytes, answers: int) -> Iterator[bytes]:
        assert (kind, answers, question[0], len(question)) == (30, 28, 7, 12)
        return iter([bytes.fromhex(message) for message in messages])

    monkeypatch.setattr(rtnetlink, "dump", dump)
    return bridges.list_stations({20})


def test_stations(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt = Station(20, MAC, 0, 4, True, 0.44)
    assert dumped(monkeypatch, LEARNT, TAGGED) == [learnt, replace(learnt, vlan=200)]
    fixed = Station(20, MAC, 0, 4, learnt=False)
    assert dumped(monkeypatch, OWN, CONFIGURED, OFFLOADED) == [fixed] * 3


def test_what_is_no_bridges(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dumped(monkeypatch, MULTICAST, NEIGHBOUR, LEARNT.replace("0900140", "0900150")) == []


def test_no_bridge_is_not_asked_about() -> None:
    assert bridges.list_stations(()) == []


class Kernel:
    """Takes requests, and answers each with an errno."""

    def __init__(self, answer: int = 0) -> None:
        self.answer = answer
        self.asked: list[tuple[int, str]] = []

    def ask(self, kind: int, questions: Sequence[bytes], flags: int) -> list[bytes | int]:
        assert kind == 28
        self.asked += [(flags, question.hex()) for question in questions]
        return [self.answer] * len(questions)


def test_what_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel()
    monkeypatch.setattr(rtnetlink, "ask", kernel.ask)
    bridges.refresh([Station(20, MAC, 0, 4)])
    bridges.put_back([Station(20, MAC, 200, 4)])
    address = "0a00020002000000000100 00".replace(" ", "")
    assert kernel.asked == [
        (0x404, f"0700000004000000020005 00{address}".replace(" ", "")),
        (0x604, f"0700000004000000020004 00{address}06000500c8000000".replace(" ", "")),
    ]


@pytest.mark.parametrize("number", [errno.EEXIST, errno.EPERM, errno.ENODEV, errno.EINVAL])
def test_what_may_happen_meanwhile(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(rtnetlink, "ask", Kernel(number).ask)
    bridges.put_back([Station(20, MAC, 0, 4)])


def test_a_refusal_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtnetlink, "ask", Kernel(errno.ENOSPC).ask)
    with pytest.raises(NetError, match=f"cannot keep {MAC} in its table: No space left"):
        bridges.refresh([Station(20, MAC, 0, 4)])


BRIDGE = Bridge(name="br0", ports=("eth1", "eth2"), reals_on="eth2")


def present(**ports: tuple[int, int | None]) -> dict[str, Link]:
    """br0 and the ports: (bridge or 0, state)."""
    found = {"br0": Link(20, "br0", "", 1500, True, "bridge", "", None, None)}
    for index, (name, (master, state)) in enumerate(ports.items(), 1):
        port = Link(index, name, "", 1500, True, "", "", None, None)
        found[name] = replace(port, master=master, port_state=state)
    return found


@pytest.mark.parametrize(
    ("links", "ports", "trouble", "advice"),
    [
        (present(eth1=(20, 3), eth2=(20, 3)), ["eth1", "eth2"], "", ""),
        (
            present(eth1=(20, 4), eth2=(20, 3)),
            ["eth1", "eth2"],
            "eth1, a port of br0, is blocking and does not forward",
            "spanning tree, or whoever set it: `bridge link show dev eth1`",
        ),
        (
            present(eth1=(0, None), eth2=(20, 3)),
            ["eth2"],
            "eth1 is not a port of br0",
            "ip link set eth1 master br0",
        ),
        (
            present(eth1=(21, 3), eth2=(20, 3)),
            ["eth2"],
            "eth1 is not a port of br0",
            "ip link set eth1 master br0",
        ),
        (present(eth2=(20, 3)), ["eth2"], "eth1 is not there", "mode bridge needs both ports"),
    ],
)
def test_ports(links: dict[str, Link], ports: list[str], trouble: str, advice: str) -> None:
    found = bridges.ports_of([BRIDGE], {**links, "eth3": replace(links["eth2"], name="eth3")})
    assert found == [links[name] for name in ports]
    wrong = bridges.port_trouble(BRIDGE, links["br0"], links)
    assert wrong == ((trouble, advice) if trouble else None)


def test_without_its_bridge_nothing_is_a_port() -> None:
    links = present(eth1=(20, 3), eth2=(20, 3))
    del links["br0"]
    assert bridges.ports_of([BRIDGE], links) == []
