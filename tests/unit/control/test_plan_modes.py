# SPDX-License-Identifier: Apache-2.0
"""What a plan says of modes in which replies come back, of pools, ports and bridges."""

from __future__ import annotations

import pytest

from tests.unit.control.test_plan import TEXT, changes

BRIDGE = '[[bridge]]\nname = "br0"\nports = ["eth0", "eth1"]\nreals_on = "eth1"\n'
END = "its flows end"


def in_mode(mode: str, more: str = "", text: str = TEXT) -> str:
    """The text in another mode, with one port, and with a bridge."""
    return (
        text.replace('mode = "l2dsr"', f'mode = "{mode}"\n{more}').replace("[80, 443]", "80")
        + BRIDGE
    )


def pool(text: str) -> str:
    return f'snat = {{ pool = "{text}" }}'


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [
        ("l2dsr", "router", True),
        ("router", "l2dsr", True),
        ("bridge", "nat", True),
        ("nat", "router", False),
    ],
)
def test_another_mode(before: str, after: str, ends: bool) -> None:
    says = f"mode: {before} -> {after}" + (f"; {END}" if ends else "")
    assert changes(in_mode(before), in_mode(after)) == [("change", "service web", says, ends)]


def test_a_mode_with_a_pool() -> None:
    one_arm = in_mode("one-arm", pool("192.0.2.200-192.0.2.201"))
    assert changes(in_mode("router"), one_arm) == [
        ("change", "service web", f"mode: router -> one-arm; {END}", True),
        ("change", "service web", "snat: none -> 192.0.2.200-192.0.2.201", False),
    ]
    assert changes(one_arm, in_mode("l2dsr"))[0][2:] == (f"mode: one-arm -> l2dsr; {END}", True)


def test_a_pool_that_loses_addresses() -> None:
    small, large = (in_mode("one-arm", pool(f"192.0.2.200-192.0.2.{last}")) for last in (200, 203))
    assert changes(small, large) == [
        ("change", "service web", "snat: 192.0.2.200 -> 192.0.2.200-192.0.2.203", False)
    ]
    ends = "flows by the addresses that go end"
    assert changes(large, small) == [
        ("change", "service web", f"snat: 192.0.2.200-192.0.2.203 -> 192.0.2.200; {ends}", True)
    ]


def test_toa_for_new_connections() -> None:
    off = in_mode("one-arm", pool("192.0.2.200"))
    on = in_mode("one-arm", 'snat = { pool = "192.0.2.200", toa = true }')
    assert changes(off, on) == [
        ("change", "service web", "snat: 192.0.2.200 -> 192.0.2.200 with toa", False)
    ]


def test_a_new_service_with_a_pool() -> None:
    (_, _, service, *_) = changes(None, in_mode("one-arm", pool("192.0.2.200")))
    detail = "192.0.2.10, 192.0.2.11 tcp 80 pool 192.0.2.200"
    assert service == ("add", "service web", detail, False)


def test_the_port_of_a_real() -> None:
    before = in_mode("router")
    after = before.replace('"10.0.0.2"', '"10.0.0.2"\nport = 8080')
    assert changes(before, after) == [
        ("change", "real web 10.0.0.2", f"port: 0 -> 8080; {END}", True)
    ]


def test_outbound_and_mss() -> None:
    more = f"outbound = true\nmss_clamp = 1400\n{pool('192.0.2.200')}"
    assert changes(in_mode("nat"), in_mode("nat", more)) == [
        ("change", "service web", "snat: none -> 192.0.2.200", False),
        ("change", "service web", "outbound: False -> True", False),
        ("change", "service web", "mss_clamp: 0 -> 1400", False),
    ]


def test_connections_that_real_servers_opened_end() -> None:
    opens = in_mode("nat", f"outbound = true\n{pool('192.0.2.200')}")
    assert ("outbound: True -> False; connections opened until now end", True) in [
        change[2:] for change in changes(opens, in_mode("nat"))
    ]


def test_real_servers_that_open_connections_by_another_service() -> None:
    """Of several the first by name; both have the same pool."""
    opens = in_mode("nat", f"outbound = true\n{pool('192.0.2.200')}")
    service = opens[opens.index("[[service]]") : opens.index("[[bridge]]")]
    first = service.replace('"web"', '"a"').replace("port = 80", "port = 81")
    moved = "opens connections by service a, not web; connections opened until now end"
    assert changes(opens, opens + first)[-2:] == [
        ("change", "real a 10.0.0.1", moved, True),
        ("change", "real a 10.0.0.2", moved, True),
    ]
    assert not any(change[3] for change in changes(opens, opens + first.replace('"a"', '"zoo"')))


def test_bridges() -> None:
    other = BRIDGE.replace('reals_on = "eth1"', 'reals_on = "eth0"')
    detail = "ports: eth0, eth1, reals on eth1"
    assert changes(TEXT, TEXT + BRIDGE) == [("add", "bridge br0", detail, False)]
    assert changes(TEXT + BRIDGE, TEXT) == [("remove", "bridge br0", "", False)]
    assert changes(TEXT + BRIDGE, TEXT + other) == [
        ("change", "bridge br0", "reals_on: eth1 -> eth0", False)
    ]
