# SPDX-License-Identifier: Apache-2.0
"""Every packet case through the program; the frames are in tests/packets/cases."""

from __future__ import annotations

import pytest

from dsrlb import paths
from dsrlb.dataplane import artifact
from tests.packets.cases import (
    CONFIG,
    CONVERSATIONS,
    RESOLUTIONS,
    SINGLES,
    Case,
    admission,
    flows,
)
from tests.packets.checksums import wrong_checksums
from tests.packets.evidence import check
from tests.packets.harness import Program
from tests.packets.model import Outcome

CHANGES = [flows.UNRESOLVED, flows.NO_EGRESS]  # test_changes.py sends them
BROKEN = [admission.FLOW_BUSY, admission.INCOMPLETE]
ALL = [*SINGLES, *(case for steps in CONVERSATIONS for case in steps), *CHANGES, *BROKEN]
WRONG_ON_PURPOSE = {
    "echo-checksum-wrong",
    "nd-checksum-wrong",
    "nd-checksum-wrong-unicast",
    "nd-advertisement-checksum-wrong",
}
STEPS = {
    *("SYN", "ACK", "DATA", "FIN", "RST", "SYN_ACK", "BAD_FLAGS", "FRAGMENT", "DNS"),
    *("SYN6", "ACK6", "DATA6", "FIN6", "DNS6", "DNS_SYN", "DNS_SYN6"),
    *("SYN_OTHER_CLIENT", "SYN6_OTHER_CLIENT", "SYN_OTHER_VIP", "SYN6_OTHER_VIP"),
}
VERDICTS = {
    "pass": {"pass"},
    "forward": {"tx", "redirect"},
    "answer": {"tx"},
    "drop": {"drop"},
}


def go(program: Program, case: Case) -> None:
    """Send, compare bytes, verdict and reason."""
    expected = Outcome(case.verdict, case.reason, case.expected)
    check(case.id, case.sent, expected, program.run(case.sent))


@pytest.mark.parametrize("case", SINGLES, ids=lambda case: case.id)
def test_case(program: Program, case: Case) -> None:
    program.configure(CONFIG, RESOLUTIONS)
    before = program.states()
    go(program, case)
    if case.reason not in ("forwarded", "mtu-exceeded"):
        assert program.states() == before


@pytest.mark.parametrize("steps", CONVERSATIONS, ids=lambda steps: steps[0].id)
def test_conversation(program: Program, steps: list[Case]) -> None:
    program.configure(CONFIG, RESOLUTIONS)
    for case in steps:
        go(program, case)


def test_flow_busy(program: Program) -> None:
    """Nothing is recorded, nothing counted, and nobody is pushed out."""
    program.configure(CONFIG, RESOLUTIONS)
    with program.tables.busy():
        go(program, admission.FLOW_BUSY)
    assert program.states() == {}
    assert program.loads() == {}


def test_incomplete(program: Program) -> None:
    """And complete again."""
    program.configure(CONFIG, RESOLUTIONS)
    with program.without_stages():
        go(program, admission.INCOMPLETE)
    assert program.run(admission.INCOMPLETE.sent).reason == "forwarded"


def test_every_reason_has_a_case() -> None:
    reasons = artifact.parse_reasons((paths.ebpf_sources() / "abi.h").read_text())
    verdicts: dict[str, set[str]] = {}
    for case in ALL:
        verdicts.setdefault(case.reason, set()).add(case.verdict)
    assert verdicts == {reason.name: VERDICTS[reason.action] for reason in reasons}


def test_ids_are_unique() -> None:
    assert len({case.id for case in ALL}) == len(ALL)


def test_checksums_of_the_cases() -> None:
    """All of them added up: in what is sent and in what is expected."""
    wrong = {
        case.id
        for case in ALL
        if case.reason != "malformed"
        and not case.id.endswith(("cut-in-destination", "-malformed"))
        and wrong_checksums(case.sent) + wrong_checksums(case.expected)
    }
    assert wrong == WRONG_ON_PURPOSE


def test_checksums_of_the_steps() -> None:
    """The packets of the tests of flows and schedules."""
    steps = [*flows.SYNS, *flows.SYNS6, *flows.SYN_TO.values()]
    steps += [value for name, value in vars(flows).items() if name in STEPS]
    assert len(steps) == 31 + len(STEPS)
    for packet in steps:
        head = flows.TO_BALANCER if packet[0] >> 4 == 4 else flows.TO_BALANCER6
        assert not wrong_checksums(head + packet), packet.hex()


def test_wrong_checksums_are_noticed() -> None:
    """The adding up itself: a bit changed in any forwarded or answered packet shows."""
    for case in ALL:
        if case.verdict not in ("tx", "redirect") or "arp" in case.reason:
            continue
        if case.id in WRONG_ON_PURPOSE or "checksum-0" in case.id:
            continue
        frame = bytearray(case.expected)
        frame[40] ^= 1
        assert wrong_checksums(bytes(frame)), case.id
