# SPDX-License-Identifier: Apache-2.0
"""Single statements of keepalived.conf, and what becomes of them."""

from __future__ import annotations

import pytest

from tests.unit.importing.conftest import Convert
from tests.unit.importing.statements import service, text, told


def test_nothing_is_told_of_what_is_the_same(convert: Convert) -> None:
    assert told(convert) == []


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
        ("dh\nflag-2", "hash", "source", False),
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
        ("server:nat_mask 255.255.255.0", "no use for it any more"),
        ("server:weight 0", "a number from 1 to 65535"),
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


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ("persistence_timeout", 360),
        ("persistence_timeout 50", 50),
        ("persistence_timeout 1h", 0),
        ("persistence_granularity 255.255.255.255", 360),
        ("persistence_granularity 255.255.255.0\npersistence_timeout 50", 50),
        ("persistence_timeout 50\npersistence_granularity 255.255.255.0", 50),
    ],
)
def test_persistence(convert: Convert, lines: str, seconds: int) -> None:
    """As keepalived takes it: a wrong time is none, and a mask alone means the usual time."""
    assert service(convert, server=lines).persistence == seconds


def test_the_weight_of_real_servers_that_say_none(convert: Convert) -> None:
    other = "real_server 192.0.2.3 80 {\nweight 3\n}"
    found = service(convert, server="weight 7", others=other)
    assert [real.weight for real in found.real] == [7, 3]
