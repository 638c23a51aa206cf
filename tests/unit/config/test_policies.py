# SPDX-License-Identifier: Apache-2.0
"""Lists, rates, limits and persistence: what is accepted, and every problem with its place."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from dsrlb.config import Config, parse
from dsrlb.errors import ConfigError, Problem
from tests.unit.config.policy_cases import A_PREFIX, CASES, GOOD

SHARED = 'persistence = "1m"\npersistence_group = "g"'


def with_lines(**lines: str) -> str:
    """The good text with lines in place of its comments."""
    text = GOOD
    for name, line in lines.items():
        text = text.replace(f"# {name.upper()}\n", line + "\n")
    return text


def config(**lines: str) -> Config:
    """The configuration of with_lines()."""
    return parse(with_lines(**lines), "f.toml")


def problems(**lines: str) -> list[Problem]:
    """What is wrong with with_lines()."""
    with pytest.raises(ConfigError) as caught:
        config(**lines)
    return list(caught.value.problems)


def test_defaults() -> None:
    good = config()
    web, real = good.service[0], good.group[0].real[0]
    assert good.balancer.scan_interval == 2
    assert (web.on_unknown, web.allow, web.deny, web.one_packet) == ("drop", (), (), False)
    assert (web.new_flow_rate, web.source_flow_rate) == (0, 0)
    assert (web.persistence, web.persistence_group) == (0, None)
    assert (real.max_open, real.max_open_low, real.resumes_at) == (0, None, 0)


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ('"192.0.2.0/24"', ["192.0.2.0/24"]),
        ('"192.0.2.1"', ["192.0.2.1/32"]),
        ('["2001:db8::/32", "0.0.0.0/0", "::/0"]', ["2001:db8::/32", "0.0.0.0/0", "::/0"]),
        ('"2001:db8::1"', ["2001:db8::1/128"]),
        ("[]", []),
    ],
)
def test_prefixes(text: str, networks: list[str]) -> None:
    wanted = tuple(ip_network(network) for network in networks)
    assert config(web=f"allow = {text}").service[0].allow == wanted
    assert config(dns=f"deny = {text}").service[1].deny == wanted


@pytest.mark.parametrize(
    ("most", "low", "resumes_at"),
    [("max_open = 100", "", 90), ("max_open = 1", "", 0), ("max_open = 15", "", 13)]
    + [("max_open = 100", f"max_open_low = {low}", low) for low in (0, 50, 99)],
)
def test_max_open_low(most: str, low: str, resumes_at: int) -> None:
    assert config(real=f"{most}\n{low}").group[0].real[0].resumes_at == resumes_at


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ('"0s"', 0), ('"0"', 0), ('"10m"', 600)])
def test_persistence(text: str, seconds: int) -> None:
    assert config(web=f"persistence = {text}").service[0].persistence == seconds


def test_a_group_of_services() -> None:
    """The families that both have are compared: only one of them has IPv6."""
    shared = config(web=SHARED, dns=SHARED)
    assert [service.persistence_group for service in shared.service] == ["g", "g"]


@pytest.mark.parametrize("name", CASES)
def test_bad_value(name: str) -> None:
    where, lines, line, key, value, says = CASES[name]
    if where is None:
        text = GOOD.replace("[[group]]", f"{lines}\n[[group]]")
    else:
        text = with_lines(**{where: lines})
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.toml")
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("f.toml", line)
    assert (problem.key, problem.value) == (key, value)
    assert says in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "5",
        "true",
        '""',
        '"x"',
        '"10/8"',
        '"10.0.0.0/33"',
        '"10.0.0.0/255.0.0.0"',
        '"10.0.0.0/"',
        '"10.0.0.0 /8"',
        '"::/129"',
        '"fe80::%eth0/64"',
    ],
)
def test_no_prefix(text: str) -> None:
    (problem,) = problems(web=f"deny = {text}")
    assert (problem.line, problem.key) == (15, "service[0].deny")
    assert problem.message == A_PREFIX


@pytest.mark.parametrize("kind", ["new_flow", "source_flow"])
def test_rates(kind: str) -> None:
    good = config(web=f"{kind}_rate = 10_000_000\n{kind}_burst = 3").service[0]
    assert (getattr(good, f"{kind}_rate"), getattr(good, f"{kind}_burst")) == (10_000_000, 3)
    for value in ("-1", "10_000_001", "1.5", '"5"', "true"):
        (problem,) = problems(web=f"{kind}_rate = {value}")
        assert (problem.line, problem.key) == (15, f"service[0].{kind}_rate")
    (problem,) = problems(web=f"{kind}_burst = 3")
    assert (problem.line, problem.key, problem.value) == (15, f"service[0].{kind}_burst", "3")
    assert problem.message == f"a burst is of a rate; give {kind}_rate too"


def test_a_group_has_one_time() -> None:
    (problem,) = problems(web=SHARED, dns=SHARED.replace("1m", "2m"))
    assert (problem.line, problem.key) == (24, "service[1].persistence")
    assert problem.value == '"120s"'
    assert "service 'web' of the same persistence_group has 60s" in problem.message


def test_a_group_has_the_same_real_servers() -> None:
    text = with_lines(web=SHARED, dns=SHARED)
    others = ", ".join(f'{{ address = "10.0.0.{n}" }}' for n in range(12, 17))
    with pytest.raises(ConfigError) as caught:
        parse(text.replace('{ address = "10.0.0.11" }', others), "f.toml")
    (problem,) = caught.value.problems
    assert (problem.key, problem.value) == ("service[1].persistence_group", '"g"')
    assert "service 'web' of this group has other IPv4 real servers" in problem.message
    assert "only in 'web': 10.0.0.11;" in problem.message
    assert "only here: 10.0.0.12, 10.0.0.13, 10.0.0.14 and 2 more" in problem.message


def test_each_family_is_compared_with_the_first_service_that_has_it() -> None:
    six = """\
[[service]]
name = "six"
vip = "2001:db8::11"
protocol = "tcp"
port = 80
mode = "l2dsr"
real = [{ address = "2001:db8:1::12" }]
"""
    text = with_lines(web="", dns=SHARED) + six + SHARED
    parse(text, "f.toml")  # of IPv4 there is only dns, of IPv6 only six
    with pytest.raises(ConfigError) as caught:
        parse(text.replace('group = "web"', f'group = "web"\n{SHARED}'), "f.toml")
    (problem,) = caught.value.problems
    assert problem.key == "service[2].persistence_group"
    assert "IPv6" in problem.message


def test_other_problems_are_told_by_themselves() -> None:
    text = with_lines(web=SHARED, dns=SHARED).replace('group = "web"', 'group = "wbe"', 1)
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.toml")
    assert [problem.key for problem in caught.value.problems] == ["service[0].group"]
