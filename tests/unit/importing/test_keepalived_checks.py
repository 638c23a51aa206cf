# SPDX-License-Identifier: Apache-2.0
"""Checks of keepalived.conf: when, on which port and by which program real servers are asked."""

from __future__ import annotations

import pytest

from dsrlb.config import Health
from tests.unit.importing.conftest import Convert
from tests.unit.importing.statements import service, text, told


@pytest.mark.parametrize(
    "lines",
    [
        {"real": 'MISC_CHECK {\nmisc_path "/bin/check --password hunter2"\n}'},
        {"real": "MISC_CHECK {\nmisc_path check --password hunter2\n}"},
        {"real": 'MISC_CHECK {\nmisc_pth "/bin/check hunter2"\n}'},
        {"real": 'MISC_CHECK {\nmisc_path "/bin/check hunter2\n}'},
        {"real": "HTTP_GET {\nurl {\npath ?token=hunter2\n}\n}"},
        {"real": "HTTP_GET {\nurl {\npath / hunter2\n}\n}"},
        {"server": 'quorum_up "/bin/tell --token=hunter2"'},
        {"server": "quorum_upp hunter2"},
        {"check": "connect_prt hunter2"},
    ],
)
def test_no_secret_is_told(convert: Convert, lines: dict[str, str]) -> None:
    notes = told(convert, **lines)
    assert notes
    assert "hunter2" not in "".join(notes)


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
        (
            {"server": "delay_loop 9999"},
            3_600_000,
            5000,
            2,
            ["k.conf:4: approximated: delay_loop 9999: 3600s is"],
        ),
        (
            {"server": "delay_loop 0.01", "check": "connect_timeout 0.1"},
            100,
            100,
            2,
            ["k.conf:4: approximated: delay_loop 0.01: 100ms is"],
        ),
        ({"server": "delay_loop 0"}, 60_000, 5000, 2, ["k.conf:4: not carried over: delay_loop 0"]),
        ({"check": "connect_timeout 0"}, 60_000, 5000, 2, ["k.conf:8: not carried over: connect_"]),
        ({"check": "nb_get_retry 4"}, 60_000, 5000, 5, []),
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
    imported = convert(found)
    (one,) = imported.config.service
    assert one.health is not None
    assert one.health.port == expected
    told = any("asked at the VIP" in note.why for note in imported.notes)
    assert told == (method == "DR" and expected > 0)


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


def url(convert: Convert, *lines: str) -> tuple[Health, list[str]]:
    """The checks that a url comes to, and what is told of it."""
    check = "\n".join(("} HTTP_GET {\nurl {", *lines, "}"))
    found = convert(text(check=check))
    told = [f"{note.what}: {note.why}" for note in found.notes if "one way" not in note.why]
    return found.config.health_of(found.config.service[0]), told


_ESCAPED = "path ...: what no request can have is sent as %20 and the like"


@pytest.mark.parametrize(
    ("line", "path", "says"),
    [
        ("path /a", "/a", ""),
        ('path "/a b?c=%20"', "/a%20b?c=%20", _ESCAPED),
        ("path /a\\ b", "/a%20b", _ESCAPED),
        ("path /a b", "/a", "path ...: path takes one value"),
        ("path /\u00fc", "/%C3%BC", _ESCAPED),
    ],
)
def test_paths(convert: Convert, line: str, path: str, says: str) -> None:
    """A service whose path has a space is checked all the same."""
    health, told = url(convert, line)
    assert (health.type, health.path) == ("http", path)
    assert told == ([says] if says else [])


@pytest.mark.parametrize(
    ("lines", "body", "why"),
    [
        (["regex OK"], "OK", ""),
        (["regex ^OK$"], "", "text, no regular expression"),
        (["regex OK", "regex_options caseless"], "", "compared as it stands, without options"),
        (["regex_no_match", "regex ERR"], "", "no text can be forbidden"),
    ],
)
def test_regular_expressions(convert: Convert, lines: list[str], body: str, why: str) -> None:
    health, told = url(convert, *lines)
    assert health.body == body
    assert [why in one for one in told if one.startswith("regex ")] == ([True] if why else [])


@pytest.mark.parametrize(
    ("codes", "status", "lost"),
    [
        ("", ("200-299",), []),
        ("200 301-302", ("200", "301-302"), []),
        ("200 2xx 302-301 700", ("200",), ["2xx", "302-301", "700"]),
        ("2xx", ("200-299",), ["2xx"]),
    ],
)
def test_status_codes(
    convert: Convert, codes: str, status: tuple[str, ...], lost: list[str]
) -> None:
    """Wrong ones cost no checks: keepalived leaves them out."""
    health, told = url(convert, f"status_code {codes}")
    assert health.status == status
    assert told == [f"status_code {one}: a code, or a range of them" for one in lost]


def test_nothing_that_could_be_asked_for(convert: Convert) -> None:
    found = convert(text(check="} HTTP_GET {\nvirtualhost a.example"))
    assert found.config.health_of(found.config.service[0]).type == "tcp"
    assert [note.why for note in found.notes] == ["there is no url that could be asked for"]
