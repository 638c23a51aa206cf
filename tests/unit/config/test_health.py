# SPDX-License-Identifier: Apache-2.0
"""Health tables and what follows from them: what is accepted, and every problem with its place."""

from __future__ import annotations

import pytest

from dsrlb.config import Config, Health, dump, parse
from dsrlb.errors import ConfigError, Problem
from tests.unit.config.health_cases import CASES, GOOD


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


def health(name: str, **lines: str) -> Health:
    """How the real servers of a service are asked."""
    found = config(**lines)
    return found.health_of(next(one for one in found.service if one.name == name))


def test_what_is_asked_where_nothing_is_said() -> None:
    assert health("web").type == "tcp"
    assert health("dns").type == "none"
    text = GOOD.replace("port = 80", 'port = "any"')
    assert parse(text, "f.toml").health_of(parse(text, "f.toml").service[0]).type == "none"


def test_a_service_overrides_its_group() -> None:
    assert health("web", group='health.type = "icmp"').type == "icmp"
    both = {"group": 'health.type = "icmp"', "web": 'health.type = "none"'}
    assert health("web", **both).type == "none"


@pytest.mark.parametrize(
    ("text", "millis"),
    [('"500ms"', 500), ("2", 2000), ("0.5", 500), ('"1.5s"', 1500), ('"1m"', 60_000)],
)
def test_times(text: str, millis: int) -> None:
    found = health("web", web=f'health = {{ interval = {text}, timeout = "100ms" }}')
    assert found.interval == millis


@pytest.mark.parametrize("text", ['"99ms"', "true", '"1d"', '"2 hours"', "-1", '"61m"'])
def test_no_times(text: str) -> None:
    (problem,) = problems(web=f'health = {{ interval = {text}, timeout = "100ms" }}')
    assert problem.key == "service[0].health.interval"


@pytest.mark.parametrize("name", CASES)
def test_bad_value(name: str) -> None:
    comment, lines, line, key, value, says = CASES[name]
    (problem,) = problems(**{comment: lines})
    assert (problem.line, problem.key, problem.value) == (line, key, value)
    assert says in problem.message


@pytest.mark.parametrize(
    "table",
    [
        'type = "http", path = "/healthz", host = "a.example", status = [200, "300-399"]',
        'type = "https", sni = "a.example", verify = true, body = "ready"',
        'type = "tcp", send = "hex:00ff", expect = "PONG", port = 8080',
        'type = "udp", send = "ping", port = 53',
        'type = "dns", query = ".", record = "SOA", rcode = "any", port = 53',
        'type = "command", command = ["/bin/true", "-x"], interval = "10s", timeout = "9s"',
        'type = "icmp", flap_count = 0, flap_window = 0, flap_hold = 0',
        'type = "none"',
    ],
)
def test_written_and_read_again(table: str) -> None:
    wanted = config(web=f"health = {{ {table} }}")
    assert parse(dump(wanted), "again.toml") == wanted


@pytest.mark.parametrize(
    ("lines", "key", "says"),
    [
        ("fail_open = 4", "balancer.fail_open", "5s or more, which a restart takes"),
        ('fail_open_new = "drop"', "balancer.fail_open_new", "only with fail_open"),
        ('fail_open = "1m"\nfail_open_new = "reset"', "balancer.fail_open_new", "'drop'"),
    ],
)
def test_silence(lines: str, key: str, says: str) -> None:
    text = GOOD.replace("  # BALANCER", f"\n{lines}")
    with pytest.raises(ConfigError) as caught:
        parse(text, "f.toml")
    (problem,) = caught.value.problems
    assert problem.key == key
    assert says in problem.message


def test_silence_is_written_and_read_again() -> None:
    text = GOOD.replace("  # BALANCER", '\nfail_open = "1m"\nfail_open_new = "drop"')
    wanted = parse(text, "f.toml")
    assert (wanted.balancer.fail_open, wanted.balancer.fail_open_new) == (60, "drop")
    assert parse(dump(wanted), "again.toml") == wanted


def test_the_sorry_server_is_a_member() -> None:
    sorry = 'all_down = "sorry"\nsorry = { address = ["10.0.0.99", "2001:db8:1::99"] }'
    found = config(web=sorry)
    web = found.service[0]
    assert len(found.reals_of(web)) == 2
    assert str(found.members_of(web)[-1].address[0]) == "10.0.0.99"
    assert parse(dump(found), "again.toml") == found
