# SPDX-License-Identifier: Apache-2.0
"""Single statements of keepalived.conf, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from dsrlb.config import Service
from dsrlb.importing.keepalived.blocks import Statement, parse
from dsrlb.importing.keepalived.expand import Line
from dsrlb.importing.keepalived.text import without_comment
from dsrlb.importing.report import Place, Report
from tests.unit.importing.conftest import Convert

SERVER = """\
virtual_server 192.0.2.1 80 {
  lvs_sched rr
  lvs_method DR
  # SERVER
  real_server 192.0.2.2 80 {
    # REAL
    TCP_CHECK {
      # CHECK
    }
  }
  # OTHERS
}
"""


def text(**lines: str) -> str:
    """The text above with lines in place of its comments."""
    found = SERVER
    for name, line in lines.items():
        found = found.replace(f"# {name.upper()}\n", line + "\n")
    return found


def service(convert: Convert, **lines: str) -> Service:
    """The one service that it becomes."""
    (found,) = convert(text(**lines)).config.service
    return found


def told(convert: Convert, **lines: str) -> list[str]:
    """What is told about it."""
    return [str(note) for note in convert(text(**lines)).notes]


def words(line: str) -> list[str]:
    """A line's words."""
    (found,) = parse([Line(line, Place("f", 1))], Report("f"))
    return found.words


def test_nothing_is_told_of_what_is_the_same(convert: Convert) -> None:
    assert told(convert) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a b  c", ["a", "b", "c"]),
        ('abcd" efg h  jkl "mnop', ["abcd efg h  jkl mnop"]),
        ('abcd "efg h" mnop', ["abcd", "efg h", "mnop"]),
        ("a 'b \"c\" d'", ["a", 'b "c" d']),
        (r'a "\"b\\"', ["a", '"b\\']),
        (r"a \x41\x4\101\t\cA\q", ["a", "A\x04A\t\x01q"]),
        ("a ${B C}d", ["a", "${B C}d"]),
        ('a ""', ["a", ""]),
        ("a\\", ["a\\"]),
    ],
)
def test_words(line: str, expected: list[str]) -> None:
    assert words(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a # b", "a "),
        ("a!b", "a"),
        ("a \"#\" '!' # c", "a \"#\" '!' "),
        (r"a \# b", r"a \# b"),
        ("# a", ""),
    ],
)
def test_comments(line: str, expected: str) -> None:
    assert without_comment(line) == expected


def test_blocks() -> None:
    lines = ["a 1 {", "b { c 2 }", "d", "{", "}", "} e"]
    found = parse([Line(line, Place("f", i)) for i, line in enumerate(lines, 1)], Report("f"))

    def shape(statements: list[Statement]) -> list[Any]:
        return [(one.text, one.place.line, shape(one.inner)) for one in statements]

    assert shape(found) == [
        ("a 1", 1, [("b", 2, [("c 2", 2, [])]), ("d", 3, [])]),
        ("e", 6, []),
    ]


@pytest.mark.parametrize(
    ("scheduler", "algorithm", "hash_on", "exact"),
    [
        ("rr", "round-robin", None, True),
        ("wrr", "weighted-round-robin", None, True),
        ("lc", "least-connection", None, True),
        ("wlc", "weighted-least-connection", None, True),
        ("WLC", "weighted-least-connection", None, True),
        ("fo", "round-robin", None, True),
        ("sh", "hash", "source", False),
        ("sh\nflag-2\nflag-1", "hash", "tuple", False),
        ("mh", "maglev", "source", False),
        ("mh\nmh-port\nmh-fallback", "maglev", "tuple", False),
        ("dh", "hash", "source", False),
        ("sed", "weighted-least-connection", None, False),
        ("nq", "weighted-least-connection", None, False),
        ("twos", "weighted-least-connection", None, False),
        ("lblc", "weighted-least-connection", None, False),
        ("lblcr", "weighted-least-connection", None, False),
        ("ovf", "weighted-least-connection", None, False),
        ("nonsense", "weighted-least-connection", None, False),
    ],
)
def test_schedulers(
    convert: Convert, scheduler: str, algorithm: str, hash_on: str | None, exact: bool
) -> None:
    for keyword in ("lvs_sched", "lb_algo"):
        found = service(convert, server=f"{keyword} {scheduler}")
        assert (found.algorithm, found.hash_on) == (algorithm, hash_on)
        notes = told(convert, server=f"{keyword} {scheduler}")
        assert [note.startswith("k.conf:4: approximated: scheduler ") for note in notes] == (
            [] if exact else [True]
        )


@pytest.mark.parametrize(
    ("method", "mode", "l3dsr"),
    [
        ("DR", "l2dsr", None),
        ("dr", "l2dsr", None),
        ("NAT", "nat", None),
        ("TUN", "l3dsr", "ipip"),
        ("TUN type ipip", "l3dsr", "ipip"),
        ("TUN type gue port 6666", "l3dsr", "gue port 6666"),
        ("TUN type gue port 6666 csum", "l3dsr", "gue port 6666"),
    ],
)
def test_methods(convert: Convert, method: str, mode: str, l3dsr: str | None) -> None:
    for keyword in ("lvs_method", "lb_kind"):
        found = service(convert, server=f"{keyword} {method}")
        assert found.mode == mode
        assert (None if found.l3dsr is None else str(found.l3dsr)) == l3dsr


def test_nothing_said(convert: Convert) -> None:
    """As keepalived does without: wlc, NAT, weight 1, no check, no persistence."""
    found = convert("virtual_server 192.0.2.1 80 {\nreal_server 10.0.0.1 80 {\n}\n}\n")
    (one,) = found.config.service
    assert (one.algorithm, one.mode, one.persistence) == ("weighted-least-connection", "nat", 0)
    assert (one.real[0].weight, one.all_down, one.on_down) == (1, "drop", "rehash")
    assert found.config.health_of(one).type == "none"
    assert found.notes == ()


def test_times(convert: Convert) -> None:
    health = service(convert).health
    assert health is not None
    assert (health.interval, health.timeout, health.rise, health.fall) == (60_000, 5000, 1, 2)
    lines = {"server": "delay_loop 9\nretry 4", "real": "retry 5", "check": "connect_timeout 0.25"}
    health = service(convert, **lines).health
    assert health is not None
    assert (health.interval, health.timeout, health.rise, health.fall) == (9000, 250, 1, 6)


@pytest.mark.parametrize(
    ("lines", "interval", "timeout", "fall", "notes"),
    [
        ({"server": "delay_loop 2"}, 2000, 2000, 2, ["timeout of TCP_CHECK, 5s: 2s is"]),
        ({"server": "delay_loop 9999"}, 3_600_000, 5000, 2, ["delay_loop of TCP_CHECK, 9999s"]),
        (
            {"server": "delay_loop 0.01", "check": "connect_timeout 0.1"},
            100,
            100,
            2,
            ["delay_loop of TCP_CHECK, 10ms"],
        ),
        ({"server": "retry 200"}, 60_000, 5000, 100, ["retry 200: fall is 100 at most"]),
    ],
)
def test_times_that_cannot_be(
    convert: Convert,
    lines: dict[str, str],
    interval: int,
    timeout: int,
    fall: int,
    notes: list[str],
) -> None:
    health = service(convert, **lines).health
    assert health is not None
    assert (health.interval, health.timeout, health.fall) == (interval, timeout, fall)
    found = told(convert, **lines)
    assert len(found) == len(notes)
    assert all(note in line for note, line in zip(notes, found, strict=True))


@pytest.mark.parametrize(
    ("method", "service_port", "real_port", "checked", "expected"),
    [
        ("DR", "80", "80", "80", 0),
        ("DR", "80", "80", "8080", 8080),
        ("NAT", "80", "8080", "8080", 0),
        ("NAT", "80", "8080", "80", 0),
        ("NAT", "80", "8080", "9090", 9090),
        ("DR", "0", "0", "22", 22),
    ],
)
def test_the_port_of_a_check(
    convert: Convert, method: str, service_port: str, real_port: str, checked: str, expected: int
) -> None:
    found = text(server=f"lvs_method {method}", check=f"connect_port {checked}")
    found = found.replace("192.0.2.1 80", f"192.0.2.1 {service_port}")
    found = found.replace("192.0.2.2 80", f"192.0.2.2 {real_port}")
    (one,) = convert(found).config.service
    assert one.health is not None
    assert one.health.port == expected


def test_a_check_without_a_port(convert: Convert) -> None:
    found = convert(text().replace(" 80", ""))
    assert found.config.health_of(found.config.service[0]).type == "none"
    assert [str(note) for note in found.notes] == [
        "k.conf:7: not carried over: TCP_CHECK: there is no port that it could be sent to"
    ]


def test_tcp_checks_of_a_udp_service(convert: Convert) -> None:
    found = service(convert, server="protocol UDP")
    assert found.health is not None
    assert (found.health.type, found.health.port) == ("tcp", 80)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("server:quorum 1", ""),
        ("server:quorum 3", "not carried over: quorum 3"),
        ("server:quorum x", "a number from 1"),
        ("server:alpha off", ""),
        ("server:alpha", "not carried over: alpha"),
        ("real:alpha yes", "not carried over: alpha yes"),
        ("check:alpha maybe", "on or off"),
        ("check:connect_ip 192.0.2.2", ""),
        ("check:connect_ip 192.0.2.3", "by the way of clients' packets"),
        ("check:connect_ip x", "an address such as"),
        ("check:bind_if eth9", "by the way of clients' packets"),
        ("server:delay_loop x", "a time in seconds"),
        ("server:lvs_method FAST", "NAT, DR or TUN"),
        ("real:weight", "a value is missing"),
        ("real:weight 65536", "a number from 0 to 65535"),
        ("server:flag-3", "no scheduler has it"),
        ("server:ha_suspend", "whether or not this host has the VIP"),
        ("server:unheard_of", "no such keyword"),
        ("check:unheard_of", "no such keyword"),
        ("server:sorry_server", "an address and a port"),
        ("server:sorry_server x 80", "'x' is no address"),
        ("server:sorry_server 192.0.2.9 99999", "port '99999'"),
        ("server:sorry_server 192.0.2.9 http", "port http is taken as 80"),
        ("server:sorry_server 192.0.2.9 80\nsorry_server_lvs_method NAT", "reached by NAT"),
        ("server:sorry_server 192.0.2.9 80\nsorry_server_inhibit", "is not asked whether"),
        ("server:ops", "one-packet scheduling: of udp services alone"),
    ],
)
def test_what_is_told(convert: Convert, line: str, says: str) -> None:
    name, _, value = line.partition(":")
    if "FAST" in line:
        value += "\nreal_server 192.0.2.7 80 {\nlvs_method DR\n}"
    found = [note for note in told(convert, **{name: value}) if "no mode has" not in note]
    assert len(found) == bool(says)
    assert all(says in note for note in found)


def test_inhibit_of_one_is_of_all(convert: Convert) -> None:
    lines = {
        "real": "inhibit_on_failure",
        "others": "real_server 192.0.2.3 80 {\nTCP_CHECK {\n}\n}",
    }
    assert service(convert, **lines).on_down == "keep"
    assert ["inhibit_on_failure of real_server" in note for note in told(convert, **lines)] == [
        True
    ]
    assert told(convert, real="inhibit_on_failure") == []


def test_programs_of_single_real_servers(convert: Convert) -> None:
    """One of them would ask for the wrong one."""
    blocks = "".join(
        f"real_server 192.0.2.{n} 80 {{\nMISC_CHECK {{\nmisc_path '/bin/x 192.0.2.{n}'\n}}\n}}\n"
        for n in (3, 4)
    )
    found = convert(f"virtual_server 192.0.2.1 80 {{\n{blocks}}}\n")
    assert found.config.health_of(found.config.service[0]).type == "none"
    assert any("different ones: nobody is asked" in note.why for note in found.notes)


def test_one_program_with_several_timeouts(convert: Convert) -> None:
    blocks = "".join(
        f"real_server 192.0.2.{n} 80 {{\nMISC_CHECK {{\n"
        f"misc_path /bin/x\nmisc_timeout {n}\n}}\n}}\n"
        for n in (3, 4)
    )
    found = convert(f"virtual_server 192.0.2.1 80 {{\n{blocks}}}\n")
    health = found.config.health_of(found.config.service[0])
    assert (health.command, health.timeout) == (("/bin/x",), 3000)
    assert any("asked in one way" in note.why for note in found.notes)


def test_conditions(convert: Convert) -> None:
    found = text(server="@one lvs_sched wrr\n@^one lvs_sched lc\n@two ops")
    by_id = {name: convert(found, config_id=name) for name in ("one", "two", None)}
    algorithms = {name: one.config.service[0].algorithm for name, one in by_id.items()}
    assert algorithms == {
        "one": "weighted-round-robin",
        "two": "least-connection",
        None: "least-connection",
    }
    assert by_id["one"].notes == ()
    assert [note.kind for note in by_id[None].notes] == [
        "not carried over",
        "approximated",
        "not carried over",
    ]


def test_the_instance(convert: Convert) -> None:
    lines = {"check": "}\nHTTP_GET {\nurl {\npath /${_INSTANCE}\n}"}
    (one,) = convert(text(**lines), config_id="a1").config.service
    assert one.health is not None
    assert one.health.path == "/a1"


def test_names_are_unique_and_short(convert: Convert) -> None:
    name = "g" * 70
    group = f"virtual_server_group {name} {{\n192.0.2.1 80\n192.0.2.1 81\n}}\n"
    servers = f"virtual_server group {name} {{\nreal_server 10.0.0.1 80 {{\n}}\n}}\n"
    found = convert(group + servers).config.service
    assert [one.name for one in found] == ["g" * 56, "g" * 54 + "-2"]


def test_a_group_that_comes_twice(convert: Convert) -> None:
    group = "virtual_server_group g {\n192.0.2.1 80\n}\n"
    server = "virtual_server group g {\nreal_server 10.0.0.1 80 {\n}\n}\n"
    found = convert(group * 2 + "virtual_server_group {\n}\n" + server)
    assert [note.why for note in found.notes] == [
        "a group of this name came before",
        "a value is missing",
    ]


def test_a_virtual_server_that_comes_twice(convert: Convert) -> None:
    """The first that can be carried over counts; thousands of them take no time."""
    empty = "virtual_server 192.0.2.1 80 {\n}\n"
    found = convert(empty + text() * 4000)
    assert len(found.config.service) == 1
    whys = [note.why for note in found.notes]
    assert whys[0] == "it has no real server that can be carried over"
    assert set(whys[1:]) == {"it stands in line 3 of k.conf already"}
    assert len(whys) == 4000
