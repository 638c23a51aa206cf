# SPDX-License-Identifier: Apache-2.0
"""Checks of keepalived.conf: when, on which port and by which program real servers are asked."""

from __future__ import annotations

import pytest

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
