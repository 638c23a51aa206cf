# SPDX-License-Identifier: Apache-2.0
"""Mode one-arm with toa: which packets tell the real server who its client is, and which do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

import pytest

from dsrlb.control.desired.contents import Resolution
from tests.packets import generate
from tests.packets.cases import Case
from tests.packets.cases.one_arm import toa as one_arm_toa
from tests.packets.cases.one_arm import toa6 as one_arm_toa6
from tests.packets.checksums import wrong_checksums
from tests.packets.evidence import check
from tests.packets.harness import LINK, OTHER_LINK, Program, mac_of
from tests.packets.pair_steps import (
    ACK,
    DATA,
    FIN,
    RST,
    SYN,
    SYN_ACK,
    TICK,
    Connection,
    Place,
    pass_time,
)

POOL = 'pool = ["198.51.100.7", "2001:db8:51::7"]'
_SERVICE = """
[[service]]
name = "{}"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "{}"
port = {}
mode = "one-arm"
real = [{{ address = ["10.0.0.{}", "fd00::{}"], port = {} }}]
persistence = "{}"
[service.snat]
{}
toa = {}
"""
CONFIG = (
    '[balancer]\ninterfaces = ["in0", "out0"]\n'
    + _SERVICE.format("toa", "tcp", 132, 63, 63, 8080, 0, POOL, "true")
    + _SERVICE.format("tagged", "tcp", 142, 67, 67, 142, 0, POOL, "true")
    + _SERVICE.format("without", "tcp", 152, 63, 63, 8081, 0, POOL, "false")
    + _SERVICE.format("udp", "udp", 132, 63, 63, 132, 0, POOL, "false")
    + _SERVICE.format("sticky", "tcp", 162, 68, 68, 8080, "1h", POOL, "true")
)
UNTAGGED, TAGGED = Place("one-arm", 132, 63, 8080, far=False), Place("one-arm", 142, 67, 142, False)
WITHOUT, STICKY = Place("one-arm", 152, 63, 8081, far=False), Place("one-arm", 162, 68, 8080, False)
UDP = Place("one-arm", 132, 63, 132, far=False)
RESOLUTIONS = {
    address: Resolution(mac_of(address).hex(":"), LINK, True, vlan=20)
    for address in ("10.0.0.67", "fd00::67")
}
OPTION = {
    4: bytes.fromhex("fe0803e80a010001"),
    6: bytes.fromhex("fe1403e8fd010000000000000000000000000001"),
}
"""Port 1000 of 10.1.0.1 and of fd01::1."""
ENDS = [
    (4, UNTAGGED, one_arm_toa.ACKS + one_arm_toa.NO_ROOM + one_arm_toa.MTU),
    (4, TAGGED, one_arm_toa.TAGGED),
    (6, UNTAGGED, one_arm_toa6.ACKS + one_arm_toa6.NO_ROOM + one_arm_toa6.MTU),
    (6, TAGGED, one_arm_toa6.TAGGED),
]
SINGLE = [(family, place, case) for family, place, cases in ENDS for case in cases]
PLAIN = {4: one_arm_toa.PLAIN, 6: one_arm_toa6.PLAIN}
FAMILIES = pytest.mark.parametrize("family", [4, 6])


@pytest.fixture(scope="module")
def balancer(loaded: Program) -> Iterator[Program]:
    """The program with CONFIG."""
    loaded.configure(CONFIG, RESOLUTIONS)
    yield loaded
    loaded.reset()


@pytest.fixture
def program(balancer: Program) -> Program:
    """It, without flows."""
    balancer.rewind()
    return balancer


def answered(program: Program, family: int, place: Place = UNTAGGED) -> Connection:
    """A connection whose client's next packet completes the handshake."""
    connection = Connection(program, place, family, 6)
    assert connection.request(SYN) == "forwarded"
    assert not told(connection)
    if place == TAGGED:
        ip = network(connection)
        source, ports = (ip[12:16], ip[20:22]) if family == 4 else (ip[8:24], ip[40:42])
        connection.seen_as = ip_address(source), int.from_bytes(ports, "big")
    assert connection.reply(SYN_ACK) == "forwarded-reply"
    return connection


def network(connection: Connection) -> bytes:
    """The packet that was sent last, without its frame."""
    assert connection.last is not None
    frame = connection.last.frame
    return frame[14 + 4 * (frame[12:14] == b"\x81\x00") :]


def told(connection: Connection) -> bool:
    """Did the packet that was sent last get the option? If so it is as it has to be."""
    ip, family = network(connection), connection.family
    head, total = (20, int.from_bytes(ip[2:4], "big")) if family == 4 else (40, 0)
    total = total or 40 + int.from_bytes(ip[4:6], "big")
    assert total == len(ip)
    option = ip[head + 20 : head + (ip[head + 12] >> 4) * 4]
    assert option in (b"", OPTION[family])
    return bool(option)


def send(program: Program, connection: Connection, case: Case) -> None:
    """Bytes, verdict and reason."""
    case = case.with_port(connection.seen_as[1])
    got = program.run(case.sent)
    check(case.id, case.sent, case.outcome, got)
    assert not wrong_checksums(got.frame)


@pytest.mark.parametrize(
    ("family", "place", "case"), SINGLE, ids=[case.id for _, _, case in SINGLE]
)
def test_packet_that_completes(program: Program, family: int, place: Place, case: Case) -> None:
    send(program, answered(program, family, place), case)


@FAMILIES
def test_conversation(program: Program, family: int) -> None:
    """One packet has it; later ones, and replies, are as they would be without."""
    connection = answered(program, family)
    for case in PLAIN[family]:
        send(program, connection, case)
    for flags in (ACK, DATA, FIN, RST):
        for send_one, reason in (
            (connection.request, "forwarded"),
            (connection.reply, "forwarded-reply"),
        ):
            assert send_one(flags) == reason
            assert not told(connection)


@FAMILIES
def test_an_ack_before_the_answer_completes_nothing(program: Program, family: int) -> None:
    connection = Connection(program, UNTAGGED, family, 6)
    for flags in (SYN, ACK, SYN):
        assert connection.request(flags) == "forwarded"
        assert not told(connection)
    assert connection.reply(SYN_ACK) == "forwarded-reply"
    assert connection.request(SYN) == "forwarded"
    assert not told(connection)
    assert connection.request(DATA) == "forwarded"
    assert told(connection)


@FAMILIES
def test_with_persistence(program: Program, family: int) -> None:
    """A source's entry is written in between."""
    connection = answered(program, family, STICKY)
    assert connection.request(ACK) == "forwarded"
    assert told(connection)


@FAMILIES
def test_what_comes_behind_it_on_the_same_cpu(program: Program, family: int) -> None:
    """Packets that come to the same stage on other ways, each after one that got the option."""
    others = [Connection(program, place, family, 6, port=1001) for place in (WITHOUT, UNTAGGED)]
    pending = Connection(program, UNTAGGED, family, 6, port=1002)
    assert pending.request(SYN) == "forwarded"
    connection = answered(program, family)
    assert connection.request(ACK) == "forwarded"
    assert told(connection)
    for flags in (SYN, ACK):  # of a pending flow, which goes on to be one
        assert pending.request(flags) == "forwarded"
        assert not told(pending)
    for other in others:  # a new flow
        for flags, reply in ((SYN, False), (SYN_ACK, True)):
            assert (other.reply if reply else other.request)(flags).startswith("forwarded")
            assert not told(other)
    assert others[0].request(ACK) == "forwarded"  # opens one of a service without toa
    assert not told(others[0])
    connection.open()
    assert connection.request(SYN) == "forwarded"  # of an open flow
    assert not told(connection)
    pass_time(program, 600 * TICK)  # the other half of the pair is kept fresh
    assert connection.request(ACK) == "forwarded"
    assert not told(connection)
    query = Connection(program, UDP, family, 17)
    query.open()
    assert query.request() == "forwarded"
    assert query.last is not None and len(query.last.frame) == 14 + (20, 40)[family == 6] + 8 + 1


@FAMILIES
def test_in_fragments(program: Program, family: int) -> None:
    """The first one would get longer, and the others stand where they do."""
    connection = answered(program, family)
    client, vip = ip_address("10.1.0.1" if family == 4 else "fd01::1"), connection.vip
    message = generate.tcp(1000, 132, DATA, bytes(60))
    kind = 0x0800 if family == 4 else 0x86DD
    for packet in generate.split(client, vip, 6, message, 77, 40):
        sent = generate.frame(packet, kind)
        got = program.run(sent)
        assert (got.reason, len(got.frame)) == ("forwarded", len(sent))
    assert connection.request(DATA) == "forwarded"
    assert not told(connection)


@FAMILIES
def test_without_headroom(program: Program, family: int) -> None:
    """It goes as it would without the option."""
    connection = answered(program, family)
    sent, after = PLAIN[family]
    got = program.run_without_headroom(sent.sent)
    assert (got.action, got.reason, len(got.frame)) == ("tx", "forwarded", len(sent.sent))
    assert not wrong_checksums(got.frame)
    send(program, connection, after)


@FAMILIES
def test_a_narrow_way(program: Program, family: int) -> None:
    """The MTU of the next hop decides; what fits without the option goes on."""
    with_option = len(PLAIN[family][0].sent) - 14 + len(OPTION[family])
    for mtu, has in ((with_option, True), (with_option - 1, False)):
        narrow = replace(LINK, mtu=mtu)
        reals = {
            address: Resolution(mac_of(address).hex(":"), narrow, True)
            for address in ("10.0.0.63", "fd00::63")
        }
        program.configure(CONFIG, RESOLUTIONS | reals)
        connection = answered(program, family)
        assert connection.request(ACK) == "forwarded"
        assert told(connection) == has
        program.rewind()
    program.configure(CONFIG, RESOLUTIONS)


@FAMILIES
def test_out_of_another_interface(program: Program, family: int) -> None:
    reals = {
        address: Resolution(mac_of(address).hex(":"), OTHER_LINK, True)
        for address in ("10.0.0.63", "fd00::63")
    }
    program.configure(CONFIG, RESOLUTIONS | reals)
    try:
        connection = answered(program, family)
        assert connection.request(ACK) == "forwarded"
        assert connection.last is not None and connection.last.action == "redirect"
        assert told(connection)
    finally:
        program.configure(CONFIG, RESOLUTIONS)


def test_switched_off_and_on(program: Program) -> None:
    """The next handshake follows; flows stay."""
    for text, has in ((CONFIG.replace("toa = true", "toa = false"), False), (CONFIG, True)):
        program.configure(text, RESOLUTIONS)
        connection = answered(program, 4)
        assert connection.request(ACK) == "forwarded"
        assert told(connection) == has
        program.rewind()
