# SPDX-License-Identifier: Apache-2.0
"""The kernel's answers about routes and neighbours, as bytes, and what is read in them."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_address

import pytest

from dsrlb.errors import NetError
from dsrlb.net import neighbours, routes, rtnetlink
from dsrlb.net.links import IPAddress
from dsrlb.net.neighbours import Neighbour, Place
from dsrlb.net.routes import Hop, Route

OWN, OWN1, OWN6 = (ip_address(text) for text in ("10.0.0.2", "10.1.0.2", "fd00::2"))
G0, G1, G6 = (ip_address(text) for text in ("10.0.0.1", "10.1.0.1", "fd00::1"))

# Answers of Linux 6.18 without their headers: the ordinary one, and the one with RTM_F_FIB_MATCH.
ON_LINK = (
    "02200000fe00000100020000 08000f00fe000000 080001000a000007 080004000b000000 080007000a000002",
    "02180000fe02fd0100000000 08000f00fe000000 080001000a000000 080007000a000002 080004000b000000",
)
MULTIPATH = (  # mtu 1400; via 10.0.0.1 weight 3, via inet6 fd00::1, dev of ifindex 12
    "02200000fe00000100020000 08000f00fe000000 080001000a090001 080004000b000000 080007000a000002"
    "080005000a000001 0c0008000800020078050000",
    "02180000fe03000100000000 08000f00fe000000 080001000a090000 0c0008000800020078050000"
    "3c000900 100000020b000000080005000a000001"
    "200000000b000000160012000a00fd000000000000000000000000000001 0000 080000000c000000",
)
GROUP = (  # a nexthop object, 3: group 1,5/2,7
    "02200000fe00000100020000 08000f00fe000000 080001000a060001 080004000b000000 080007000a000002"
    "080005000a000001",
    "02180000fe03000100000000 08000f00fe000000 080001000a060000 08001e0003000000"
    "24000900 100000040b000000080005000a000001 100000060c000000080005000a010001",
)
GROUP_ALONE = (
    GROUP[0],
    "02180000fe03000100000000 08000f00fe000000 080001000a060000 08001e0003000000",
)
DEAD = (  # the second one
    "02200000fe00000100020000 08000f00fe000000 080001000a060001 080004000b000000 080007000a000002"
    "080005000a000001",
    "02180000fe03000100000000 08000f00fe000000 080001000a060000"
    "24000900 100000000b000000080005000a000001 100001000c000000080005000a010001",
)
OTHER_FAMILY = (
    "02200000fe00000100020000 08000f00fe000000 080001000a070001 080004000b000000 080007000a000002"
    "160012000a00fd0000000000000000000000000000010000",
    "02180000fe03000100000000 08000f00fe000000 080001000a070000"
    "160012000a00fd00000000000000000000000000000100 00 080004000b000000",
)
IPV6 = (
    "0a808000fe03000100000000 08000f00fe000000 14000100fd090000000000000000000000000001"
    "14000700fd000000000000000000000000000002 0c0008000800020064050000 0800060000040000"
    "14000500fd000000000000000000000000000001 080004000b000000",
    "0a400000fe03000100000000 08000f00fe000000 14000100fd090000000000000000000000000000"
    "0c0008000800020064050000 0800060000040000"
    "3c000900 1c0000010b00000014000500fd000000000000000000000000000001"
    "1c0000000c00000014000500fe800000000000000000000000000001 0500140000000000",
)
LOCAL = (
    "02200000fe00000200800080 08000f00fe000000 080001000a000002 0800040001000000 080007000a000002",
    "02200000fe02fe0200000000 08000f00fe000000 080001000a000002 080007000a000002 080004000b000000",
)
UNREACHABLE = (errno.ENETUNREACH, errno.ENETUNREACH)
SOURCES: dict[tuple[int, IPAddress], IPAddress] = {
    (11, G0): OWN,
    (11, G6): OWN6,
    (12, G1): OWN1,
    (12, ip_address("10.9.0.1")): OWN1,
}


class Kernel:
    """Answers questions about routes, and remembers them."""

    def __init__(self) -> None:
        self.answers: dict[IPAddress, Sequence[str | int]] = {}
        self.asked: list[IPAddress] = []

    def ask(self, kind: int, questions: Sequence[bytes]) -> list[bytes | int]:
        """As dsrlb.net.rtnetlink."""
        assert kind == 26  # RTM_GETROUTE
        return [self._answer(question) for question in questions]

    def _answer(self, question: bytes) -> bytes | int:
        found = rtnetlink.attributes(question, 12)
        address = rtnetlink.address(found[1])
        family = {4: socket.AF_INET, 6: socket.AF_INET6}[address.version]
        assert question[:2] == bytes([family, address.max_prefixlen])
        self.asked.append(address)
        if 4 in found:
            source = SOURCES.get((int.from_bytes(found[4], "little"), address))
            if source is None:
                return errno.ENETUNREACH
            return bytes(12) + rtnetlink.attribute(7, source.packed)
        answer = self.answers[address][question[8:12] == b"\x00\x20\x00\x00"]
        return answer if isinstance(answer, int) else bytes.fromhex(answer)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """In place of the machine's."""
    made = Kernel()
    monkeypatch.setattr(rtnetlink, "ask", made.ask)
    return made


@pytest.mark.parametrize(
    ("address", "answers", "route"),
    [
        ("10.0.0.7", ON_LINK, Route((Hop(11, None, OWN),), OWN)),
        (
            "10.9.0.1",
            MULTIPATH,
            Route(
                (Hop(11, G0, OWN, 1400, 3), Hop(11, G6, OWN6, 1400), Hop(12, None, OWN1, 1400)), OWN
            ),
        ),
        ("10.6.0.1", GROUP, Route((Hop(11, G0, OWN, 0, 5), Hop(12, G1, OWN1, 0, 7)), OWN)),
        ("10.6.0.1", DEAD, Route((Hop(11, G0, OWN), Hop(12, G1, OWN1, dead=True)), OWN)),
        ("10.6.0.1", GROUP_ALONE, Route((Hop(11, G0, OWN),), OWN)),
        ("10.9.0.1", (MULTIPATH[0], errno.EMSGSIZE), Route((Hop(11, G0, OWN, 1400),), OWN)),
        ("10.7.0.1", OTHER_FAMILY, Route((Hop(11, G6, OWN6),), OWN)),
        (
            "fd09::1",
            IPV6,
            Route((Hop(11, G6, OWN6, 1380, 2), Hop(12, ip_address("fe80::1"), None, 1380)), OWN6),
        ),
        ("10.0.0.2", LOCAL, Route((Hop(1, None, OWN),), OWN)),
    ],
    ids=["link", "multipath", "group", "dead", "compat-off", "too-many", "via", "ipv6", "local"],
)
def test_routes(kernel: Kernel, address: str, answers: Sequence[str | int], route: Route) -> None:
    destination = ip_address(address)
    kernel.answers[destination] = answers
    assert routes.resolve([destination]) == {destination: route}


def test_routers_are_asked_for_once(kernel: Kernel) -> None:
    reals = [ip_address(f"10.6.0.{number}") for number in range(1, 100)]
    kernel.answers = dict.fromkeys(reals, GROUP)
    assert len(routes.resolve(reals)) == 99
    assert kernel.asked == [real for real in reals for _ in range(2)] + [G0, G1]


def test_no_route_is_left_out(kernel: Kernel) -> None:
    one, other = ip_address("10.0.0.7"), ip_address("192.0.2.1")
    kernel.answers = {one: ON_LINK, other: UNREACHABLE}
    assert list(routes.resolve([other, one])) == [one]


def test_another_refusal_is_an_error(kernel: Kernel) -> None:
    address = ip_address("10.0.0.7")
    kernel.answers = {address: (errno.ENOMEM, errno.ENOMEM)}
    with pytest.raises(NetError, match=r"no route to 10\.0\.0\.7: Cannot allocate memory"):
        routes.resolve([address])


def test_this_kernel_answers_in_order() -> None:
    """More questions than go in one datagram; some of them are refused."""
    loopback = [ip_address(f"127.0.1.{number}") for number in range(1, 101)]
    questions = [routes._question(address, 0, 0) for address in loopback]
    broken = struct.pack("=8BI", 250, 32, 0, 0, 0, 0, 0, 0, 0)
    answers = rtnetlink.ask(26, [*questions[:50], broken, *questions[50:]])
    assert isinstance(answers.pop(50), int)
    told = [rtnetlink.attributes(answer, 12)[1] for answer in answers if isinstance(answer, bytes)]
    assert told == [address.packed for address in loopback]
    assert routes.resolve(loopback)[loopback[0]].hops[0].gateway is None


def test_a_dump_that_is_refused() -> None:
    with pytest.raises(NetError, match="netlink: "):
        list(rtnetlink.dump(9999, bytes(12), 0))


REACHABLE = (
    "02000000 0b000000 0200 00 01 080001000a000001 0a0002000200000000010000"
    "08000400010000001400030009000000320000003200000000000000"
)
FAILED = "0a000000 0c000000 2000 00 01 14000100fe800000000000000000000000000001"
PERMANENT = (
    "02000000 0b000000 8000 00 01 080001000a000009 0a0002000200000000090000"
    "1400030009000000320000003200000000000000"
)
BRIDGED = "07000000 0b000000 8000 00 01 0a0002000200000000070000"


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A neighbour table."""

    def dump(kind: int, question: bytes, answers: int) -> Iterator[bytes]:
        assert (kind, answers) == (30, 28)  # RTM_GETNEIGH, RTM_NEWNEIGH
        return map(bytes.fromhex, (REACHABLE, FAILED, PERMANENT, BRIDGED))

    monkeypatch.setattr(rtnetlink, "dump", dump)


def test_neighbours(table: None) -> None:
    assert neighbours.list_neighbours() == {
        (11, G0): Neighbour("02:00:00:00:00:01", "reachable"),
        (12, ip_address("fe80::1")): Neighbour(None, "failed"),
        (11, ip_address("10.0.0.9")): Neighbour("02:00:00:00:00:09", "permanent"),
    }


def test_when_they_were_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those who are believed in because they answered: 9 ticks ago, of 1/100 s. Nobody else is
    asked for, however many there are."""
    asked: list[bytes] = []
    answers: list[bytes | int] = [bytes.fromhex(REACHABLE), bytes.fromhex(FAILED), errno.ENOENT]

    def ask(kind: int, questions: Sequence[bytes]) -> list[bytes | int]:
        assert kind == 30  # RTM_GETNEIGH
        asked.extend(questions)
        return answers

    monkeypatch.setattr(rtnetlink, "ask", ask)
    places = [(11, G0), (12, ip_address("fe80::1")), (11, G1)]
    assert neighbours.confirmed(places) == {(11, G0): pytest.approx(0.09)}
    assert asked[0].hex() == "020000000b00000000000000080001000a000001"


@pytest.mark.parametrize(
    ("work", "states"),
    [(neighbours.use, "000001"), (neighbours.give_up, "200000")],
    ids=["use", "give-up"],
)
def test_what_the_kernel_is_told(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[Sequence[Place]], None], states: str
) -> None:
    """In one go for all; that one is not there any more is no error, a refusal is one."""
    told: list[str] = []
    answers: list[bytes | int] = [0, errno.ENODEV]

    def ask(kind: int, questions: Sequence[bytes], flags: int = 0) -> list[bytes | int]:
        if kind == 30:  # RTM_GETNEIGH
            return [errno.ENOENT for _ in questions]
        assert (kind, flags) == (28, 0x504)  # RTM_NEWNEIGH; replace, create, acknowledge
        told.extend(question.hex() for question in questions)
        return answers

    monkeypatch.setattr(rtnetlink, "ask", ask)
    work([(11, G0), (12, G1)])
    assert told == [
        f"020000000b000000{states}00080001000a000001",
        f"020000000c000000{states}00080001000a010001",
    ]
    answers[1] = errno.EPERM
    with pytest.raises(NetError, match="Operation not permitted"):
        work([(11, G0), (12, G1)])


def test_a_permanent_entry_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel would forget the MAC address that somebody gave it for good."""
    told: list[bytes] = []

    def ask(kind: int, questions: Sequence[bytes], flags: int = 0) -> list[bytes | int]:
        if kind == 30:  # RTM_GETNEIGH
            return [bytes.fromhex(REACHABLE), bytes.fromhex(PERMANENT)]
        told.extend(questions)
        return [0] * len(questions)

    monkeypatch.setattr(rtnetlink, "ask", ask)
    neighbours.use([(11, G0), (11, ip_address("10.0.0.9"))])
    assert [question.hex() for question in told] == ["020000000b00000000000100080001000a000001"]
