# SPDX-License-Identifier: Apache-2.0
"""Probes: what is measured, what does not leave, and who has no say in it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from dsrlb.control.desired.contents import Resolution
from dsrlb.control.flows.quiet import Quiet
from tests.packets import generate
from tests.packets.cases import CONFIG as CASES
from tests.packets.cases import RESOLUTIONS, paired_services
from tests.packets.harness import INGRESS, LINK, OTHER_LINK, PROBER, Program
from tests.packets.pair_steps import TCP, Connection
from tests.packets.probing import (
    ACK,
    BASE,
    FIN,
    OWN,
    RST,
    SYN,
    SYN_ACK,
    VIP,
    answers,
    dropped,
    forget,
    index_of,
    known,
    packed,
    passed,
    port_of,
    probe,
    probing,
    real_of,
    reply,
    segment,
    sent_on,
)
from tests.packets.steps import A, Family, config, states

NOT_THERE = Resolution(None, LINK, False)


def measured(program: Program, index: int) -> int:
    """The response time of a real server in units of 16 ns; 0: none."""
    return int(program.maps["responses"].array["measured"][index]) >> 32


def test_what_is_measured(probed: Program, v: Family) -> None:
    """The time to the SYN-ACK that acknowledges the SYN, once; nothing else that comes."""
    index = index_of(probed, v)
    port = port_of(v.version, probed.probe(probe(v.version, index)))
    for flags, acknowledged in ((SYN_ACK, 1), (SYN_ACK, 3), (RST | ACK, 2), (ACK, 2), (SYN, 2)):
        answer = reply(v.version, port, flags, acknowledged=acknowledged)
        assert probed.run(answer).reason == "probe-answer"
        assert measured(probed, index) == 0
    ((_, sent),) = answers(probed)
    assert sent
    assert probed.run(reply(v.version, port)).reason == "probe-answer"
    first = measured(probed, index)
    assert 0 < first < 10_000_000_000 >> 4
    ((_, sent),) = answers(probed)
    assert sent == 0
    assert probed.run(reply(v.version, port)).reason == "probe-answer"
    assert measured(probed, index) == first


def test_real_servers_that_nothing_gets_to(program: Program, v: Family) -> None:
    """One without a MAC address; one that could not answer, this host having no address; and the
    address of the other family for one."""
    with probing(program, config(A), {v.real(11): NOT_THERE}):
        dropped(program, probe(v.version, index_of(program, v)), "unresolved")
    with probing(program, config(A)) as probed:
        other = probed.applier.installed.reals[real_of(probed, "web", 10 - v.version)].index
        dropped(probed, probe(v.version, other), "unresolved")
        index = index_of(probed, v)
        probed.maps["probe_targets"].array["source"]["word_be"][index] = 0
        dropped(probed, probe(v.version, index), "unresolved")
        assert known(probed) == 0


def test_nothing_else_leaves(probed: Program, v: Family) -> None:
    """What is no probe, or of nobody who probes, is dropped."""
    index, base = index_of(probed, v), BASE[v.version]
    own = OWN[v.version]
    assert own is not None
    for source in (base + 1, base + 0x10000, own, ip_address(v.client)):
        dropped(probed, probe(v.version, index, source=source), "no-real")
    dropped(probed, probe(v.version, 65535), "no-real")
    kind = 1 if v.version == 4 else 58
    solicitation = packed(v.version, base, base + index, generate.icmp(10, 0, bytes(4)), kind)
    dropped(probed, PROBER + PROBER + solicitation, "no-service")
    for frame in (b"\x08\x06" + bytes(28), b"\x88\xcc" + bytes(46), bytes(2)):
        dropped(probed, PROBER + PROBER + frame, "no-service")
    assert known(probed) == 0


def test_interfaces_that_are_away(probed: Program, v: Family) -> None:
    index, number = index_of(probed, v), LINK.number
    assert probed.maps["egress"].delete(number)
    try:
        dropped(probed, probe(v.version, index), "no-egress")
    finally:
        probed.maps["egress"].set(number, INGRESS)


def test_ports_of_a_bridge_that_do_not_forward(program: Program, v: Family) -> None:
    """Nothing leaves by them; and the kernel, which gets a client's packets then, gets none."""
    program.link(paired_services.FAR)
    with probing(program, paired_services.CONFIG, paired_services.RESOLUTIONS):
        index = index_of(program, v, "bridge-130-tcp")
        program.link(replace(paired_services.FAR, forwarding=False))
        dropped(program, probe(v.version, index, to=130), "no-egress")
        program.link(replace(paired_services.FAR, forwarding=True))
        assert program.probe(probe(v.version, index, to=130)).reason == "forwarded"
    program.link(OTHER_LINK)


def test_who_probes_is_told(program: Program, v: Family) -> None:
    """What is too large for the way: by the address that was probed, with the packet as it was."""
    with probing(program, CASES, RESOLUTIONS):
        index, base = index_of(program, v, "narrow-dscp-tcp"), BASE[v.version]
        message = segment(40000, 120, SYN, 1) + bytes(200)
        sent = PROBER + PROBER + packed(v.version, base, base + index, message)
        got = program.probe(sent)
        assert (got.action, got.reason) == ("tx", "answered-too-big")
        error = Ether(got.frame)
        assert error.src == error.dst == PROBER.hex(":")
        packet = error[IP if v.version == 4 else IPv6]
        assert (packet.src, packet.dst) == (str(base + index), str(base))
        quoted = got.frame[14 + (28 if v.version == 4 else 48) :]
        assert quoted[:60] == sent[14:74]


def test_time_is_exceeded(program: Program, v: Family) -> None:
    """Where the balancer routes."""
    with probing(program, CASES, RESOLUTIONS):
        frame = bytearray(probe(v.version, index_of(program, v, "dscp-tcp"), to=100))
        frame[22 if v.version == 4 else 21] = 1
        got = program.probe(bytes(frame))
        assert (got.action, got.reason) == ("tx", "answered-time-exceeded")


def test_the_wire_cannot_probe(probed: Program, v: Family) -> None:
    """Packets to the prefix are none of ours there, whoever they are from."""
    index, base = index_of(probed, v), BASE[v.version]
    head = bytes.fromhex("0200000000aa") + generate.CLIENT_MAC
    for source in (base, ip_address(v.client), VIP[v.version]):
        for flags in (SYN, SYN_ACK, RST):
            message = segment(40000, 80, flags, 1)
            passed(probed, head + packed(v.version, source, base + index, message))
    assert known(probed) == 0


def test_forged_answers(probed: Program, v: Family) -> None:
    """From a VIP to ports of probes: the kernel's, unless address and both ports are a probe's."""
    index = index_of(probed, v)
    port = port_of(v.version, probed.probe(probe(v.version, index)))
    before = sorted(answers(probed))
    own = OWN[v.version]
    assert own is not None
    for other in (61000, 65535):
        if other != port:
            passed(probed, reply(v.version, other))
    passed(probed, reply(v.version, port, sport=81))
    passed(probed, reply(v.version, port, source=ip_address(v.real(11))))
    message = segment(80, port, SYN_ACK, 256, 2)
    head = bytes.fromhex("0200000000aa") + generate.CLIENT_MAC
    passed(probed, head + packed(v.version, VIP[v.version], own + 1, message))
    datagram = packed(v.version, VIP[v.version], own, generate.udp(80, port, b"?"), 17)
    passed(probed, head + datagram)
    assert sorted(answers(probed)) == before
    assert measured(probed, index) == 0


@pytest.mark.parametrize("tag", [b"", bytes.fromhex("8100000a")], ids=["plain", "tagged"])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_probe_that_comes_back(probed: Program, v: Family, protocol: str, tag: bytes) -> None:
    """From a real server that forwards, and has no VIP: nobody else answers for it."""
    base, message = BASE[v.version], generate.udp(40000, 53, b"?", 1)
    sent = {
        "tcp": probe(v.version, index_of(probed, v)),
        "udp": PROBER
        + PROBER
        + packed(v.version, base, base + index_of(probed, v, "dns"), message, 17),
    }
    out = probed.probe(sent.pop(protocol))
    assert out.reason == "forwarded"
    for another in sent.values():
        assert probed.probe(another).reason == "forwarded"
    back = sent_on(out.frame, tag)
    quiet = Quiet(probed.maps, probed.dataplane.artifact)
    activity = quiet.activity(0)
    for _ in range(2):
        got = probed.run(back)
        assert (got.action, got.reason, got.frame) == ("drop", "probe-returned", back)
    assert states(probed) == {}
    assert quiet.activity(0) == activity
    at = len(tag) + (26 if v.version == 4 else 22)
    other = bytearray(back)  # of another client, from the same port
    other[at + 3] ^= 1
    assert probed.run(bytes(other)).reason == "forwarded"
    forget(probed)
    assert probed.run(back).reason == "forwarded"


def test_other_packets_from_a_vip(probed: Program, v: Family) -> None:
    """As when nobody probes: the kernel's."""
    for port in (22, 1024, 60999):
        passed(probed, reply(v.version, port))
    for flags in (SYN, ACK, RST, SYN | FIN):
        passed(probed, reply(v.version, 61000, flags))
    own, vip = OWN[v.version], VIP[v.version]
    assert own is not None
    head = bytes.fromhex("0200000000aa") + generate.CLIENT_MAC
    kind = 1 if v.version == 4 else 58
    passed(probed, head + packed(v.version, vip, own, generate.icmp(0, 0, bytes(4)), kind))
    for part in generate.split(vip, own, 17, generate.udp(53, 61000, bytes(40)), 9, 16):
        kind_of_packet = bytes.fromhex("0800" if v.version == 4 else "86dd")
        passed(probed, head + kind_of_packet + part)


def test_nobody_probes_any_more(probed: Program, v: Family) -> None:
    """Then nothing is an answer."""
    port = port_of(v.version, probed.probe(probe(v.version, index_of(probed, v))))
    assert probed.run(reply(v.version, port)).reason == "probe-answer"
    probed.configure(config(A))
    passed(probed, reply(v.version, port))


@pytest.mark.parametrize("mode", TCP)
def test_clients_with_such_ports(program: Program, v: Family, mode: str) -> None:
    """In modes whose replies come back, while the same real server is probed."""
    program.link(paired_services.FAR)
    with probing(program, paired_services.CONFIG, paired_services.RESOLUTIONS):
        place = TCP[mode]
        index = index_of(program, v, f"{mode}-{place.port}-tcp")
        connection = Connection(program, place, v.version, 6, port=61000)
        connection.open()
        assert program.probe(probe(v.version, index, to=place.port)).reason == "forwarded"
        assert connection.request() == "forwarded"
        assert connection.reply() == "forwarded-reply"
    program.link(OTHER_LINK)
