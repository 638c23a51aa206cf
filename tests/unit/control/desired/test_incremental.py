# SPDX-License-Identifier: Apache-2.0
"""What is computed for less is what is computed anew, and so are the maps."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsrlb.config import Config
from dsrlb.config.sharing import sharing
from dsrlb.control.balancer import Balancer
from dsrlb.control.desired.compute import compute
from dsrlb.control.desired.contents import Desired, LinkState, RealId, Resolution
from dsrlb.control.desired.incremental import Computer, _Since
from dsrlb.control.health.checklist import Checklist
from dsrlb.control.health.condition import WELL, Condition
from dsrlb.control.maps import drift
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.installed import read
from dsrlb.control.probing.targets import Ends
from dsrlb.dataplane.keys import IPAddress
from dsrlb.errors import ConfigError, StateError
from dsrlb.observe.events import EventLog
from tests.unit.control.changes import grouped
from tests.unit.control.fakemaps import FakeMaps
from tests.unit.control.health.pieces import all_ends, checks_of
from tests.unit.control.replay import (
    A1,
    A2,
    A3,
    A4,
    ELEVEN,
    LINKS,
    TEN,
    config_of,
    resolved,
    service,
)

_COUNTED = "service_epoch"
"""The one map in which every change leaves a trace."""
_POOL = '"192.0.2.200-192.0.2.201"'
FORMS = {
    "web": [
        service("web", "80", [A1, A2]),
        service("web", "80", [A1, f"{A2}*5"]),
        service("web", "80", [A2, A1, A3]),
        service("web", "[80, 8443]", [A1], vip=f"[{TEN}, {ELEVEN}]"),
        service("web", '"80-95"', [A1, A2], 'algorithm = "maglev"'),
        service("web", "80", [A1, A2], mode="router"),
        service("web", "80", [f"{A1}@8080", A2], mode="router"),
        service("web", "80", [A1, A2], mode="one-arm", pool=_POOL),
        service("web", "80", [A1, A2], "outbound = true", vip=ELEVEN, mode="nat", pool=_POOL),
        service("web", "80", [A1, A2], 'allow = ["198.51.100.0/24"]\nslow_start = "10s"'),
    ],
    "api": [
        service("api", "81", [A1, A2]),
        service("api", '"79-82"', [A2, A3], 'algorithm = "hash"'),
        service("api", "any", [A3], vip=ELEVEN),
        service("api", "81", [A1, A2], "outbound = true", vip=ELEVEN, mode="nat", pool=_POOL),
        service("api", "81", [A2, A3], 'all_down = "all-up"', mode="router"),
        service("api", "81", [A1], f'all_down = "sorry"\nsorry = {{ address = "{A4}" }}'),
        service("api", "81", [A1], "l3dsr = { method = 'ipip' }", mode="l3dsr"),
    ],
    "one": [
        grouped("one", "443", "g"),
        grouped("one", "443", "h"),
        grouped("one", "443", "g", [A1]),
    ],
    "two": [grouped("two", "8000", "g"), grouped("two", "8000", "h"), service("two", "8000", [A3])],
}
CONDITIONS = [
    WELL,
    Condition("down"),
    Condition("drain"),
    Condition("disabled"),
    Condition(share=7),
]
ADDRESSES = [A1, A2, A3, A4]
_STEPS = st.one_of(
    st.tuples(st.just("service"), st.sampled_from(sorted(FORMS)), st.integers(0, 99)),
    st.tuples(st.just("without"), st.sampled_from(sorted(FORMS)), st.just(0)),
    st.tuples(st.just("condition"), st.sampled_from(ADDRESSES), st.integers(0, 4)),
    st.tuples(st.just("lost"), st.sampled_from(ADDRESSES), st.just(0)),
    st.tuples(st.just("moved"), st.sampled_from(ADDRESSES), st.integers(0, 9)),
    st.tuples(st.just("link"), st.sampled_from(["eth0", "eth1"]), st.integers(1400, 1402)),
    st.tuples(st.just("attached"), st.just("eth1"), st.integers(0, 1)),
    st.tuples(st.just("order"), st.just(""), st.just(0)),
    st.tuples(st.just("probe"), st.just(""), st.integers(0, 1)),
    st.tuples(st.just("broken"), st.just(""), st.integers(1, 5)),
)


@dataclass
class World:
    """Everything that a Desired depends on, and who follows it."""

    maps: FakeMaps = field(default_factory=FakeMaps)
    texts: dict[str, str] = field(default_factory=lambda: {"web": FORMS["web"][0]})
    config: Config = field(default_factory=config_of)
    links: dict[str, LinkState] = field(default_factory=lambda: dict(LINKS))
    conditions: dict[str, Condition] = field(default_factory=dict)
    places: dict[str, Resolution] = field(default_factory=dict)
    probe: tuple[int, bytes] | None = None
    rows: dict[int, Ends] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.applier = Applier(self.maps, read(self.maps))
        self.computer = Computer()
        self.checklist = Checklist()
        self.asked: frozenset[RealId] = frozenset()

    def found(self) -> dict[RealId, Resolution]:
        """Where everybody is."""
        return {
            real: self.places.get(str(real.address), where)
            for real, where in resolved(self.config).items()
        }

    def condition_of(self, real: RealId) -> Condition:
        """How everybody does."""
        return self.conditions.get(str(real.address), WELL)

    def step(self, what: str, name: str, number: int) -> None:
        """Something changes, and it is followed."""
        moved: set[str] = set()
        texts = dict(self.texts)
        before = self.found(), dict(self.conditions)
        if what == "service":
            self.texts[name] = FORMS[name][number % len(FORMS[name])]
        elif what == "without":
            self.texts.pop(name, None)
        elif what == "order":
            self.texts = dict(reversed(self.texts.items()))
        elif what == "condition":
            self.conditions[name] = CONDITIONS[number]
        elif what == "lost":
            self.places[name] = Resolution(None, None, False)
        elif what == "moved":
            mac = f"02:00:00:00:01:{number:02x}"
            self.places[name] = Resolution(mac, LINKS[f"eth{number % 2}"], number % 3 > 0)
        elif what == "link":
            self.links[name] = replace(LINKS[name], mtu=number)
        elif what == "attached":
            self.links.pop(name, None)
            if number:
                self.links[name] = LINKS[name]
        elif what == "probe":
            self.probe = (7, bytes(6)) if number else None
        try:
            self.config = sharing(config_of(*self.texts.values()), self.config)
        except ConfigError:  # two of them do not go together: there is another step
            self.texts = texts
        found = self.found()
        for real, where in found.items():
            if before[0].get(real) != where or before[1].get(str(real.address), WELL) != (
                self.condition_of(real)
            ):
                moved.add(real.service.name)
        if what == "broken":
            moved |= self._break(found, number)
        self._write(found, moved)

    def _desired(self, found: Mapping[RealId, Resolution], moved: set[str]) -> Desired:
        desired = self.computer.desired(
            *(self.config, self.links, found, self.condition_of), moved, self.applier.serial
        )
        desired.probe = self.probe
        return desired

    def _break(self, found: Mapping[RealId, Resolution], number: int) -> set[str]:
        """There is no room for what is written with everybody down."""
        left, records = number, self.applier.installed.records
        allocate = records.allocate

        def full(length: int = 1) -> int:
            nonlocal left
            left -= 1
            if not left:
                raise StateError("no room")
            return allocate(length)

        kept, self.conditions = self.conditions, dict.fromkeys(ADDRESSES, Condition("down"))
        names = {real.service.name for real in found}
        records.allocate = full  # type: ignore[method-assign]
        with suppress(StateError):
            self.applier.apply(self._desired(found, names))
        records.allocate = allocate  # type: ignore[method-assign]
        self.conditions = kept
        return names

    def _write(self, found: Mapping[RealId, Resolution], moved: set[str]) -> None:
        self.applier.apply(self._desired(found, moved))
        reals = self.applier.installed.reals
        if not self.checklist.knows:  # as ProbeWay
            self.rows = {}
        news = self.checklist.update(self.config, self.computer.parts, reals, found, _kernel)
        for index in news.gone_rows:
            self.rows.pop(index, None)
        self.rows |= news.rows
        self._check(found, news.unasked)

    def _check(self, found: Mapping[RealId, Resolution], unasked: set[RealId]) -> None:
        """All is as if it were made anew."""
        wanted = compute(self.config, self.links, found, self.condition_of)
        wanted.probe = self.probe
        assert self._desired(found, set()) == wanted
        again = self.maps.copy()
        assert not Applier(again, read(again)).apply(wanted)
        for name in self.maps._maps:
            if name != _COUNTED:
                assert again[name].array.tobytes() == self.maps[name].array.tobytes(), name
                assert again[name].content == self.maps[name].content, name  # type: ignore[attr-defined]
        state = self.applier.installed
        assert {name: entry.content for name, entry in state.services.items()} == wanted.services
        checks = checks_of(self.config, state.reals, found, _kernel, self.asked)
        got = self.checklist.checks
        assert sorted(map(str, got.targets)) == sorted(map(str, checks.targets))
        assert got.reals == checks.reals
        assert got.homeless == checks.homeless
        assert self.asked - got.checked <= unasked | self.asked - state.reals.keys()
        assert self.rows == all_ends(self.config, state.reals, found, _kernel)
        self.asked = got.checked


def _kernel(_: IPAddress) -> IPAddress | None:
    return ip_address("10.0.0.250")


def run(*steps: tuple[str, str, int]) -> World:
    """One after the other."""
    world = World()
    for step in steps:
        world.step(*step)
    return world


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.lists(_STEPS, min_size=1, max_size=10))
def test_as_if_made_anew(steps: list[tuple[str, str, int]]) -> None:
    """After every change of whatever it depends on, also after writes that broke off."""
    run(*steps)


@pytest.mark.parametrize("name", sorted(FORMS))
def test_every_form_of_a_service(name: str) -> None:
    """From each to each next one, with others beside it."""
    others = [("service", other, 0) for other in sorted(FORMS) if other != name]
    run(*others, *(("service", name, number) for number in range(len(FORMS[name]))))


def test_interfaces_come_and_go() -> None:
    """With everything that says by which ones clients come in."""
    run(("service", "api", 0), ("attached", "eth1", 0), ("attached", "eth1", 1))


def test_little_is_looked_at() -> None:
    """A change of one real server says so, and no table that services share is another object."""
    world = run(("service", "api", 0), ("service", "one", 0))
    last = world._desired(world.found(), set())
    assert last.delta is not None
    assert (last.delta.services, last.delta.reals) == (set(), set())
    world.conditions[A3] = Condition("down")
    world.step("service", "web", 2)
    world.conditions[A3] = WELL
    desired = world._desired(world.found(), {"web"})
    assert desired.delta is not None
    assert {each.name for each in desired.delta.services} == {"web"}
    assert {str(real.address) for real in desired.delta.reals} == {A3}
    again = world._desired(world.found(), set())
    assert again.vips is desired.vips
    assert again.keys is desired.keys


def test_probes_follow_who_gets_another_place() -> None:
    """Somebody else removes a real server; it is put where there is room."""
    world = run(("service", "api", 0), ("without", "web", 0))
    reals = world.maps["reals"].array
    place, _ = reals["flags"].nonzero()[0].tolist()
    reals["flags"][place] = 0
    balancer = SimpleNamespace(
        applier=world.applier,
        config=world.config,
        dataplane=SimpleNamespace(maps=world.maps),
        detached=False,
        events=EventLog(),
        probes=SimpleNamespace(forget_places=world.checklist.forget_places),
        write=lambda _: world._write(world.found(), set()),
    )
    drift.put_right(cast(Balancer, balancer))
    assert world.rows.keys() == set(reals["flags"].nonzero()[0].tolist())
    assert place not in world.rows


def test_what_was_not_applied_is_not_relied_on() -> None:
    """Somebody else's base: everything may be another."""
    world = run(("service", "api", 0))
    computed = world.computer.desired(
        *(world.config, world.links, world.found(), world.condition_of), (), base=-5
    )
    assert computed.delta is None


def test_who_goes_and_comes_back_is_not_gone() -> None:
    """Also where nothing was applied meanwhile."""
    world = run(("service", "web", 0))
    part = next(iter(world.computer.parts.values()))
    since = _Since(1)
    for before, after in ((part, None), (None, part)):
        since.take(before, after)
    delta = since.delta()
    assert (delta.gone, delta.gone_reals) == (frozenset(), frozenset())
    assert delta.services == {part.identity}
    assert delta.reals == part.reals.keys() != set()
