# SPDX-License-Identifier: Apache-2.0
"""Reals that could serve nobody, and a choice that is not there."""

from __future__ import annotations

import pytest

from dsrlb.config import parse
from dsrlb.errors import ConfigError

HEAD = '[balancer]\ninterfaces = ["eth0"]\n'


def service(name: str, vip: str, rest: str) -> str:
    return (
        f'[[service]]\nname = "{name}"\nvip = "{vip}"\nprotocol = "tcp"\nport = 80\n'
        f'mode = "l2dsr"\n{rest}\n'
    )


def wrong(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        parse(HEAD + text, "x.toml")
    return [str(problem) for problem in refused.value.problems]


def test_a_real_of_a_family_without_a_vip() -> None:
    reals = 'real = [{ address = "10.0.0.1" }, { address = "fd00::2" }]'
    (problem,) = wrong(service("web", "192.0.2.1", reals))
    assert problem.startswith("x.toml:9: service[0].real[1].address")
    assert "give an IPv4 address" in problem


def test_a_group_serves_the_families_of_all_its_services() -> None:
    group = '[[group]]\nname = "g"\nreal = [{ address = "10.0.0.1" }, { address = "fd00::2" }]\n'
    four, six = (
        service(name, vip, 'group = "g"') for name, vip in (("a", "192.0.2.1"), ("b", "fd00::1"))
    )
    parse(HEAD + group + four + six, "x.toml")
    (problem,) = wrong(group + four)
    assert "group[0].real[1].address" in problem


def test_a_mistyped_choice_is_offered_what_is_there() -> None:
    text = service(
        "web", "192.0.2.1", 'algorithm = "least-conn"\nreal = [{ address = "10.0.0.1" }]'
    )
    (problem,) = wrong(text)
    assert "'round-robin', 'weighted-round-robin', 'least-connection'," in problem
