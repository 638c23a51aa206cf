# SPDX-License-Identifier: Apache-2.0
"""The program while somebody probes, and the packets of probes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address

from dsrlb.config import parse
from dsrlb.control.desired.contents import RealId, Resolution
from dsrlb.control.probing.targets import Ends, TargetTable
from tests.packets import generate
from tests.packets.cases import Case
from tests.packets.cases.probes import (
    dsr,
    dsr6,
    echo,
    echo6,
    echo_translated,
    echo_translated6,
    returned,
    translated,
    translated6,
)
from tests.packets.evidence import check
from tests.packets.harness import LINK, PROBER, Program, mac_of
from tests.packets.model import Outcome
from tests.packets.model.types import IP
from tests.packets.steps import Family

LINKS = {"in0": 1, "out0": 2}
OWN = {4: LINK.address4, 6: LINK.address6}
VIP = {4: ip_address("192.0.2.10"), 6: ip_address("2001:db8::10")}
PORTS = range(61000, 65536)
"""Which of them a probe gets is chosen by the program."""

SYN, SYN_ACK, ACK, FIN, RST = 0x02, 0x12, 0x10, 0x11, 0x04
BASE = {4: ip_address("198.18.0.0"), 6: ip_address("fd00:d5::")}

DIRECT = (dsr, dsr6, echo, echo6)
TRANSLATED = (translated, translated6, echo_translated, echo_translated6)
ROOMS = (*DIRECT, *TRANSLATED)
CASES = [case for room in (*ROOMS, returned) for case in room.CASES]
SERVICES = {case: name for room in ROOMS for case, name in room.SERVICES.items()}


def pairs(*rooms: list[Case]) -> list[tuple[Case, Case]]:
    """(probe, answer) of each."""
    cases = [case for room in rooms for case in room]
    return list(zip(cases[::2], cases[1::2], strict=True))


@contextmanager
def probing(
    program: Program, text: str, resolutions: Mapping[str, Resolution] | None = None
) -> Iterator[Program]:
    """The program with a configuration, while somebody probes: every real server can be, from the
    address of in0."""
    program.configure(text, resolutions, probes=True)
    table = TargetTable(program.maps)
    ports = {one.name: one.checked_port for one in parse(text, "test").service if one.replies}
    table.put(
        {
            entry.index: Ends(
                OWN[real.service.family],
                VIP[real.service.family],
                ports.get(real.service.name) or 0,
            )
            for real, entry in program.applier.installed.reals.items()
        }
    )
    try:
        yield program
    finally:
        table.put({})
        forget(program)
        program.reset()


def forget(program: Program) -> None:
    """No probe is on its way, and nothing is known of any."""
    flows = program.maps["probe_flows"]
    for key in list(flows.hash_keys()):
        flows.delete(key.tobytes())
    responses = program.maps["responses"].array
    responses["measured"] = responses["tried"] = 0


def segment(
    source: int, destination: int, flags: int, sequence: int = 0, acknowledged: int = 0
) -> bytes:
    """Of TCP; with any checksum."""
    numbers = sequence.to_bytes(4, "big") + acknowledged.to_bytes(4, "big")
    made = generate.tcp(source, destination, flags)
    return made[:4] + numbers + made[12:]


def packed(family: int, source: IP, destination: IP, message: bytes, protocol: int = 6) -> bytes:
    """A packet with its EtherType in front."""
    make, kind = (generate.ipv4, "0800") if family == 4 else (generate.ipv6, "86dd")
    return bytes.fromhex(kind) + make(source, destination, protocol, message)


def probe(
    family: int,
    index: int,
    flags: int = SYN,
    *,
    source: IP | None = None,
    port: int = 40000,
    to: int = 80,
    sequence: int = 1,
) -> bytes:
    """A frame of who probes. ``source``: None is the right one."""
    message = segment(port, to, flags, sequence)
    base = BASE[family]
    return PROBER + PROBER + packed(family, source or base, base + index, message)


def reply(
    family: int,
    port: int,
    flags: int = SYN_ACK,
    *,
    source: IP | None = None,
    sport: int = 80,
    acknowledged: int = 2,
) -> bytes:
    """A frame to in0's address, as from the VIP, and from the real server's MAC address."""
    own = OWN[family]
    assert own is not None
    message = segment(sport, port, flags, 256, acknowledged)
    head = bytes.fromhex("0200000000aa") + mac_of("10.0.0.11")
    return head + packed(family, source or VIP[family], own, message)


def port_of(family: int, got: Outcome) -> int:
    """The port that the program chose for a probe in mode l2dsr."""
    assert got.reason == "forwarded", got
    at = 34 if family == 4 else 54
    return int.from_bytes(got.frame[at : at + 2], "big")


def known(program: Program) -> int:
    """Entries of probe_flows[]: a probe has two."""
    return sum(1 for _ in program.maps["probe_flows"].hash_keys())


def real_of(program: Program, service: str, family: int) -> RealId:
    """The one real server of a service, in a family."""
    reals = program.applier.installed.reals
    (found,) = [one for one in reals if (one.service.name, one.service.family) == (service, family)]
    return found


def place(program: Program, case: Case) -> int:
    """Where the real server that a case is about stands in reals[]."""
    family = 6 if case.sent_text.strip().splitlines()[0].endswith("86dd") else 4
    real = real_of(
        program, SERVICES[case.id.removesuffix("-answer").removesuffix("-returned")], family
    )
    return program.applier.installed.reals[real].index


def ask(program: Program, case: Case) -> int:
    """Send the probe, compare; returns the port that the program chose."""
    case = case.with_place(place(program, case))
    got = program.probe(case.sent)
    port = 0
    if case.chosen is not None and got.reason == "forwarded":
        port = int.from_bytes(got.frame[case.chosen : case.chosen + 2], "big")
        assert port in PORTS, f"{case.id}: port {port}"
    case = case.with_port(port)
    check(case.id, case.sent, case.outcome, got)
    return port


def answer(program: Program, case: Case, port: int) -> None:
    """Send the answer to a probe that was given this port, compare."""
    case = case.with_place(place(program, case)).with_port(port)
    check(case.id, case.sent, case.outcome, program.run(case.sent, LINKS[case.link]))


def passed(program: Program, frame: bytes, link: str = "in0") -> None:
    """The kernel gets the frame as it is."""
    got = program.run(frame, LINKS[link])
    assert (got.action, got.reason, got.frame) == ("pass", "pass", frame)


def index_of(program: Program, v: Family, service: str = "web") -> int:
    """The place of a service's one real server."""
    return program.applier.installed.reals[real_of(program, service, v.version)].index


def dropped(program: Program, frame: bytes, reason: str) -> None:
    """And never passed to a kernel, which might forward it."""
    got = program.probe(frame)
    assert (got.action, got.reason, got.frame) == ("drop", reason, frame)


def sent_on(frame: bytes, tag: bytes = b"") -> bytes:
    """The frame that a real server got, as it forwards it to the VIP: to in0; maybe tagged."""
    return bytes.fromhex("0200000000aa") + frame[:6] + tag + frame[12:]


def answers(program: Program) -> list[tuple[bytes, int]]:
    """Key, and time at which the first packet left, of what answers are waited for."""
    flows = program.maps["probe_flows"]
    found = []
    for key in flows.hash_keys():
        value = flows.get(key.tobytes())
        if key["answer"] and value is not None:
            found.append((key.tobytes(), int(value["sent"])))
    return found
