# SPDX-License-Identifier: Apache-2.0
"""Ports of a VIP that two services, or two entries of one, claim."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsrlb.config import checks, parse
from dsrlb.config.values import PortRange
from dsrlb.errors import ConfigError

ENTRIES = st.one_of(
    st.just("any"),
    st.integers(1, 20).map(str),
    st.tuples(st.integers(1, 18), st.integers(1, 5)).map(lambda at: f"{at[0]}-{at[0] + at[1]}"),
)


def text_of(ports: list[list[str]]) -> str:
    """A service for each list, all with one VIP."""
    lines = ["[balancer]", 'interfaces = ["eth0"]']
    for number, entries in enumerate(ports):
        listed = ", ".join(f'"{entry}"' for entry in entries)
        lines += ["[[service]]", f'name = "s{number}"', 'vip = "192.0.2.1"', 'protocol = "tcp"']
        lines += [f"port = [{listed}]", 'mode = "l2dsr"', 'health.type = "none"']
        lines += ["[[service.real]]", 'address = "10.0.0.1"']
    return "\n".join(lines) + "\n"


def matched(entry: str) -> tuple[int, set[int]]:
    """At which rank, and which ports."""
    if entry == "any":
        return 0, {0}
    first, _, last = entry.partition("-")
    return (1 if last else 2), set(range(int(first), int(last or first) + 1))


@given(st.lists(st.lists(ENTRIES, min_size=1, max_size=3), min_size=1, max_size=4))
def test_who_comes_second_is_told(ports: list[list[str]]) -> None:
    """Of each service that has a port of an earlier entry, at the same rank."""
    before: list[tuple[int, set[int]]] = []
    wrong = []
    for number, entries in enumerate(ports):
        for rank, found in map(matched, entries):
            if any(rank == other and found & taken for other, taken in before):
                wrong.append(number)
            before.append((rank, found))
    try:
        parse(text_of(ports), "x.toml")
        told = set()
    except ConfigError as error:
        assert all("duplicate service" in problem.message for problem in error.problems)
        told = {int(problem.key.split("[")[1].split("]")[0]) for problem in error.problems}
    assert told == set(wrong)


def test_many_services_of_one_vip_are_not_compared_each_with_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, overlap = Counter[str](), checks._overlap

    def counted(one: PortRange, other: PortRange) -> bool:
        asked["overlap"] += 1
        return overlap(one, other)

    monkeypatch.setattr(checks, "_overlap", counted)
    parse(text_of([[str(1 + number)] for number in range(500)]), "x.toml")
    assert not asked
    with pytest.raises(ConfigError, match="duplicate service"):
        parse(text_of([["80"] for _ in range(500)]), "x.toml")
    assert asked["overlap"] == 499
