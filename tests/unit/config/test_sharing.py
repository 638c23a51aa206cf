# SPDX-License-Identifier: Apache-2.0
"""Which services of a configuration are others than before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsrlb.config import Config, parse
from dsrlb.config.sharing import others, sharing

GROUP = '[[group]]\nname = "g{0}"\n[[group.real]]\naddress = "10.0.0.{1}"\n'
SERVICE = """[[service]]
name = "s{0}"
vip = "192.0.2.{0}"
protocol = "tcp"
port = {1}
mode = "l2dsr"
group = "g{2}"
"""
STEPS = st.tuples(
    st.tuples(st.integers(1, 3), st.integers(1, 3)),  # the real server of each group
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(80, 81), st.integers(1, 2)),
        unique_by=lambda service: service[0],
        min_size=1,
    ),
)


def config_of(step: tuple[tuple[int, int], list[tuple[int, int, int]]]) -> Config:
    """Two groups, and services that have one of them each."""
    addresses, services = step
    text = '[balancer]\ninterfaces = ["eth0"]\n'
    text += "".join(GROUP.format(number, real) for number, real in enumerate(addresses, start=1))
    return parse(text + "".join(SERVICE.format(*service) for service in services), "x.toml")


@given(STEPS, STEPS)
def test_who_is_another(one: tuple, other: tuple) -> None:
    """By name: who is new, or says something else, or has a group with other real servers."""
    before = config_of(one)
    after = sharing(config_of(other), before)
    assert after == config_of(other)
    known = {service.name: (service, before.reals_of(service)) for service in before.service}
    expected = [
        service.name
        for service in after.service
        if known.get(service.name) != (service, after.reals_of(service))
    ]
    assert [service.name for service in others(before, after)] == expected
    assert others(after, after) == ()


@given(STEPS, STEPS)
def test_itself(one: tuple, other: tuple) -> None:
    """What shares all that can be shared is not made anew: what is known of it stays known."""
    before = config_of(one)
    after = sharing(config_of(other), before)
    assert sharing(after, before) is after
    assert sharing(before, before) is before


HEAD = """\
[balancer]
interfaces = ["eth0", "eth1"]
[[bridge]]
name = "br0"
ports = ["eth0", "eth1"]
reals_on = "eth1"
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[balancer]", "[balancer]\nflow_capacity = 2_000_000"),
        ('reals_on = "eth1"', 'reals_on = "eth0"'),
    ],
)
def test_what_is_another_is_not_shared(old: str, new: str) -> None:
    """And the rest is, as the very object."""
    rest = GROUP.format(1, 1) + SERVICE.format(1, 80, 1)
    before, wanted = parse(HEAD + rest, "x"), parse(HEAD.replace(old, new) + rest, "x")
    after = sharing(wanted, before)
    assert after == wanted != before
    assert (after.balancer is before.balancer) is (old != "[balancer]")
    assert (after.bridge is before.bridge) is (old == "[balancer]")
    assert after.service is before.service
