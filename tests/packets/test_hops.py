# SPDX-License-Identifier: Apache-2.0
"""Real servers with several next hops: a flow keeps to one of them, with all that belongs to it."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address

import pytest

from dsrlb.control.desired.contents import NextHop, Resolution
from tests.packets.cases import CONFIG, RESOLUTIONS
from tests.packets.generate import frame, ipv4, split, tcp, udp
from tests.packets.harness import LINK, MAC, OTHER_LINK, OTHER_MAC, Program
from tests.packets.mixture import VIPS as NAMES
from tests.packets.modelled import VIPS
from tests.packets.traffic import Generator

HERE, THERE = bytes.fromhex("0202000000a1"), bytes.fromhex("0202000000a2")
HOPS = (
    NextHop(HERE.hex(":"), LINK, MAC.hex(":"), 1500),
    NextHop(THERE.hex(":"), OTHER_LINK, OTHER_MAC.hex(":"), 200, vlan=40),
)
METHODS = {100: "10.0.0.31", 101: "10.0.0.32", 102: "10.0.0.33"}
CLIENT = type(VIPS[4])("10.1.0.1")


def _resolutions(*hops: NextHop, weights: tuple[int, ...] = (1, 1)) -> dict[str, Resolution]:
    found = Resolution(hops[0].mac, hops[0].link, True, hops=hops, weights=weights)
    return RESOLUTIONS | dict.fromkeys(METHODS.values(), found)


def _hop(program: Program, packet: bytes) -> bytes:
    """The MAC address of the hop that an IPv4 packet is sent to; the rest of the frame is as the
    hop has it."""
    got = program.run(frame(packet, 0x0800))
    assert got.reason == "forwarded"
    here = got.frame[:6] == HERE
    assert here or got.frame[:6] == THERE
    assert got.action == ("tx" if here else "redirect")
    assert got.frame[6:12] == (MAC if here else OTHER_MAC)
    tags = got.frame[12:16]
    assert tags[:2] == b"\x08\x00" if here else tags == b"\x81\x00\x00\x28"
    return got.frame[:6]


def _syn(port: int, sport: int) -> bytes:
    return ipv4(CLIENT, VIPS[4], 6, tcp(sport, port, 2))


@pytest.mark.parametrize("port", METHODS)
def test_flows_are_spread(program: Program, port: int) -> None:
    """Over both, about by weight: slots of an eighth."""
    program.configure(CONFIG, _resolutions(*HOPS))
    seen = Counter(_hop(program, _syn(port, sport)) for sport in range(1000, 1256))
    assert min(seen[HERE], seen[THERE]) >= 16, seen


def test_every_slot_has_flows(program: Program) -> None:
    program.configure(CONFIG, _resolutions(*HOPS))
    paths = program.maps["paths"].array
    place = program.applier.paths.place(ip_address("10.0.0.31"))
    numbers = range(len(paths["hop"]["mac"][place]))
    for number in numbers:
        paths["hop"]["mac"][place, number] = [2, 2, 0, 0, 1, number]
    seen = Counter(
        program.run(frame(_syn(100, sport), 0x0800)).frame[5] for sport in range(1000, 1400)
    )
    assert set(seen) == set(numbers)
    assert min(seen.values()) > 400 / len(seen) / 2, seen


@pytest.mark.parametrize("port", METHODS)
def test_a_flow_keeps_to_one(program: Program, port: int) -> None:
    """Later packets, fragments, and ICMP errors, which come from elsewhere."""
    program.configure(CONFIG, _resolutions(*HOPS))
    generator = Generator(1, NAMES, [port])
    errors = 0
    for sport in range(1000, 1040):
        hop = _hop(program, _syn(port, sport))
        assert _hop(program, ipv4(CLIENT, VIPS[4], 6, tcp(sport, port, 0x10))) == hop
        for _ in range(3):
            flow = CLIENT, VIPS[4], sport, port, 6
            got = program.run(frame(generator.error_about(flow)[1], 0x0800))
            assert got.reason != "forwarded" or got.frame[:6] == hop
            errors += got.reason == "forwarded"
        parts = split(CLIENT, VIPS[4], 17, udp(sport, port, bytes(40)), sport, 24)
        assert len({_hop(program, part) for part in parts}) == 1
    assert errors > 40


def test_mtu_of_the_hop(program: Program) -> None:
    """It counts for the flows that go there."""
    program.configure(CONFIG, _resolutions(*HOPS))
    reasons: Counter[str] = Counter()
    for sport in range(1000, 1040):
        hop = _hop(program, _syn(101, sport))
        data = ipv4(CLIENT, VIPS[4], 6, tcp(sport, 101, 0x18, bytes(300)))
        reason = program.run(frame(data, 0x0800)).reason
        assert reason == ("forwarded" if hop == HERE else "answered-too-big")
        reasons[reason] += 1
    assert len(reasons) == 2


def test_a_hop_that_is_gone(program: Program) -> None:
    """Its flows go by the other; those of the other stay there."""
    program.configure(CONFIG, _resolutions(*HOPS))
    homes = {sport: _hop(program, _syn(102, sport)) for sport in range(1000, 1060)}
    assert set(homes.values()) == {HERE, THERE}
    program.configure(CONFIG, _resolutions(HOPS[0], weights=(1,)))
    assert {_hop(program, _syn(102, sport)) for sport in homes} == {HERE}
    program.configure(CONFIG, _resolutions(*HOPS))
    assert {sport: _hop(program, _syn(102, sport)) for sport in homes} == homes
