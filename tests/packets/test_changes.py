# SPDX-License-Identifier: Apache-2.0
"""Flows while reals, their MAC addresses, services and schedules change."""

from __future__ import annotations

import time

import pytest

from dsrlb.control.desired.contents import Resolution
from tests.packets.cases import flows as f
from tests.packets.evidence import check
from tests.packets.harness import LINK, OTHER_LINK, Program
from tests.packets.model import Outcome
from tests.packets.steps import A, B, C, config, forwarded, refused, states

LOST = Resolution(None, None, False)
STALE = Resolution("02:01:0a:00:00:0b", LINK, False)
"""The MAC address that the real had; the kernel knows it no more."""


@pytest.fixture
def opened(program: Program) -> Program:
    """Reals 11 and 12; the client's connection and its UDP flow are on 11."""
    program.configure(config(A, B))
    for packet in (f.SYN, f.ACK, f.DNS, f.DNS):
        forwarded(program, packet, f.TO_11)
    return program


def test_weight_0(opened: Program) -> None:
    """Flows stay; new ones go elsewhere."""
    opened.configure(config(A + "\nweight = 0", B))
    forwarded(opened, f.DATA, f.TO_11)
    forwarded(opened, f.DNS, f.TO_11)
    for syn in f.SYNS[:3]:
        forwarded(opened, syn, f.TO_12)
    forwarded(opened, f.FIN, f.TO_11)
    forwarded(opened, f.SYN, f.TO_12)


def test_all_weights_0(opened: Program) -> None:
    opened.configure(config(A + "\nweight = 0", B + "\nweight = 0"))
    refused(opened, f.SYNS[0], "no-real")
    forwarded(opened, f.DATA, f.TO_11)


def test_schedule_changed(opened: Program) -> None:
    """Order, algorithm and reals: what is known stays."""
    for text in (
        config(B, A),
        config(B, C, A, keys='algorithm = "weighted-round-robin"'),
        config(C, B + "\nweight = 5", A),
    ):
        opened.configure(text)
        forwarded(opened, f.DATA, f.TO_11)
        forwarded(opened, f.DNS, f.TO_11)


def test_removed_real(opened: Program) -> None:
    """Its flows go to another, also with on_unknown = "drop", and stay there."""
    opened.configure(config(B, C))
    forwarded(opened, f.DATA, f.TO_13)  # the second turn
    forwarded(opened, f.ACK, f.TO_13)
    forwarded(opened, f.DNS, f.TO_13)
    forwarded(opened, f.DNS, f.TO_13)
    assert states(opened) == {"flows4": ["data", "udp"]}


def test_removed_real_new_connection(opened: Program) -> None:
    opened.configure(config(B))
    forwarded(opened, f.SYN, f.TO_12)
    forwarded(opened, f.ACK, f.TO_12)
    assert states(opened)["flows4"] == ["open", "udp"]


def test_removed_real_rst_and_syn_ack(opened: Program) -> None:
    """Nothing is scheduled for what cannot go on."""
    opened.configure(config(B))
    refused(opened, f.RST, "no-flow")
    refused(opened, f.SYN_ACK, "no-flow")


def test_removed_real_of_a_pending_flow(program: Program) -> None:
    program.configure(config(A, B))
    forwarded(program, f.SYN, f.TO_11)
    program.configure(config(B))
    forwarded(program, f.ACK, f.TO_12)
    forwarded(program, f.DATA, f.TO_12)
    forwarded(program, f.SYNS[0], f.TO_12)


def test_removed_real_expired_flow(opened: Program) -> None:
    """An expired flow is no flow, so its segments are of none."""
    opened.configure(config(B))
    opened.expire_flows()
    refused(opened, f.ACK, "no-flow")


def test_all_reals_removed(opened: Program) -> None:
    opened.configure(config(C + "\nweight = 0"))
    refused(opened, f.DATA, "no-real")
    refused(opened, f.DNS, "no-real")


def test_removed_and_back(opened: Program) -> None:
    """A real that was away does not get its old flows back by accident."""
    opened.configure(config(B))
    opened.configure(config(B, A))
    forwarded(opened, f.DATA, f.TO_11)  # an orphan, scheduled: the second turn
    forwarded(opened, f.DNS, f.TO_11)
    opened.configure(config(B))
    opened.configure(config(A, B))
    forwarded(opened, f.DATA, f.TO_11)  # the third
    opened.configure(config(B))
    opened.configure(config(A, B))
    forwarded(opened, f.DATA, f.TO_12)  # the fourth


def _index(program: Program, service: str, address: str) -> int:
    return next(
        entry.index
        for real, entry in program.applier.installed.reals.items()
        if real.service.name == service and str(real.address) == address
    )


def test_index_given_to_another_real(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flow's place in reals[] is another's now: the generation tells."""
    later = 2
    indices = program.applier.installed.real_indices
    monkeypatch.setattr(indices, "_clock", lambda: time.monotonic() + later)
    program.configure(config(A, B))  # at the lowest places, since nothing rests any more
    forwarded(program, f.SYN, f.TO_11)
    forwarded(program, f.ACK, f.TO_11)
    before = _index(program, "web", "10.0.0.11")
    program.configure(config(B))
    later = 4
    program.configure(config(C, B))
    assert _index(program, "web", "10.0.0.13") == before
    forwarded(program, f.DATA, f.TO_12)  # the second turn; without the generation it would be 13


def test_unresolved(opened: Program) -> None:
    """A connection whose real lost its MAC address waits for it; everything else goes elsewhere."""
    opened.configure(config(A, B), {"10.0.0.11": LOST})
    case = f.UNRESOLVED
    expected = Outcome(case.verdict, case.reason, case.expected)
    check(case.id, case.sent, expected, opened.run(case.sent))
    forwarded(opened, f.DNS, f.TO_12)
    forwarded(opened, f.SYNS[0], f.TO_12)
    opened.configure(config(A, B))
    forwarded(opened, f.DATA, f.TO_11)


def test_no_egress(opened: Program) -> None:
    """The moment between an interface's end and the daemon's notice: counted, and forwarded again
    when it is back."""
    opened.configure(config(A, B), {"10.0.0.11": Resolution(STALE.mac, OTHER_LINK, True)})
    egress, slot = opened.maps["egress"], OTHER_LINK.number
    kept = egress.get(slot)
    assert egress.delete(slot)
    case = f.NO_EGRESS
    try:
        expected = Outcome(case.verdict, case.reason, case.expected)
        check(case.id, case.sent, expected, opened.run(case.sent))
    finally:
        egress.set(slot, kept)
    assert opened.run(case.sent).action == "redirect"


def test_all_unresolved(program: Program) -> None:
    program.configure(config(A), {"10.0.0.11": LOST, "fd00::11": LOST})
    refused(program, f.SYN, "no-real")
    refused(program, f.SYN6, "no-real", head=f.TO_BALANCER6)
    assert states(program) == {}


def test_new_mac(opened: Program) -> None:
    """Takes effect with the next packet."""
    found = Resolution("02:01:ff:ff:ff:ff", LINK, True)
    opened.configure(config(A, B), {"10.0.0.11": found})
    forwarded(opened, f.DATA, f.TO_11_NEW_MAC)


def test_moved_behind_the_other_interface(opened: Program) -> None:
    found = Resolution("02:01:0a:00:00:0b", OTHER_LINK, True)
    opened.configure(config(A, B), {"10.0.0.11": found})
    forwarded(opened, f.DATA, f.TO_11_BEHIND_OUT0, verdict="redirect")


def test_on_unknown_changed(program: Program) -> None:
    program.configure(config(A))
    refused(program, f.ACK, "no-flow")
    program.configure(config(A, keys='on_unknown = "schedule"'))
    forwarded(program, f.ACK, f.TO_11)


OTHER_SERVICE = """
[balancer]
interfaces = ["in0", "out0"]
[[service]]
name = "other"
vip = "192.0.2.10"
protocol = "tcp"
port = 443
mode = "l2dsr"
real = [{ address = "10.0.0.12" }]
"""


def test_service_removed(opened: Program) -> None:
    """The VIP is still one."""
    opened.configure(OTHER_SERVICE)
    refused(opened, f.DATA, "no-service")
    refused(opened, f.SYN, "no-service")
    refused(opened, f.DNS, "no-service")


def test_vip_removed(opened: Program) -> None:
    """Its packets are the kernel's again, those of old flows too."""
    opened.configure(OTHER_SERVICE.replace("192.0.2.10", "192.0.2.11"))
    refused(opened, f.DATA, "pass", verdict="pass")
    refused(opened, f.DNS, "pass", verdict="pass")
