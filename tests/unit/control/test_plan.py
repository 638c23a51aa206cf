# SPDX-License-Identifier: Apache-2.0
"""The plan says every change once, and which of them end flows."""

from __future__ import annotations

import pytest

from dsrlb.config import Service, digest, parse
from dsrlb.config.values import IPAddress
from dsrlb.control.health.condition import State
from dsrlb.control.plan import plan, view

TEXT = """
[balancer]
interfaces = ["eth0", "eth1"]
[[service]]
name = "web"
vip = ["192.0.2.10", "192.0.2.11"]
protocol = "tcp"
port = [80, 443]
mode = "l2dsr"
[[service.real]]
address = "10.0.0.1"
[[service.real]]
address = "10.0.0.2"
"""
UNHEEDED = "round-robin goes by no weight"
DNS = """
[[service]]
name = "dns"
vip = "192.0.2.53"
protocol = "udp"
port = "5300-5399"
mode = "l2dsr"
[[service.real]]
address = "10.0.0.3"
"""


def changes(before: str | None, after: str) -> list[tuple[str, str, str, bool]]:
    """(kind, what, detail, affects flows) of each change."""
    old = parse(before, "old") if before is not None else None
    found = plan(old, parse(after, "new"))
    return [(c["kind"], c["what"], c["detail"], c["affects_flows"]) for c in found]


def test_from_nothing() -> None:
    assert changes(None, TEXT) == [
        ("add", "balancer", "interfaces: eth0, eth1", False),
        ("add", "service web", "192.0.2.10, 192.0.2.11 tcp 80, 443", False),
        ("add", "real web 10.0.0.1", "", False),
        ("add", "real web 10.0.0.2", "", False),
    ]


def test_no_change() -> None:
    assert changes(TEXT, TEXT) == []


def test_services_come_and_go() -> None:
    assert changes(TEXT, TEXT + DNS) == [
        ("add", "service dns", "192.0.2.53 udp 5300-5399", False),
        ("add", "real dns 10.0.0.3", "", False),
    ]
    assert changes(TEXT + DNS, TEXT) == [("remove", "service dns", "its flows end", True)]


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (
            '"10.0.0.2"',
            '"10.0.0.2"\nweight = 5',
            ("real web 10.0.0.2", f"weight: 1 -> 5; {UNHEEDED}", False),
        ),
        (
            '"10.0.0.2"',
            '"10.0.0.2"\nmac = "02:00:00:00:00:02"',
            ("real web 10.0.0.2", "mac: auto -> 02:00:00:00:00:02", False),
        ),
        (
            '["eth0", "eth1"]',
            '["eth0", "eth1"]\ntunnel_source = ["198.51.100.1", "2001:db8:5::/64"]',
            ("balancer", "tunnel_source: none -> 198.51.100.1/32, 2001:db8:5::/64", False),
        ),
        ("[80, 443]", "80", ("service web", "port: 80, 443 -> 80", False)),
        (
            '"tcp"',
            '"tcp"\non_unknown = "schedule"',
            ("service web", "on_unknown: drop -> schedule", False),
        ),
        ('"tcp"', '"tcp"\nnew_flow_rate = 5', ("service web", "new_flow_rate: 0 -> 5", False)),
        ('"tcp"', '"tcp"\npersistence = 60', ("service web", "persistence: 0s -> 60s", False)),
        ('"tcp"', '"tcp"\ninterfaces = "eth0"', ("service web", "interfaces: all -> eth0", False)),
        (
            '"10.0.0.2"',
            '"10.0.0.2"\nmax_open = 5',
            ("real web 10.0.0.2", "max_open: 0 -> 5", False),
        ),
        (
            '"tcp"',
            '"tcp"\nallow = ["10.0.0.0/8", "::/0"]',
            ("service web", "allow: +10.0.0.0/8, +::/0", False),
        ),
        (
            '["eth0", "eth1"]',
            '["eth0", "eth1"]\nscan_interval = 5',
            ("balancer", "scan_interval: 2s -> 5s", False),
        ),
        (
            '["eth0", "eth1"]',
            '["eth0", "eth1"]\nfail_open = 5',
            ("balancer", "fail_open: 0s -> 5s", False),
        ),
        (
            '["eth0", "eth1"]',
            '["eth0", "eth1"]\nsocket_group = "ops"',
            ("balancer", "socket_group: none -> ops", False),
        ),
        (
            '["192.0.2.10", "192.0.2.11"]',
            '"192.0.2.10"',
            (
                "service web",
                "vip: 192.0.2.10, 192.0.2.11 -> 192.0.2.10; flows to 192.0.2.11 end",
                True,
            ),
        ),
        (
            '["192.0.2.10", "192.0.2.11"]',
            '["192.0.2.10", "192.0.2.11", "192.0.2.12"]',
            (
                "service web",
                "vip: 192.0.2.10, 192.0.2.11 -> 192.0.2.10, 192.0.2.11, 192.0.2.12",
                False,
            ),
        ),
        ('["eth0", "eth1"]', '["eth0"]', ("balancer", "interfaces: eth0, eth1 -> eth0", True)),
        (
            '["eth0", "eth1"]',
            '["eth0", "eth1", "eth2"]',
            ("balancer", "interfaces: eth0, eth1 -> eth0, eth1, eth2", False),
        ),
    ],
)
def test_one_change(old: str, new: str, change: tuple[str, str, bool]) -> None:
    assert TEXT.count(old) == 1
    assert changes(TEXT, TEXT.replace(old, new)) == [("change", *change)]


def test_what_comes_and_goes_of_a_list_is_told() -> None:
    def text(numbers: range) -> str:
        prefixes = ", ".join(f'"10.{number}.0.0/16"' for number in numbers)
        return TEXT.replace('"tcp"', f'"tcp"\ndeny = [{prefixes}]')

    (change,) = changes(text(range(3)), text(range(1, 5)))
    assert change[2] == "deny: +10.3.0.0/16, +10.4.0.0/16, -10.0.0.0/16"
    (change,) = changes(text(range(1)), text(range(10)))
    assert change[2].endswith("+10.6.0.0/16 and 3 more")
    (change,) = changes(text(range(3)), text(range(2, -1, -1)))
    assert change[2] == "deny: in another order"


def test_a_limit_and_a_group_that_go() -> None:
    with_both = TEXT.replace('"10.0.0.2"', '"10.0.0.2"\nmax_open = 9\nmax_open_low = 5')
    with_both = with_both.replace('"tcp"', '"tcp"\npersistence = 60\npersistence_group = "g"')
    assert changes(with_both, TEXT) == [
        ("change", "service web", "persistence: 60s -> 0s", False),
        ("change", "service web", "persistence_group: g -> none", False),
        ("change", "real web 10.0.0.2", "max_open: 9 -> 0", False),
        ("change", "real web 10.0.0.2", "max_open_low: 5 -> none", False),
    ]


def test_flows_of_another_protocol_go_on() -> None:
    found = changes(TEXT, TEXT.replace('"tcp"', '"udp"'))
    assert ("change", "service web", "protocol: tcp -> udp", False) in found


def test_what_an_operator_said_goes_with_a_real_server() -> None:
    states: dict[str, State] = {"10.0.0.2": "drain", "10.0.0.1": "disabled"}
    before, fewer, without = (
        parse(text, "f")
        for text in (
            TEXT,
            TEXT.replace("10.0.0.2", "10.0.0.4"),
            TEXT.replace('name = "web"', 'name = "www"'),
        )
    )

    def standing(_: Service, address: IPAddress) -> State | None:
        return states.get(str(address), "up")

    told = view(before, fewer, standing)["changes"][0]["detail"]
    end = "is forgotten, unless this is rolled back"
    assert told == f"its flows go to other reals; that 10.0.0.2 is drained {end}"
    told = view(before, without, standing)["changes"][0]["detail"]
    assert told.endswith(f"; that 10.0.0.1 is disabled, 10.0.0.2 is drained {end}")


def test_nobody_is_asked_after_whose_flows_go_on_anyhow() -> None:
    """There may be thousands."""

    def standing(service: Service, address: IPAddress) -> State:
        raise AssertionError((service.name, address))

    other = TEXT.replace('protocol = "tcp"', 'protocol = "tcp"\nidle_timeout = "77s"', 1)
    assert other != TEXT
    assert plan(parse(TEXT, "f"), parse(other, "f"), standing)


def test_reals_come_and_go() -> None:
    assert changes(TEXT, TEXT.replace("10.0.0.2", "10.0.0.4")) == [
        ("remove", "real web 10.0.0.2", "its flows go to other reals", True),
        ("add", "real web 10.0.0.4", "", False),
    ]


def test_the_order_of_a_real_s_addresses_is_none_of_its_business() -> None:
    both = TEXT.replace('"10.0.0.2"', '["10.0.0.2", "2001:db8::2"]')
    assert changes(both, TEXT.replace('"10.0.0.2"', '["2001:db8::2", "10.0.0.2"]')) == [
        ("change", "configuration", "the same in another order", False)
    ]


def test_another_address_of_a_real_does_not_remove_it() -> None:
    both = TEXT.replace('"10.0.0.2"', '["10.0.0.2", "2001:db8::2"]')
    assert changes(TEXT, both) == [("add", "real web 2001:db8::2", "", False)]
    assert changes(both, TEXT) == [
        ("remove", "real web 2001:db8::2", "its flows go to other reals", True)
    ]


def routed(table: str, text: str = TEXT) -> str:
    """The text in mode l3dsr."""
    return text.replace('"l2dsr"', f'"l3dsr"\nl3dsr = {{ {table} }}')


ONE_VIP = TEXT.replace('["192.0.2.10", "192.0.2.11"]', '"192.0.2.10"')


def test_another_mode() -> None:
    assert changes(ONE_VIP, routed('method = "dscp", dscp = 12', ONE_VIP)) == [
        ("change", "service web", "mode: l2dsr -> l3dsr", False),
        ("change", "service web", "l3dsr: none -> dscp 12", False),
    ]
    assert changes(routed('method = "ipip"'), TEXT) == [
        ("change", "service web", "mode: l3dsr -> l2dsr", False),
        ("change", "service web", "l3dsr: ipip -> none", False),
    ]


def test_another_method() -> None:
    dscp, gue = (
        routed(table, ONE_VIP) for table in ('method = "dscp", dscp = 12', 'method = "gue"')
    )
    assert changes(dscp, gue) == [
        ("change", "service web", "l3dsr: dscp 12 -> gue port 6080", False)
    ]
    assert changes(dscp, dscp.replace("= 12", "= 13")) == [
        ("change", "service web", "l3dsr: dscp 12 -> dscp 13", False)
    ]
    assert changes(gue, routed('method = "gue", gue_port = 6080', ONE_VIP)) == []


def test_a_new_service_in_mode_l3dsr() -> None:
    found = changes(TEXT, TEXT + routed('method = "ipip"', DNS))
    assert found[0] == ("add", "service dns", "192.0.2.53 udp 5300-5399 by ipip", False)


def test_flows_of_a_tunnel_follow_the_address_that_is_used() -> None:
    """A real that gets an address of the VIP's own family is reached by that one from then on."""
    tunnel = routed('method = "ipip"').replace('"192.0.2.11"', '"2001:db8::10"')
    both = tunnel.replace('"10.0.0.2"', '["10.0.0.2", "2001:db8:1::2"]')
    moved = "IPv6 VIPs by: 10.0.0.2 -> 2001:db8:1::2; its flows go to other reals"
    assert changes(tunnel, both) == [
        ("add", "real web 2001:db8:1::2", "", False),
        ("change", "real web 10.0.0.2, 2001:db8:1::2", moved, True),
    ]
    assert changes(both, tunnel) == [
        ("remove", "real web 2001:db8:1::2", "its flows go to other reals", True)
    ]


def test_dscp_has_no_use_for_an_address_of_another_family() -> None:
    both = TEXT.replace('"10.0.0.2"', '["10.0.0.2", "2001:db8:1::2"]')
    tunnel = routed('method = "ipip"', both).replace('"192.0.2.11"', '"2001:db8::10"')
    assert changes(tunnel, tunnel.replace('"ipip"', '"dscp", dscp = 9')) == [
        ("change", "service web", "l3dsr: ipip -> dscp 9", False),
        (
            "change",
            "real web 10.0.0.1",
            "IPv6 VIPs by: 10.0.0.1 -> none; its flows go to other reals",
            True,
        ),
    ]


def test_view_names_both_configurations() -> None:
    old, new = parse(TEXT, "a"), parse(TEXT + DNS, "b")
    assert view(None, new)["hash_before"] == ""
    found = view(old, new)
    assert (found["hash_before"], found["hash_after"]) == (digest(old), digest(new))
    assert len(found["changes"]) == 2
