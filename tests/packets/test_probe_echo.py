# SPDX-License-Identifier: Apache-2.0
"""ICMP echo as a probe: identifiers, when another has one, what is none; and who is not told."""

from __future__ import annotations

import random
from ipaddress import ip_address

import numpy as np
import pytest

from tests.packets import generate, health
from tests.packets.cases import paired_services
from tests.packets.checksums import wrong_checksums
from tests.packets.evidence import check
from tests.packets.harness import OTHER_LINK, PROBER, Program, mac_of
from tests.packets.model import Outcome
from tests.packets.model.types import IP
from tests.packets.probing import (
    BASE,
    OWN,
    PORTS,
    VIP,
    dropped,
    forget,
    index_of,
    known,
    packed,
    passed,
    probe,
    probing,
    sent_on,
)
from tests.packets.steps import A, Family, config, tick

HEAD = bytes.fromhex("0200000000aa") + mac_of("10.0.0.11")
"""Of a frame from the wire."""
REQUEST, REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}


def message(
    family: int, kind: int, code: int, ends: tuple[IP, IP], ident: int, more: bytes
) -> bytes:
    """An ICMP message that begins like echo; ``ends``: source and destination."""
    rest = ident.to_bytes(2, "big") + more
    if family == 4:
        return generate.icmp(kind, code, rest)
    return generate.icmpv6(*ends, kind, code, rest)


def icmp(
    family: int, kind: int, ends: tuple[IP, IP], ident: int, more: bytes = b"\0\1", code: int = 0
) -> bytes:
    """A packet with such a message, and its EtherType in front."""
    made = message(family, kind, code, ends, ident, more)
    return packed(family, *ends, made, 1 if family == 4 else 58)


def request(v: Family, index: int, ident: int = 7, more: bytes = b"\0\1") -> bytes:
    """A frame of who probes."""
    base = BASE[v.version]
    ends = (base, base + index)
    return PROBER + PROBER + icmp(v.version, REQUEST[v.version], ends, ident, more)


def own_of(v: Family) -> IP:
    """The address of in0."""
    own = OWN[v.version]
    assert own is not None
    return own


def reply(v: Family, ident: int, more: bytes = b"\0\1", source: IP | None = None) -> bytes:
    """A frame to in0's address, as from the VIP."""
    ends = (source or VIP[v.version], own_of(v))
    return HEAD + icmp(v.version, REPLY[v.version], ends, ident, more)


def asked(program: Program, v: Family, index: int, ident: int = 7, more: bytes = b"\0\1") -> int:
    """Send the probe, compare with what it has to become; returns its identifier on the wire."""
    sent = request(v, index, ident, more)
    got = program.probe(sent)
    at = 14 + (20 if v.version == 4 else 40) + 4
    chosen = int.from_bytes(got.frame[at : at + 2], "big")
    assert chosen in PORTS, got
    ends = (own_of(v), VIP[v.version])
    made = icmp(v.version, REQUEST[v.version], ends, chosen, more)
    to = v.to_11[:12] + made
    check("echo", sent, Outcome("redirect", "forwarded", to), got)
    return chosen


def answered(program: Program, v: Family, index: int, chosen: int, ident: int, more: bytes) -> None:
    """Send the answer, compare with what who probes has to get."""
    base = BASE[v.version]
    sent = reply(v, chosen, more)
    back = icmp(v.version, REPLY[v.version], (base + index, base), ident, more)
    expected = Outcome("redirect", "probe-answer", PROBER + PROBER + back)
    check("echo-answer", sent, expected, program.run(sent))


def test_any_echo(probed: Program, v: Family) -> None:
    """Of any identifier, number and length, odd ones too; checksums as if computed anew."""
    index, pick = index_of(probed, v), random.Random(3)
    for _ in range(300):
        ident = pick.choice([0, 1, 65535, pick.randrange(65536)])
        more = pick.randbytes(2 + pick.choice([0, 1, 2, 55, 56, 57, pick.randrange(1300)]))
        chosen = asked(probed, v, index, ident, more)
        answered(probed, v, index, chosen, ident, more)
        assert not wrong_checksums(request(v, index, ident, more))


def test_an_identifier_of_each_prober(probed: Program, v: Family) -> None:
    """The same for all its requests, repeated or not."""
    index = index_of(probed, v)
    chosen = {ident: asked(probed, v, index, ident) for ident in range(50)}
    assert len(set(chosen.values())) == 50
    for ident, wire in chosen.items():
        for more in (b"\0\2", b"\0\1", b"\xff\xffabc"):
            assert asked(probed, v, index, ident, more) == wire
            answered(probed, v, index, wire, ident, more)
    assert known(probed) == 100


def test_a_request_that_comes_back(probed: Program, v: Family) -> None:
    """From a real server that forwards, and has no VIP: it is not answered for it."""
    index = index_of(probed, v)
    back = sent_on(probed.probe(request(v, index)).frame)
    for _ in range(2):
        got = probed.run(back)
        assert (got.action, got.reason, got.frame) == ("drop", "probe-returned", back)
    forget(probed)
    assert probed.run(back).reason == "answered-echo"


@pytest.mark.parametrize("protocol", ["icmp", "udp"])
def test_another_has_it_now(probed: Program, v: Family, protocol: str) -> None:
    """Who was silent for ten seconds gets another, and nobody else's answers."""
    service, base = ("web" if protocol == "icmp" else "dns"), BASE[v.version]
    index = index_of(probed, v, service)
    sent = request(v, index)
    at = 38 if v.version == 4 else 58
    if protocol == "udp":
        query = generate.udp(7, 53, b"?")
        sent = PROBER + PROBER + packed(v.version, base, base + index, query, 17)
        at -= 4
    first = probed.probe(sent).frame[at : at + 2]
    flows = probed.maps["probe_flows"]
    (key,) = [key.tobytes() for key in flows.hash_keys() if key["answer"]]
    value = np.array([flows.get(key)], flows.value_type)
    value["destination_port_be"] = 8 << 8  # another prober's, 8
    flows.set(key, value.tobytes())
    again = probed.probe(sent)
    assert again.reason == "forwarded"
    assert again.frame[at : at + 2] != first
    assert np.array([flows.get(key)], flows.value_type)["destination_port_be"] == 8 << 8


def test_who_goes_on_asking_keeps_it(probed: Program, v: Family) -> None:
    """Also while nothing answers."""
    index, flows = index_of(probed, v), probed.maps["probe_flows"]
    first = asked(probed, v, index)
    (key,) = [key.tobytes() for key in flows.hash_keys() if key["answer"]]
    value = np.array([flows.get(key)], flows.value_type)
    value["used"] = tick() - 80
    flows.set(key, value.tobytes())
    assert asked(probed, v, index, more=b"\0\2") == first
    (used,) = np.array([flows.get(key)], flows.value_type)["used"]
    assert tick() - int(used) < 10


def test_nothing_else_leaves(probed: Program, v: Family) -> None:
    index, base = index_of(probed, v), BASE[v.version]
    ends = (base, base + index)
    for kind in (REPLY[v.version], REQUEST[10 - v.version], 3, 13, 17, 130, 135):
        dropped(probed, PROBER + PROBER + icmp(v.version, kind, ends, 7), "no-service")
    other = icmp(v.version, REQUEST[v.version], ends, 7, code=1)
    dropped(probed, PROBER + PROBER + other, "no-service")
    for source in (base + 1, own_of(v), ip_address(v.client)):
        frame = icmp(v.version, REQUEST[v.version], (source, base + index), 7)
        dropped(probed, PROBER + PROBER + frame, "no-real")
    large = request(v, index, more=bytes(1480))
    dropped(probed, large, "mtu-exceeded")
    assert known(probed) == 2
    other_family = 58 if v.version == 4 else 1
    made = message(v.version, REQUEST[v.version], 0, ends, 7, b"\0\1")
    dropped(probed, PROBER + PROBER + packed(v.version, *ends, made, other_family), "no-service")


def test_forged_answers(probed: Program, v: Family) -> None:
    """From anybody: the kernel's, unless source, destination and identifier are a probe's."""
    index = index_of(probed, v)
    chosen = asked(probed, v, index)
    for ident in (0, 7, 60999, 61000, 65535):
        if ident != chosen:
            passed(probed, reply(v, ident))
    for source in (ip_address(v.real(11)), ip_address(v.client)):
        passed(probed, reply(v, chosen, source=source))
    elsewhere = (VIP[v.version], own_of(v) + 1)
    passed(probed, HEAD + icmp(v.version, REPLY[v.version], elsewhere, chosen))
    ends = (VIP[v.version], own_of(v))
    passed(probed, HEAD + icmp(v.version, REPLY[v.version], ends, chosen, code=1))
    for kind in (REQUEST[v.version], 3, 4, 13, 129 if v.version == 4 else 0):
        passed(probed, HEAD + icmp(v.version, kind, ends, chosen))
    for size in range(1, 8):  # cut short
        sent = reply(v, chosen)[: 14 + (20 if v.version == 4 else 40) + size]
        passed(probed, sent)
    answered(probed, v, index, chosen, 7, b"\0\1")


def test_echo_to_a_vip(probed: Program, v: Family) -> None:
    """Is answered as ever, also of identifiers that probes may have."""
    chosen = asked(probed, v, index_of(probed, v))
    client = ip_address(v.client)
    for ident in (7, chosen):
        ends = (client, VIP[v.version])
        sent = v.head[:12] + icmp(v.version, REQUEST[v.version], ends, ident)
        back = v.head[6:12] + v.head[:6]
        back += icmp(v.version, REPLY[v.version], ends[::-1], ident)
        check("vip", sent, Outcome("tx", "answered-echo", back), probed.run(sent))


def test_nobody_probes_any_more(probed: Program, v: Family) -> None:
    index = index_of(probed, v)
    chosen = asked(probed, v, index)
    answered(probed, v, index, chosen, 7, b"\0\1")
    probed.configure(config(A))
    passed(probed, reply(v, chosen))


@pytest.mark.parametrize("port", [130, 131, 132, 133])
def test_where_replies_come_back(program: Program, v: Family, port: int) -> None:
    """A real server's own echo replies, and whatever nobody asked for, are left alone."""
    program.link(paired_services.FAR)
    with probing(program, paired_services.CONFIG, paired_services.RESOLUTIONS):
        number = port - 130 + 61
        real = ip_address(v.real(number))
        link, to = ("in0", "0200000000aa") if number == 63 else ("out0", "0200000000bb")
        head = bytes.fromhex(to) + mac_of(str(real))
        for target in (own_of(v), ip_address(v.client)):
            for ident in (7, 61000):
                frame = head + icmp(v.version, REPLY[v.version], (real, target), ident)
                passed(program, frame, link)
    program.link(OTHER_LINK)


@pytest.mark.parametrize("how", ["leave", "reset"])
def test_what_is_down_is_still_probed(probed: Program, v: Family, how: str) -> None:
    """How else could it be found up?"""
    down = dict.fromkeys(("10.0.0.11", "fd00::11"), how)
    probed.configure(config(A), probes=True, change=health.found(down))
    index = index_of(probed, v)
    chosen = asked(probed, v, index)
    answered(probed, v, index, chosen, 7, b"\0\1")
    assert probed.probe(probe(v.version, index)).reason == "forwarded"
