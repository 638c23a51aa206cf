# SPDX-License-Identifier: Apache-2.0
"""Every problem names file, line, key and value, and says what would be right."""

from __future__ import annotations

import pytest

from dsrlb.config import parse
from dsrlb.config.source import from_tables
from dsrlb.errors import ConfigError, Problem
from tests.unit.config.cases import CASES, GOOD, VIPS


def problems(text: str) -> list[Problem]:
    """What is wrong with a text."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.toml")
    assert caught.value.message == "\n".join(str(problem) for problem in caught.value.problems)
    return list(caught.value.problems)


def wrong(old: str, new: str) -> Problem:
    """The one problem when ``old`` is replaced in the good text."""
    assert GOOD.count(old) == 1, old
    (problem,) = problems(GOOD.replace(old, new))
    assert problem.file == "f.toml"
    return problem


def test_the_good_text_is_good() -> None:
    config = parse(GOOD, "f.toml")
    assert [service.idle_timeout for service in config.service] == [900, 60]
    assert [str(ports) for ports in config.service[0].port] == ["80", "8000-8099"]


@pytest.mark.parametrize("name", CASES)
def test_bad_value(name: str) -> None:
    old, new, line, key, value, says = CASES[name]
    problem = wrong(old, new)
    assert (problem.line, problem.key, problem.value) == (line, key, value)
    assert says in problem.message
    assert str(problem) == f"f.toml:{line}: {key} = {value}: {problem.message}"


@pytest.mark.parametrize("table", ["group", "service"])
def test_a_single_table_in_place_of_a_list(table: str) -> None:
    (problem,) = problems(f'[balancer]\ninterfaces = "eth0"\n[{table}]\nname = "x"\n')
    assert (problem.line, problem.key) == (3, table)
    assert f"[[{table}]], with two brackets" in problem.message


def test_without_a_balancer() -> None:
    (problem,) = problems("")
    assert (problem.key, problem.message) == ("balancer", "this key is needed")


@pytest.mark.parametrize(
    ("text", "line", "value", "says"),
    [
        ("[balancer]\n= 5\n", 2, "= 5", "Invalid statement"),
        ("a = 1\na = 2\n", 2, "a = 2", "overwrite"),
        ('[balancer]\ninterfaces = ["eth0"', 2, 'interfaces = ["eth0"', "Unclosed array"),
    ],
)
def test_syntax(text: str, line: int, value: str, says: str) -> None:
    (problem,) = problems(text)
    assert (problem.file, problem.line, problem.key) == ("f.toml", line, "TOML")
    assert problem.value == value
    assert says in problem.message
    assert "line" not in problem.message  # it is told once


def test_all_problems_are_reported_together() -> None:
    text = GOOD.replace("weight = 2", "weight = -1").replace("port = 53", "port = 0")
    text = text.replace('mode = "l2dsr"\ngroup', 'mode = "dsr"\ncolour = "red"\ngroup')
    found = [(problem.line, problem.key) for problem in problems(text)]
    assert sorted(found) == [
        (9, "group[0].real[0].weight"),
        (19, "service[0].mode"),
        (20, "service[0].colour"),
        (27, "service[1].port"),
    ]


def test_all_contradictions_are_reported_together() -> None:
    text = GOOD.replace('name = "dns"', 'name = "web"').replace('"10.0.0.12"', '"10.0.0.11"')
    found = [problem.key for problem in problems(text)]
    assert sorted(found) == ["group[0].real[1].address", "service[1].name"]


def test_exact_range_and_any_share_a_vip() -> None:
    text = GOOD.replace(
        'vip = "192.0.2.53"\nprotocol = "udp"\nport = 53',
        'vip = "192.0.2.10"\nprotocol = "tcp"\nport = ["any", 8001, "81-90"]',
    )
    assert len(parse(text, "f.toml").service) == 2


def test_a_bad_element_is_told_once() -> None:
    problem = wrong(VIPS, 'vip = ["224.0.0.1"]')
    assert (problem.key, problem.value) == ("service[0].vip[0]", '"224.0.0.1"')


def test_too_many_reals() -> None:
    reals = "".join(f'[[service.real]]\naddress = "10.1.{n >> 8}.{n & 255}"\n' for n in range(4097))
    (problem,) = problems(GOOD.replace('[[service.real]]\naddress = "10.0.0.13"\n', reals))
    assert (problem.line, problem.key, problem.value) == (28, "service[1].real", '"4097 reals"')
    assert "at most 4,096 real servers" in problem.message


def test_tables_of_a_command_have_no_line() -> None:
    with pytest.raises(ConfigError) as caught:
        from_tables({"balancer": {"interfaces": "eth0", "xdp_mode": "fast"}})
    (problem,) = caught.value.problems
    assert str(problem).startswith('<command>: balancer.xdp_mode = "fast": ')
