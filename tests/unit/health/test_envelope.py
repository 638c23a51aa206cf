# SPDX-License-Identifier: Apache-2.0
"""What is in the envelope that is sent to a real server that may not open any."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6

from dsrlb.health.envelope import Envelope, echo_request, is_needed
from dsrlb.health.frames import packed
from dsrlb.health.loop import Loop
from dsrlb.health.protocol import Check, Target
from tests.unit.health.asked import free_port

TARGET = Target(
    "1", "one", "fd00:d5::1", 80, Check("tcp"), vip="2001:db8::100", real="::1", method="gue",
    source="2001:db8::2", gue_port=6080,
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "source", "vip"), [(IP, "10.0.0.2", "192.0.2.10"), (IPv6, "fd00::2", "2001:db8::100")]
)
def test_an_echo_request(kind: type[IP] | type[IPv6], source: str, vip: str) -> None:
    data = echo_request(packed(source), packed(vip))
    found = kind(data)
    assert (found.src, found.dst) == (source, vip)
    assert found.haslayer(ICMP if kind is IP else ICMPv6EchoRequest)
    for layer in (found, found.payload):
        for name in ("chksum", "cksum"):
            if name in layer.fields:
                delattr(layer, name)
    assert bytes(kind(bytes(found))) == data  # scapy computes the same checksums


def test_nobody_opens_it() -> None:
    loop, told = Loop(), list[str]()
    target = replace(TARGET, gue_port=free_port(socket.SOCK_DGRAM))
    envelope = Envelope(loop, target, lambda: told.append("refused"))
    loop.step(1)
    assert told == ["refused"]
    envelope.close()
    loop.close()


def test_somebody_has_it() -> None:
    loop, told = Loop(), list[str]()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as there:
        there.bind(("::1", 0))
        target = replace(TARGET, gue_port=there.getsockname()[1])
        envelope = Envelope(loop, target, lambda: told.append("refused"))
        loop.step(0.05)
        there.settimeout(1)
        assert there.recv(100) == echo_request(packed(TARGET.source), packed(TARGET.vip))
    assert told == []
    envelope.close()
    loop.close()


def test_when_it_is_needed() -> None:
    assert is_needed(TARGET)
    assert not is_needed(replace(TARGET, real="10.0.0.11"))
    assert not is_needed(replace(TARGET, method="ipip"))
    assert not is_needed(replace(TARGET, gue_port=0))
