# SPDX-License-Identifier: Apache-2.0
"""Program against model, as in test_model.py, with everything that decides about new flows: lists,
limits, persistence, on_unknown = "reset", one_packet. Real servers come, go, and are removed."""

from __future__ import annotations

import random
import time
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsrlb.control.desired.contents import Resolution
from tests import scale
from tests.packets.algorithms import algorithm
from tests.packets.evidence import check
from tests.packets.harness import LINK, MAC, Program, mac_of
from tests.packets.mixture_paired import TABLE_SIZE, size_of
from tests.packets.model import Model, Real, Service
from tests.packets.test_hypothesis import KINDS
from tests.packets.test_model import compare_counters, compare_loads, converse, pass_no_time
from tests.packets.traffic import Generator

NUMBERS = (11, 12, 13)
ALLOW = ("10.1.0.0/30", "10.2.0.0/16", "10.2.0.80/28", "fd01::/62", "fd02::/32", "fd02:0:0:80::/60")
DENY = ("10.1.0.2/32", "10.2.0.64/26", "fd01:0:0:2::1/128", "fd02:0:0:40::/58")
MAX_OPEN, MAX_OPEN_LOW = 4, 2
LONG = 'idle_timeout = "7d"\nclosing_timeout = "7d"\npending_timeout = "7d"\nmode = "l2dsr"'
ALGORITHMS = {
    "web": "adaptive",
    "tls": "weighted-least-connection",
    "rest": "least-connection",
    "dns": "maglev",
    "log": "hash",
}
VIPS = ["192.0.2.10", "2001:db8::10"]
PORTS = [80, 80, 443, 53, 53, 514, 5000]


def tables(numbers: list[int], more: str = "") -> str:
    """Real servers as inline tables."""
    listed = (f'{{ address = ["10.0.0.{n}", "fd00::{n}"]{more} }}' for n in numbers)
    return f"real = [{', '.join(listed)}]"


def keys_of(name: str) -> str:
    """How a service chooses."""
    return f'algorithm = "{ALGORITHMS[name]}"\n{size_of(ALGORITHMS[name])}'


def text(numbers: list[int]) -> str:
    """The configuration with these real servers; 443 has them in the other order."""
    allow, deny = (str(list(prefixes)).replace("'", '"') for prefixes in (ALLOW, DENY))
    parts = {
        "web": f'protocol = "tcp"\nport = 80\non_unknown = "reset"\nallow = {allow}\n'
        f'deny = {deny}\npersistence = "7d"\npersistence_group = "shop"\n{tables(numbers)}',
        "tls": 'protocol = "tcp"\nport = 443\non_unknown = "schedule"\npersistence = "7d"\n'
        f'persistence_group = "shop"\n{tables(numbers[::-1])}',
        "rest": 'protocol = "tcp"\nport = "any"\n'
        + tables(numbers, f", max_open = {MAX_OPEN}, max_open_low = {MAX_OPEN_LOW}"),
        "dns": 'protocol = "udp"\nport = 53\npersistence = "7d"\n'
        + tables(numbers, f", max_open = {MAX_OPEN * 20}"),
        "log": f'protocol = "udp"\nport = 514\none_packet = true\n{tables(numbers)}',
    }
    head = '[balancer]\ninterfaces = ["in0", "out0"]\n'
    both = "vip = [" + ", ".join(f'"{vip}"' for vip in VIPS) + "]"
    return head + "".join(
        f'[[service]]\nname = "{name}"\n{both}\n{LONG}\n{keys_of(name)}{keys}\n'
        for name, keys in parts.items()
    )


def build() -> tuple[Model, dict[tuple[str, str], Real]]:
    """The model of text(NUMBERS), and its real servers by service and address."""
    services: list[Service] = []
    by_name = {}
    for family, vip in ((4, VIPS[0]), (6, VIPS[1])):

        def made(service: str, most: int = 0, low: int = 0, *, family: int = family) -> list[Real]:
            names = [f"10.0.0.{n}" if family == 4 else f"fd00::{n}" for n in NUMBERS]
            reals = [
                Real(name, mac_of(name), MAC, max_open=most, max_open_low=low) for name in names
            ]
            by_name.update({(service, real.name): real for real in reals})
            return reals

        def prefixes(
            of: tuple[str, ...], family: int = family
        ) -> tuple[IPv4Network | IPv6Network, ...]:
            return tuple(p for p in map(ip_network, of) if p.version == family)

        here = (ip_address(vip),)
        web, tls = made("web"), made("tls")[::-1]
        dns = made("dns", MAX_OPEN * 20, MAX_OPEN * 18)
        named = {
            "web": Service(
                here,
                6,
                ((80, 80),),
                web,
                on_unknown="reset",
                allow=prefixes(ALLOW),
                deny=prefixes(DENY),
                group="shop",
            ),
            "tls": Service(here, 6, ((443, 443),), tls, on_unknown="schedule", group="shop"),
            "rest": Service(here, 6, ((0, 65535),), made("rest", MAX_OPEN, MAX_OPEN_LOW)),
            "dns": Service(here, 17, ((53, 53),), dns, group="dns"),
            "log": Service(here, 17, ((514, 514),), made("log"), one_packet=True),
        }
        for name, service in named.items():
            service.algorithm = algorithm(ALGORITHMS[name], size=TABLE_SIZE)
        services += named.values()
    return Model(MAC, services), by_name


@pytest.mark.soak
def test_generated_packets(program: Program) -> None:
    program.configure(text(list(NUMBERS)))
    model, by_name = build()
    generator = Generator(seed=11, vips=VIPS, ports=PORTS)
    asked = scale.count("packets_policies")
    started = time.monotonic()
    seen: dict[str, int] = {}
    for number in range(asked):
        pass_no_time(program, number)
        sent = generator.any()
        expected = model.process(sent)
        check(f"policies-{number}", sent, expected, program.run(sent))
        compare_loads(program, by_name, tables=number % 100 == 0)
        seen[expected.reason] = seen.get(expected.reason, 0) + 1
    compare_counters(program, by_name)
    assert {"answered-reset", "denied", "reals-full", "no-flow"} <= seen.keys(), seen
    scale.record("packets_policies", asked, asked, 0, time.monotonic() - started)


class Changes:
    """Real servers that do not answer, are removed, and are there again."""

    def __init__(
        self, program: Program, model: Model, by_name: dict[tuple[str, str], Real], seed: int
    ) -> None:
        self._program = program
        self._model = model
        self._reals = by_name
        self._random = random.Random(seed)
        self._states = dict.fromkeys(NUMBERS, "there")

    def _each(self, number: int) -> list[tuple[str, str]]:
        names = (f"10.0.0.{number}", f"fd00::{number}")
        return [key for key in self._reals if key[1] in names]

    def _remove(self, number: int) -> None:
        for key in self._each(number):
            gone = self._reals[key]
            gone.present = gone.usable = False

    def _add(self, number: int) -> None:
        """As new ones: with other counts, and no flows."""
        for key in self._each(number):
            old = self._reals[key]
            limits = (old.max_open, old.max_open_low)
            new = Real(
                old.name, old.mac, old.source_mac, max_open=limits[0], max_open_low=limits[1]
            )
            self._reals[key] = new
            for service in self._model.services:
                service.reals = [new if real is old else real for real in service.reals]

    def change(self) -> None:
        """One real server becomes another way."""
        number = self._random.choice(NUMBERS)
        before, after = (
            self._states[number],
            self._random.choice(["there", "there", "there", "silent", "lost", "removed"]),
        )
        others = [name for other, name in self._states.items() if other != number]
        if after == "removed" and set(others) == {"removed"}:
            return  # a service without real servers would be another configuration
        self._states[number] = after
        if after == "removed":
            self._remove(number)
        elif before == "removed":
            self._add(number)
        if after != "removed":
            for key in self._each(number):
                real = self._reals[key]
                real.usable, real.away = after == "there", after != "there"
                real.resolved = after != "lost"
        self._configure()

    def _configure(self) -> None:
        found = {}
        for number, state in self._states.items():
            for address in (f"10.0.0.{number}", f"fd00::{number}"):
                mac = None if state == "lost" else mac_of(address).hex(":")
                found[address] = Resolution(mac, LINK if mac else None, state == "there")
        present = [number for number in NUMBERS if self._states[number] != "removed"]
        self._program.configure(text(present), found)


@pytest.mark.soak
@pytest.mark.parametrize("changing", [False, True], ids=["steady", "changing"])
def test_conversations(program: Program, changing: bool) -> None:
    program.configure(text(list(NUMBERS)))
    model, by_name = build()
    generator = Generator(seed=12 + changing, vips=VIPS, ports=PORTS)
    change = Changes(program, model, by_name, seed=14).change if changing else None
    asked = scale.count("packets_policies") // 30
    begun = converse(program, model, generator, by_name, asked, change)
    assert begun == asked
    compare_counters(program, by_name)


@pytest.mark.soak
def test_any_frames(loaded: Program) -> None:
    """Up to forty frames of a few clients, from a state without flows."""
    loaded.configure(text(list(NUMBERS)))

    @settings(
        max_examples=scale.count("packets_examples") // 5,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False), st.lists(st.sampled_from(KINDS), max_size=40))
    def agree(source: random.Random, kinds: list[str]) -> None:
        loaded.rewind()
        model, by_name = build()
        generator = Generator(source, vips=VIPS, ports=PORTS)
        for number, kind in enumerate(kinds):
            sent = getattr(generator, kind)()
            check(f"hypothesis-{number}", sent, model.process(sent), loaded.run(sent))
            compare_loads(loaded, by_name, tables=False)

    try:
        agree()
    finally:
        loaded.reset()
