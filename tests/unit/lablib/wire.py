# SPDX-License-Identifier: Apache-2.0
"""Frames on the wire of the l2dsr lab, as evidence."""

from __future__ import annotations

from collections.abc import Callable

from lablib.capture import Frame
from lablib.evidence import Evidence
from lablib.topofile import load

CLIENT, BALANCER, R1, R2 = (bytes.fromhex(f"02000077{n}") for n in ("0001", "000a", "0011", "0012"))
# 10.77.0.1:40000 > 10.77.0.100:80, TOS 0xba (DSCP 46, ECT 0), TTL 64, "GET /name"; checksums right.
REQUEST = bytes.fromhex(
    "0800"
    "45ba0031 00014000 4006 250e 0a4d0001 0a4d0064"
    "9c400050 00000001 00000001 5018 0400 68f1 0000"
    "474554202f6e616d65"
)
# 10.77.0.100:80 > 10.77.0.1:40000, "r1"
REPLY = bytes.fromhex(
    "0800"
    "45000028 00024000 4006 25d0 0a4d0064 0a4d0001"
    "00509c40 00000001 0000000a 5010 0400 fa3a 0000"
)
REPLY_DATA = bytes.fromhex(
    "0800"
    "4500002a 00034000 4006 25cd 0a4d0064 0a4d0001"
    "00509c40 00000001 0000000a 5018 0400 87ff 0000"
    "7231"
)
# 10.77.0.1:40001 > 10.77.0.100:53, "whoami"; and back, "r1"
QUERY = bytes.fromhex(
    "080045b80022 00040000 4011 6511 0a4d0001 0a4d00649c410035 000efa2977686f616d69"
)
ANSWER = bytes.fromhex("08004500001e 00050000 4011 65cc 0a4d0064 0a4d000100359c41 000adc337231")
# 10.77.0.1:40002 > 10.77.0.100:80, RST and ACK
LATE_RESET = bytes.fromhex(
    "0800"
    "45ba0028 00060000 4006 6512 0a4d0001 0a4d0064"
    "9c420050 00000001 00000001 5014 0000 fe3d 0000"
)
ARP = bytes.fromhex("08060001080006040002") + BALANCER + bytes.fromhex("0a4d0064")
ARP += CLIENT + bytes.fromhex("0a4d0001")
Point = dict[str, list[bytes]]


def captures() -> Point:
    """One request to r1 and its reply, at every place, as they must be."""
    into, out = BALANCER + CLIENT + REQUEST, R1 + BALANCER + REQUEST
    reply = [CLIENT + R1 + REPLY, CLIENT + R1 + REPLY_DATA]
    arp = CLIENT + BALANCER + ARP
    return {
        "client": [arp, into, *reply],
        "sw-client": [arp, into, *reply],
        "sw-lb": [arp, into, out],
        "sw-r1": [out, *reply],
        "r1": [out, *reply],
        "sw-r2": [],
        "r2": [],
        "sw-r3": [],
        "r3": [],
    }


def ask(points: Point, request: bytes) -> None:
    """One more frame of the client, which goes to r1 as it must."""
    into, out = BALANCER + CLIENT + request, R1 + BALANCER + request
    for name in ("client", "sw-client"):
        points[name].append(into)
    points["sw-lb"] += [into, out]
    for name in ("sw-r1", "r1"):
        points[name].append(out)


def reply(points: Point, answer: bytes) -> None:
    """One more frame of r1, which goes to the client as it must."""
    for name in ("r1", "sw-r1", "sw-client", "client"):
        points[name].append(CLIENT + R1 + answer)


def after(old: str, new: str) -> Callable[[Point], None]:
    """Change bytes of the request from the balancer on."""

    def change(points: Point) -> None:
        sent = R1 + BALANCER + REQUEST
        changed = sent.replace(bytes.fromhex(old), bytes.fromhex(new))
        assert changed != sent
        for name in ("sw-lb", "sw-r1", "r1"):
            points[name] = [changed if frame == sent else frame for frame in points[name]]

    return change


def evidence(points: Point) -> Evidence:
    topology = load("l2dsr")
    at = {
        name: [Frame(float(n), data, len(data)) for n, data in enumerate(frames)]
        for name, frames in points.items()
    }
    return Evidence(topology, topology.vip(4), at)
