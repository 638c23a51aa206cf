# SPDX-License-Identifier: Apache-2.0
"""Program against model, frame by frame: action, reason, bytes, and the counters at the end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from ipaddress import ip_address

import pytest

from dsrlb.control.desired import Resolution
from tests import scale
from tests.packets.evidence import check
from tests.packets.generate import Generator, frame, ipv4, ipv6, tcp, udp
from tests.packets.harness import LINK, MAC, OTHER_LINK, OTHER_MAC, Program, mac_of
from tests.packets.model import Model, Outcome, Real, Service

TEXT = """
[balancer]
interfaces = ["in0", "out0"]

[[group]]
name = "a"
[[group.real]]
address = ["10.0.0.11", "fd00::11"]
[[group.real]]
address = ["10.0.0.12", "fd00::12"]
[[group.real]]
address = ["10.0.0.13", "fd00::13"]

[[group]]
name = "b"
[[group.real]]
address = ["10.0.0.21", "fd00::21"]
weight = 3
[[group.real]]
address = ["10.0.0.22", "fd00::22"]
weight = 1

[[service]]
name = "web"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = [80, "8000-8099"]
mode = "l2dsr"
idle_timeout = "1d"  # the model has no clock
pending_timeout = "1d"
closing_timeout = "1d"
group = "a"

[[service]]
name = "rest"
vip = ["192.0.2.10", "2001:db8::10"]
protocol = "tcp"
port = ["any", 8050]
mode = "l2dsr"
idle_timeout = "1d"  # the model has no clock
pending_timeout = "1d"
closing_timeout = "1d"
algorithm = "weighted-round-robin"
on_unknown = "schedule"
group = "b"

[[service]]
name = "dns"
vip = ["192.0.2.11", "192.0.2.10", "2001:db8::10"]
protocol = "udp"
port = 53
mode = "l2dsr"
idle_timeout = "1d"  # the model has no clock
pending_timeout = "1d"
closing_timeout = "1d"
group = "b"
"""
# 10.0.0.13 and its twin are behind the other interface, whose MTU is small.
SMALL = 100
VIPS = ["192.0.2.10", "192.0.2.11", "2001:db8::10"]
PORTS = [80, 80, 8000, 8050, 8099, 53, 53, 443]


def resolutions() -> dict[str, Resolution]:
    """Where the reals that are not behind in0 are."""
    far = OTHER_LINK
    small = type(far)(far.number, far.ifindex, far.name, far.mac, SMALL)
    return {
        address: Resolution(mac_of(address).hex(":"), small, True)
        for address in ("10.0.0.13", "fd00::13")
    }


def reals(family: int, numbers: list[int]) -> dict[int, Real]:
    made = {}
    for number in numbers:
        name = f"10.0.0.{number}" if family == 4 else f"fd00::{number}"
        far = number == 13
        source = OTHER_MAC if far else MAC
        mtu = SMALL if far else 1500
        made[number] = Real(name, mac_of(name), source, mtu, same_link=not far)
    return made


def build() -> tuple[Model, dict[tuple[str, str], Real]]:
    """The model of TEXT; schedules are written out by hand: 3:1 smoothly is 21 21 22 21."""
    services = []
    by_name = {}
    for family, vip in ((4, "192.0.2.10"), (6, "2001:db8::10")):
        address = ip_address(vip)
        web = reals(family, [11, 12, 13])
        rest, dns = reals(family, [21, 22]), reals(family, [21, 22])
        names = ip_address("192.0.2.11")
        dns_vips = (address, names) if family == 4 else (address,)
        services += [
            Service((address,), 6, ((80, 80), (8000, 8099)), [web[11], web[12], web[13]]),
            Service(
                (address,),
                6,
                ((0, 65535), (8050, 8050)),
                [rest[21], rest[21], rest[22], rest[21]],
                on_unknown="schedule",
            ),
            Service(dns_vips, 17, ((53, 53),), [dns[21], dns[22]]),
        ]
        for service, made in (("web", web), ("rest", rest), ("dns", dns)):
            by_name.update({(service, real.name): real for real in made.values()})
    return Model(MAC, services), by_name


def compare_counters(program: Program, by_name: dict[tuple[str, str], Real]) -> None:
    """Per real server: packets, bytes and new flows."""
    for identity in program.applier.installed.reals:
        real = by_name[identity.service.name, str(identity.address)]
        assert program.traffic(identity) == (real.packets, real.bytes, real.new), identity


def compare_loads(program: Program, by_name: dict[tuple[str, str], Real], tables: bool) -> None:
    """Per real server: open and pending flows; with ``tables`` also against all entries."""
    for identity in program.applier.installed.reals:
        real = by_name[identity.service.name, str(identity.address)]
        assert program.load(identity) == (real.open, real.pending), identity
    if tables:
        assert program.loads() == program.counted()


@pytest.mark.soak
def test_generated_packets(program: Program) -> None:
    program.configure(TEXT, resolutions())
    model, by_name = build()
    generator = Generator(seed=1, vips=VIPS, ports=PORTS)
    asked = scale.count("packets_generated")
    started = time.monotonic()
    seen: dict[str, int] = {}
    for number in range(asked):
        sent = generator.any()
        expected = model.process(sent)
        check(f"generated-{number}", sent, expected, program.run(sent))
        seen[expected.reason] = seen.get(expected.reason, 0) + 1
    compare_counters(program, by_name)
    # test_cases.py has them
    unreached = {"unresolved", "no-real", "no-egress", "answered-reset", "denied"}
    unreached |= {"service-rate", "source-rate", "reals-full", "flow-busy", "incomplete"}
    assert set(program.reasons) - unreached <= set(seen), seen
    scale.record("packets_generated", asked, asked, 0, time.monotonic() - started)


def conversation(generator: Generator) -> list[bytes]:
    """The frames of one client's connections, with losses, repeats and reuse of the ports."""
    pick = generator.random
    vip = pick.choice(generator.vips)
    client = ip_address(
        f"10.2.0.{pick.randrange(1, 250)}"
        if vip.version == 4
        else f"fd02::{pick.randrange(1, 250)}"
    )
    sport, dport = pick.randrange(2000, 2010), pick.choice(generator.ports)
    wrap = ipv4 if vip.version == 4 else ipv6
    kind = 0x0800 if vip.version == 4 else 0x86DD
    if pick.random() < 0.3:
        return [
            frame(wrap(client, vip, 17, udp(sport, dport, bytes(pick.randrange(30)))), kind)
            for _ in range(pick.randrange(1, 5))
        ]
    steps = [0x02, 0x10] + [0x18] * pick.randrange(4) + [pick.choice([0x11, 0x04, 0x14]), 0x10]
    flags = [step for step in steps * pick.randrange(1, 3) if pick.random() < 0.9]
    flags = [step for step in flags for _ in range(1 + (pick.random() < 0.1))]
    return [frame(wrap(client, vip, 6, tcp(sport, dport, step)), kind) for step in flags]


def converse(
    program: Program,
    model: Model,
    generator: Generator,
    by_name: dict[tuple[str, str], Real],
    asked: int,
    between: Callable[[], None] | None = None,
) -> int:
    """Many conversations, twenty at a time with their frames interleaved; ``between`` is called
    before every 25th frame. What is counted of flows is right after each frame. Returns how many
    conversations there were."""
    running: list[list[bytes]] = []
    number = begun = 0
    while begun < asked or running:
        if begun < asked and len(running) < 20:  # twenty at a time, frames interleaved
            running.append(conversation(generator))
            begun += 1
            continue
        frames = generator.random.choice(running)
        if not frames:
            running.remove(frames)
            continue
        sent = frames.pop(0)
        if between is not None and number % 25 == 0:
            between()
        check(f"conversation-{number}", sent, model.process(sent), program.run(sent))
        compare_loads(program, by_name, tables=number % 50 == 0)
        number += 1
    compare_loads(program, by_name, tables=True)
    return begun


@pytest.mark.soak
def test_conversations(program: Program) -> None:
    program.configure(TEXT, resolutions())
    model, by_name = build()
    generator = Generator(seed=2, vips=VIPS, ports=PORTS)
    asked = scale.count("packets_conversations")
    started = time.monotonic()
    begun = converse(program, model, generator, by_name, asked)
    compare_counters(program, by_name)
    scale.record("packets_conversations", asked, begun, 0, time.monotonic() - started)


class Absences:
    """Reals that stop answering, with or without their MAC address, and answer again."""

    def __init__(
        self, program: Program, model: Model, by_name: dict[tuple[str, str], Real], seed: int
    ) -> None:
        self._program = program
        self._model = model
        self._reals = by_name
        self._random = random.Random(seed)
        self._cycles = [list(service.sequence) for service in model.services]
        self._found = resolutions()

    def change(self) -> None:
        """One address becomes another way."""
        address = self._random.choice(sorted({address for _, address in self._reals}))
        there = resolutions().get(address) or Resolution(mac_of(address).hex(":"), LINK, True)
        answers, known = self._random.choice(
            [(True, True), (True, True), (False, True), (False, False)]
        )
        gone = Resolution(there.mac, there.link, False) if known else Resolution(None, None, False)
        self._found[address] = there if answers else gone
        for (_, name), real in self._reals.items():
            if name == address:
                real.usable, real.away, real.resolved = answers, not answers, known
        for service, cycle in zip(self._model.services, self._cycles, strict=True):
            answering = {id(real): real for real in cycle if real.usable}
            # Of the reals 21 and 22 with their weights 3 and 1, one alone is a cycle of its own.
            service.sequence = (
                [real for real in cycle if real.usable]
                if len(answering) > 1
                else list(answering.values())
            )
        self._program.configure(TEXT, self._found)


@pytest.mark.soak
def test_conversations_while_reals_come_and_go(program: Program) -> None:
    program.configure(TEXT, resolutions())
    model, by_name = build()
    generator = Generator(seed=4, vips=VIPS, ports=PORTS)
    absences = Absences(program, model, by_name, seed=5)
    asked = scale.count("packets_absences")
    started = time.monotonic()
    begun = converse(program, model, generator, by_name, asked, absences.change)
    compare_counters(program, by_name)
    scale.record("packets_absences", asked, begun, 0, time.monotonic() - started)


def test_truncated_at_every_length(program: Program) -> None:
    """No length makes the program read beyond the frame or touch a flow table."""
    program.configure(TEXT, resolutions())
    model, _ = build()
    generator = Generator(seed=3, vips=VIPS, ports=PORTS)
    for _ in range(60):
        whole = generator.valid()
        for length in range(14, len(whole)):
            sent = whole[:length]
            expected = model.process(sent)
            looked_at = length % 8 == 0 and expected.reason != "forwarded"
            before = program.states() if looked_at else None
            check(f"truncated-{length}", sent, expected, program.run(sent))
            if looked_at:
                assert program.states() == before


def test_a_wrong_model_would_be_noticed(program: Program) -> None:
    """The comparison itself: a model with another MAC address disagrees at once."""
    program.configure(TEXT)
    sent = frame(ipv4(ip_address("10.1.0.1"), ip_address("192.0.2.10"), 6, tcp(1, 80, 2)), 0x0800)
    got = program.run(sent)
    with pytest.raises(AssertionError, match="expected tx"):
        check("self-test", sent, Outcome("tx", "forwarded", sent), got)
