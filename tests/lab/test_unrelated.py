# SPDX-License-Identifier: Apache-2.0
"""What is for no VIP is the same with dsrlb as without it, to the last bit.

Everything is done three times on a network made anew: without dsrlb, with it in native mode and in
generic mode. The first run shows what the kernel does by itself.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.foreign import frames
from tests.lab.foreign.answers import kinds
from tests.lab.foreign.errors import SHRUNK_TO
from tests.lab.foreign.names import (
    ADVERTISED6,
    DETOUR4,
    HOST4,
    HOST6,
    MOVED_MAC,
    PORT,
    REALS,
    ROUTER6,
    TARGETS,
    VIPS4,
    VIPS6,
)
from tests.lab.foreign.network import Segment
from tests.lab.foreign.observe import NARROW, Observed, observe, observe_vips, sent
from tests.lab.instance import Instance
from tests.lab.programs import attach_pass

_METHODS = (
    ("tcp", str(PORT), 'mode = "l2dsr"'),
    ("udp", str(PORT), 'mode = "l3dsr"\nl3dsr = { method = "dscp", dscp = 12 }'),
    ("tcp", '"any"', 'mode = "l3dsr"\nl3dsr = { method = "ipip" }'),
    ("udp", '"any"', 'mode = "l3dsr"\nl3dsr = { method = "gue" }'),
)

# Answers that there must be, so that the comparison is of something.
_ANSWERS = (
    "ARP 2, IPv4 ICMP 0/0, IPv4 ICMP 3/2, IPv4 ICMP 3/3, IPv4 ICMP 12/0, IPv4 ICMP 14/0, "
    "IPv4 TCP 0x12, IPv4 TCP 0x14, IPv4 TCP 0x04, IPv4 protocol 17, IPv4 fragment of 17, "
    "IPv4 fragment of 1, IPv6 ICMP 129/0, IPv6 ICMP 136/0, IPv6 ICMP 1/4, IPv6 ICMP 4/0, "
    "IPv6 ICMP 4/1, IPv6 ICMP 4/2, IPv6 TCP 0x12, IPv6 TCP 0x14, IPv6 TCP 0x04, "
    "IPv6 protocol 17, IPv6 fragment of 17, IPv6 fragment of 58"
)


@dataclass(kw_only=True)
class Balanced(Observed):
    """A run with dsrlb."""

    reasons: Counter[str]
    flows: list[Any]


def _config(mode: str) -> str:
    text = f'[balancer]\ninterfaces = ["eth0"]\nxdp_mode = "{mode}"\nflow_capacity = 10000\n'
    text += f"tunnel_source = {json.dumps([HOST4, HOST6])}\n"
    text += '[[group]]\nname = "reals"\nhealth.type = "none"\n'
    text += "".join(f"[[group.real]]\naddress = {json.dumps(real)}\n" for real in REALS)
    for number, (protocol, port, method) in enumerate(_METHODS):
        text += (
            f'[[service]]\nname = "service{number}"\nprotocol = "{protocol}"\nport = {port}\n'
            f'vip = {json.dumps([VIPS4[number], VIPS6[number]])}\ngroup = "reals"\n{method}\n'
        )
    return text


@contextmanager
def _segment(name: str, folder: Path) -> Iterator[Segment]:
    segment = Segment(f"{os.getpid()}-{name}", folder)
    try:
        segment.up()
        yield segment
    finally:
        segment.down()


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    """The run without dsrlb."""
    with _segment("bare", tmp_path_factory.mktemp("bare")) as segment:
        seen = observe(segment)
        seen.to_vips = observe_vips(segment)
        return seen


@pytest.fixture(scope="module", params=["native", "generic"])
def balanced(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Balanced]:
    """A run with dsrlb."""
    mode = request.param
    folder = tmp_path_factory.mktemp(mode)
    with _segment(mode, folder) as segment:
        if mode == "native":  # else veth drops what native XDP answers
            attach_pass(segment.peer, "eth0", "native")
        instance = Instance(f"t-{os.getpid()}-{mode}", segment.host, folder)
        try:
            instance.start(_config(mode), up=4 * len(_METHODS))
            (shown,) = instance.get("/status")["interfaces"]
            assert shown["xdp_mode"] == mode
            seen = observe(segment)
            (stats,) = json.loads(instance.done("stats", "--json"))
            flows = json.loads(instance.done("flows", "--json"))
            reasons = Counter(stats["reasons"])
            seen.to_vips = observe_vips(segment)
            yield Balanced(**vars(seen), reasons=reasons, flows=flows)
        finally:
            instance.remove()


def _shown(frame: bytes) -> bool:
    """Does the kernel show a frame to tcpdump? Not if a VLAN tag is cut (skb_vlan_untag())."""
    return frame[12:14] not in (b"\x81\x00", b"\x88\xa8") or len(frame) >= 20


def _difference(got: list[bytes]) -> str:
    """The first frame that did not arrive as it was sent."""
    expected = [(name, frame) for name, frame in sent() if _shown(frame)]
    for (name, frame), other in zip(expected, got, strict=False):
        if frame != other:
            return f"{name}:\nsent {frame.hex()}\ngot  {other.hex()}"
    return "" if len(got) == len(expected) else f"{len(expected)} frames sent, {len(got)} received"


def _named(frame: bytes, count: int) -> str:
    return f"{count:+} x {frame.hex()}"


def test_the_kernel_alone_shows_what_is_sent(without: Observed) -> None:
    """Frames, answers, beliefs: there is something to compare."""
    assert _difference(without.received) == ""
    assert set(_ANSWERS.split(", ")) <= kinds(without.answers)
    assert without.believed["macs"] == [MOVED_MAC, MOVED_MAC]
    assert without.believed["routers"] == [DETOUR4, ROUTER6]
    assert without.believed["mtus"][:2] == [SHRUNK_TO, SHRUNK_TO]
    assert ADVERTISED6 in without.believed["addresses"]
    assert all(without.said.values()), without.said
    for target in TARGETS:
        told = NARROW[target.name]
        assert (without.narrow[target.v4], without.narrow[target.v6]) == (told, told)


def test_frames_arrive_as_they_were_sent(balanced: Balanced) -> None:
    assert _difference(balanced.received) == "", balanced.queue


def test_the_host_answers_the_same(balanced: Balanced, without: Observed) -> None:
    more, less = balanced.answers - without.answers, without.answers - balanced.answers
    changes = [_named(*one) for one in more.items()] + [_named(f, -n) for f, n in less.items()]
    assert changes == []


def test_the_kernel_believes_and_counts_the_same(balanced: Balanced, without: Observed) -> None:
    assert balanced.believed == without.believed
    assert balanced.counts == without.counts


def test_clients_of_the_host_notice_nothing(balanced: Balanced, without: Observed) -> None:
    assert balanced.said == without.said
    assert balanced.narrow == without.narrow


def test_every_frame_is_counted_as_passed(balanced: Balanced) -> None:
    reasons = balanced.reasons
    assert reasons["other-host"] == len(frames.to_other_hosts())
    assert reasons["tunnel-error"] == len(frames.about_tunnels())
    assert reasons["pass"] >= len(frames.foreign())
    assert {name for name, number in reasons.items() if number} == {
        "pass",
        "other-host",
        "tunnel-error",
    }


def test_no_flow_is_recorded(balanced: Balanced) -> None:
    assert balanced.flows == []


def test_the_capture_is_behind_dsrlb(balanced: Balanced, without: Observed) -> None:
    """The counter-test: what dsrlb takes is not to be seen at the host, in this mode either."""
    assert without.to_vips == [frame for _, frame in frames.to_vips()]
    assert balanced.to_vips == []
