# SPDX-License-Identifier: Apache-2.0
"""Modes, pools and ports change under traffic: what flows name stays, or goes with the real."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsrlb.config import Config
from dsrlb.control.desired.forms import form_of
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.installed import read
from dsrlb.errors import ConfigError
from tests.unit.control.fakemaps import FakeMaps
from tests.unit.control.invariants import Kept, check_named
from tests.unit.control.modechanges import MODE_CHANGES, MODE_PAIRS, OUTBOUND, P1, P2, P3, mode
from tests.unit.control.replay import (
    A1,
    A2,
    A3,
    ELEVEN,
    TEN,
    check_end,
    config_of,
    desired_of,
    index_of,
    replay,
    service,
)


@pytest.mark.parametrize(
    ("before", "after"),
    [pytest.param(*change, id=name) for name, change in {**MODE_PAIRS, **MODE_CHANGES}.items()],
)
def test_every_store_leaves_before_or_after(before: Config, after: Config) -> None:
    replay(before, after)


def applied(*configs: Config) -> Applier:
    """One configuration after the other, by one daemon."""
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    for config in configs:
        applier.apply(desired_of(config))
    return applier


def kills(before: Config, after: Config) -> tuple[list[FakeMaps], dict[str, int]]:
    """The maps of daemons that were killed on the way, behind the first store, the second, and so
    on; and the places that the reals had before."""
    maps, found = FakeMaps(), []
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(before))
    places = {str(real.address): entry.index for real, entry in applier.installed.reals.items()}
    maps.watch = lambda _: found.append(maps.copy())
    applier.apply(desired_of(after))
    return found, places


@pytest.mark.parametrize("name", MODE_CHANGES)
def test_killed_at_any_store_the_next_start_finishes(name: str) -> None:
    """With the new configuration, or with the old one, which is the saved one until the end."""
    before, after = MODE_CHANGES[name]
    for left in kills(before, after)[0]:
        for then, maps in ((after, left.copy()), (before, left)):
            kept = Kept(maps)

            def watch(_: str, maps: FakeMaps = maps, kept: Kept = kept) -> None:
                check_named(maps)
                kept.check(maps)

            applier = Applier(maps, read(maps))
            maps.watch = watch
            applier.apply(desired_of(then))
            maps.watch = None
            check_end(maps, then)


@pytest.mark.parametrize("name", ["mode-from-dsr", "mode-to-dsr", "port-given"])
def test_a_change_that_is_taken_back_ends_no_flow(name: str) -> None:
    """As long as the real that has them was not removed."""
    before, after = MODE_CHANGES[name]
    back = 0
    found, places = kills(before, after)
    for maps in found:
        generations = maps["reals"].array["generation"].tolist()
        applier = Applier(maps, read(maps))
        applier.apply(desired_of(before))
        for address, index in places.items():
            if not generations[index]:
                assert index_of(applier, address) == index
                back += 1
        check_end(maps, before)
    assert back > 10


CHANGES_OF_FORM = [
    (mode("l2dsr"), mode("router"), True),
    (mode("router"), mode("l2dsr"), True),
    (mode("router"), mode("one-arm"), True),
    (mode("bridge"), mode("router"), True),
    (mode("router"), mode("nat"), False),
    (mode("router"), mode("router", [f"{A1}@8080", A2]), True),
    (mode("one-arm"), mode("one-arm", pool=P2), False),
    (mode("router"), mode("router", [f"{A1}*3", A2]), False),
]


@pytest.mark.parametrize(("before", "after", "ends"), CHANGES_OF_FORM)
def test_flows_end_only_where_they_cannot_go_on(before: Config, after: Config, ends: bool) -> None:
    applier = applied(before)
    old = index_of(applier, A1)
    wanted = desired_of(after)
    assert applier.removes_reals(wanted) == ends
    applier.apply(wanted)
    maps = applier._maps
    assert (index_of(applier, A1) != old) == ends
    assert int(maps["reals"].array["generation"][old]) == ends
    assert bool(maps["reals"].array["flags"][old]) != ends
    assert not applier.removes_reals(wanted)


def test_the_new_real_of_a_changed_method_has_counters_of_its_own() -> None:
    applier = applied(mode("l2dsr"))
    maps = applier._maps
    old = index_of(applier, A1)
    for field in ("open", "pending", "full"):
        maps["loads"].array[field][old] = 3
    applier.apply(desired_of(mode("router")))
    new = index_of(applier, A1)
    assert [int(maps["loads"].array[field][new]) for field in ("open", "pending", "full")] == [
        0
    ] * 3
    assert int(maps["loads"].array["open"][old]) == 3


def test_both_places_of_a_real_are_read_back() -> None:
    """A daemon was killed before the old one was removed."""
    before, after = mode("l2dsr"), mode("router")
    seen = 0
    found, places = kills(before, after)
    for maps in found:
        state = read(maps)
        for real, entry in state.former:
            pair = {entry.index, state.reals[real].index}
            assert places[str(real.address)] in pair
            assert form_of(entry.content) != form_of(state.reals[real].content)
            seen += 1
        assert len(state.reals) == 2
    assert seen


@pytest.mark.parametrize("name", ["outbound-on", "pool-grows", "mode-and-port", "mss-clamp"])
def test_everything_is_read_back(name: str) -> None:
    applier = applied(*MODE_CHANGES[name])
    state, again = applier.installed, read(applier._maps)
    assert again.services == state.services
    assert again.reals == state.reals
    assert again.openers == state.openers
    assert again.vips == state.vips
    later = Applier(applier._maps, again)
    assert not later.apply(desired_of(MODE_CHANGES[name][1]))
    assert not later.removes_reals(desired_of(MODE_CHANGES[name][1]))


def test_equal_pools_share_a_range_and_others_do_not() -> None:
    pools = (f"{P1}, {P2}", f"{P2}, {P1}", P3)
    config = config_of(
        *(
            service(name, port, [A1], mode="one-arm", pool=pool)
            for (name, port), pool in zip(
                (("a", "80"), ("b", "81"), ("c", "82")), pools, strict=True
            )
        )
    )
    state = applied(config).installed
    first, second, third = (entry.pool for _, entry in sorted(state.services.items()))
    assert first == second != third


def test_a_pool_that_comes_back_finds_its_range() -> None:
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    ranges = []
    for pool in (P1, f"{P2}, {P3}", P1, P3):
        applier.apply(desired_of(mode("one-arm", pool=pool)))
        (entry,) = applier.installed.services.values()
        ranges.append(entry.pool)
    assert ranges[0] == ranges[2]
    assert ranges[3] == ranges[1] + 1


CONFIGS = st.builds(
    lambda name, port, reals, how, vips: service(
        name, port, reals, how[1], vips, mode=how[0], pool=how[2]
    ),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["80", "81"]),
    st.lists(
        st.tuples(st.sampled_from([A1, A2, A3]), st.integers(0, 2), st.sampled_from(["", "@8080"])),
        min_size=1,
        max_size=3,
        unique_by=lambda real: real[0],
    ).map(lambda reals: [f"{address}*{weight}{port}" for address, weight, port in reals]),
    st.sampled_from(
        [
            ("l2dsr", "", ""),
            ("bridge", "", ""),
            ("router", 'interfaces = "eth0"', ""),
            ("router", "mss_clamp = 1300", ""),
            ("nat", "", ""),
            ("nat", OUTBOUND, P1),
            ("nat", OUTBOUND, f"{P1}, {P2}"),
            ("one-arm", "", P1),
            ("one-arm", 'interfaces = "eth0"', f"{P2}, {P3}"),
        ]
    ),
    st.sampled_from([TEN, ELEVEN, f"[{TEN}, {ELEVEN}]"]),
)


def _config(services: list[str]) -> Config | None:
    try:
        return config_of(*services)
    except ConfigError:
        return None


VALID = st.lists(CONFIGS, max_size=2).map(_config).filter(lambda config: config is not None)
LOST = st.sets(st.sampled_from([A1, A2, A3]), max_size=1)


@settings(max_examples=100, deadline=None)
@given(VALID, VALID, LOST, LOST)
def test_any_change(before: Config, after: Config, one: set[str], other: set[str]) -> None:
    replay(before, after, (sorted(one), sorted(other)))
