# SPDX-License-Identifier: Apache-2.0
"""Every packet case through the program; the frames are in tests/packets/cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dsrlb import paths
from dsrlb.dataplane import artifact
from tests.packets import probing
from tests.packets.cases import (
    CONFIG,
    CONVERSATIONS,
    RESOLUTIONS,
    SINGLES,
    Case,
    down,
    flows,
    paired,
    silent,
)
from tests.packets.cases.l3dsr import expired, no_headroom, sources
from tests.packets.cases.refused import admission
from tests.packets.cases.services import KERNEL, KERNEL_RESOLUTIONS, PREFIXES
from tests.packets.checksums import wrong_checksums
from tests.packets.evidence import check
from tests.packets.harness import LINK, Program
from tests.packets.snapshot import snapshot

CHANGES = [flows.UNRESOLVED, flows.NO_EGRESS]  # test_changes.py sends them
BROKEN = [admission.FLOW_BUSY, admission.INCOMPLETE, *no_headroom.SINGLES]
OTHERS = [*sources.PREFIX, *sources.KERNEL, *expired.NO_ADDRESS]
PAIRED = [case.with_port(0xC0DE) for case in paired.ALL]  # test_paired_cases.py and others
PROBES = [case.with_port(0xF00D).with_place(0xBEEF) for case in probing.CASES]  # test_probes.py
ALL = [
    *(*SINGLES, *(case for steps in CONVERSATIONS for case in steps)),
    *(*CHANGES, *BROKEN, *OTHERS, *PAIRED, *PROBES),
    *(*down.ALL, *down.PASSED, *silent.ALL),  # test_down.py, test_empty.py, test_silence.py
]
CHECKED = [case for case in ALL if case not in sources.PREFIX]  # those have no checksum written out
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


MAKE_FLOWS = {"forwarded", "answered-too-big"}


def go(program: Program, case: Case) -> None:
    """Send, compare bytes, verdict and reason."""
    check(case.id, case.sent, case.outcome, program.run(case.sent))


@pytest.fixture(scope="module")
def configured(loaded: Program) -> Iterator[Program]:
    """The program with CONFIG, for all the tests that change nothing of it."""
    loaded.configure(CONFIG, RESOLUTIONS)
    yield loaded
    loaded.reset()


@pytest.mark.parametrize("case", SINGLES, ids=lambda case: case.id)
def test_case(configured: Program, case: Case) -> None:
    configured.rewind()
    before = snapshot(configured)
    go(configured, case)
    if case.reason == "tunnel-error":
        before = replace(before, lowered=snapshot(configured).lowered)
    if case.reason not in MAKE_FLOWS:
        assert snapshot(configured) == before


@pytest.mark.parametrize("steps", CONVERSATIONS, ids=lambda steps: steps[0].id)
def test_conversation(configured: Program, steps: list[Case]) -> None:
    configured.rewind()
    for case in steps:
        before = snapshot(configured)
        go(configured, case)
        is_error = case.id.startswith("error-") and not case.id.endswith("-flow")
        if is_error or (case.verdict == "drop" and case.reason != "reals-full"):
            assert snapshot(configured) == before, case.id


@pytest.mark.parametrize("case", sources.PREFIX, ids=lambda case: case.id)
def test_sources_from_a_prefix(program: Program, case: Case) -> None:
    program.configure(PREFIXES, RESOLUTIONS)
    go(program, case)


@pytest.mark.parametrize("case", sources.KERNEL, ids=lambda case: case.id)
def test_sources_of_the_kernel(program: Program, case: Case) -> None:
    program.configure(KERNEL, KERNEL_RESOLUTIONS)
    go(program, case)


@pytest.mark.parametrize("case", expired.NO_ADDRESS, ids=lambda case: case.id)
def test_interface_without_addresses(program: Program, case: Case) -> None:
    program.configure(CONFIG, RESOLUTIONS)
    program.link(replace(LINK, address4=None, address6=None))
    try:
        go(program, case)
    finally:
        program.link(LINK)


@pytest.mark.parametrize("case", no_headroom.SINGLES, ids=lambda case: case.id)
def test_no_headroom(program: Program, case: Case) -> None:
    program.configure(CONFIG, RESOLUTIONS)
    got = program.run_without_headroom(case.sent)
    assert (got.action, got.reason) == (case.verdict, case.reason)
    assert program.run(case.sent).reason in MAKE_FLOWS | {"answered-time-exceeded"}


def test_headroom_is_not_needed(program: Program) -> None:
    """By what gets no longer."""
    program.configure(CONFIG, RESOLUTIONS)
    for case in SINGLES:
        if case.id in ("ipv4-udp", "dscp-tcp", "dscp6-udp", "vlan-dscp-one-tag-tagged"):
            got = program.run_without_headroom(case.sent)
            check(case.id, case.sent, case.outcome, got)


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
    reasons = artifact.parse_reasons((paths.ebpf_sources() / "abi_reasons.h").read_text())
    verdicts: dict[str, set[str]] = {}
    for case in ALL:
        verdicts.setdefault(case.reason, set()).add(case.verdict)
    expected = {reason.name: VERDICTS[reason.action] for reason in reasons}
    expected["probe-answer"] = {"redirect"}  # always into the veth pair
    assert verdicts == expected


def test_ids_are_unique() -> None:
    assert len({case.id for case in ALL}) == len(ALL)


def test_checksums_of_the_cases() -> None:
    """All of them added up: in what is sent and in what is expected."""
    wrong = {
        case.id
        for case in CHECKED
        if case.reason != "malformed"
        and not case.id.endswith(("cut-in-destination", "-malformed", "reply-cut-short"))
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
    for case in CHECKED:
        if case.verdict not in ("tx", "redirect") or "arp" in case.reason:
            continue
        if case.id in WRONG_ON_PURPOSE or "checksum-0" in case.id:
            continue
        if "sum-none" in case.id or "no-checksum" in case.id:
            continue
        if case.id.startswith("late") or "fragments" in case.id:
            continue  # their checksums cover what is elsewhere
        frame = bytearray(case.expected)
        tunnelled = "-toa" not in case.id  # what is longer has headers in front, or an option
        frame[40 + tunnelled * max(0, len(frame) - len(case.sent))] ^= 1
        assert wrong_checksums(bytes(frame)), case.id
