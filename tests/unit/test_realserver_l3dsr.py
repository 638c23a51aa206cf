# SPDX-License-Identifier: Apache-2.0
"""dsrlb real-server for l3dsr without a network: what is asked for, rules read back, sizes."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Any

import pytest
from click.testing import CliRunner

from dsrlb.cli.realserver import real_server
from dsrlb.errors import DsrlbError, NetError
from dsrlb.realserver import Request, nft
from dsrlb.realserver.nft import Clamp, Present, Ruleset, Translation, understand
from dsrlb.realserver.request import default_mss, interfaces_of, own_addresses
from dsrlb.realserver.rules import rule_pieces
from dsrlb.realserver.steps import Assigned, Host

VIP4, VIP6 = ip_address("192.0.2.10"), ip_address("2001:db8::10")
REAL4, REAL6, TEMPORARY = (ip_address(a) for a in ("10.0.0.2", "fd00::2", "fd00::beef"))
HOST = Host(
    up={"lo": True, "eth0": True, "eth1": True},
    addresses={
        ip_address("127.0.0.1"): (Assigned("lo", 8, False),),
        ip_address("192.0.2.99"): (Assigned("lo", 32),),
        REAL4: (Assigned("eth0", 24),),
        REAL6: (Assigned("eth1", 64),),
        TEMPORARY: (Assigned("eth1", 64, False),),
    },
    mtu={"lo": 65536, "eth0": 1500, "eth1": 9000},
)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "dscp"}, "needs a code"),
        ({"method": "ipip", "dscp": 5}, "has no code"),
        ({"method": "l2dsr", "dscp": 5}, "has no code"),
        ({"method": "ipip", "gue_port": 6080}, "has no port"),
        ({"method": "l2dsr", "addresses": (REAL4,)}, "MAC addresses"),
        ({"method": "ipip", "addresses": (VIP4,)}, "at once"),
        ({"method": "gre"}, "unknown"),
    ],
)
def test_what_does_not_fit_together_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(DsrlbError, match=words):
        Request(vips=(VIP4,), **options)


def test_gue_has_a_port() -> None:
    assert Request("gue", (VIP4,)).gue_port == 6080
    assert Request("gue", (VIP4,), gue_port=7000).gue_port == 7000


def test_own_addresses_are_the_lasting_ones_outside() -> None:
    assert own_addresses(Request("ipip", (VIP4,)), HOST) == (REAL4, REAL6)
    assert own_addresses(Request("ipip", (VIP4,), interface="eth1"), HOST) == (REAL6,)
    named = Request("ipip", (VIP4,), addresses=(ip_address("192.0.2.99"),))
    assert own_addresses(named, HOST) == named.addresses
    with pytest.raises(NetError, match="is on lo only"):
        interfaces_of(named, named.addresses, HOST)
    with pytest.raises(NetError, match="no global address on lo0"):
        own_addresses(Request("ipip", (VIP4,), interface="lo0"), HOST)


@pytest.mark.parametrize(
    ("method", "own", "sizes"),
    [
        ("ipip", (REAL4, REAL6), (1500 - 20 - 40, 9000 - 40 - 60)),
        ("gue", (REAL4, REAL6), (1500 - 28 - 40, 9000 - 48 - 60)),
        ("ipip", (REAL4,), (1500 - 20 - 40, 1500 - 20 - 60)),
        ("gue", (REAL6,), (9000 - 48 - 40, 9000 - 48 - 60)),
    ],
)
def test_segments_fit_with_their_envelope(
    method: str, own: tuple[Any, ...], sizes: tuple[int, int]
) -> None:
    request = Request(method, (VIP4, VIP6))
    assert tuple(default_mss(request, vip, own, HOST) for vip in (VIP4, VIP6)) == sizes


def test_without_an_envelope_segments_may_be_of_any_size() -> None:
    assert default_mss(Request("dscp", (VIP4,), dscp=1), VIP4, (REAL4,), HOST) == 0


def _payload(protocol: str, field: str) -> dict[str, Any]:
    return {"payload": {"protocol": protocol, "field": field}}


def _equal(left: Any, right: Any) -> dict[str, Any]:
    return {"match": {"op": "==", "left": left, "right": right}}


def translation() -> dict[str, Any]:
    """A rule as `nft -n -j` of version 1.0.6 prints it."""
    return {
        "chain": "prerouting",
        "handle": 5,
        "expr": [
            _equal(_payload("ip", "daddr"), "10.0.0.2"),
            _equal(_payload("ip", "dscp"), 12),
            _equal({"meta": {"key": "l4proto"}}, {"set": [1, 6, 17]}),
            {"mangle": {"key": _payload("ip", "daddr"), "value": "192.0.2.10"}},
        ],
    }


def clamp(mask: Any, value: Any) -> dict[str, Any]:
    """As translation(), of the other kind."""
    size = {"tcp option": {"name": "maxseg", "field": "size"}}
    return {
        "chain": "output",
        "handle": 6,
        "comment": "gue",
        "expr": [
            _equal(_payload("ip6", "saddr"), "2001:db8::10"),
            _equal({"&": [_payload("tcp", "flags"), mask]}, value),
            {"mangle": {"key": size, "value": 1392}},
        ],
    }


def test_rules_are_understood_by_their_values() -> None:
    assert understand(translation()) == Translation(REAL4, 12, VIP4)
    assert understand(clamp([2, 16], [2, 16])) == Clamp(VIP6, "gue", 1392)
    assert understand(clamp(18, 18)) == Clamp(VIP6, "gue", 1392)


def test_flags_other_than_syn_and_ack_are_another_rule() -> None:
    assert understand(clamp([2, 16], [2])) is None
    assert understand(clamp([2], [2])) is None


@pytest.mark.parametrize("at", range(4))
def test_a_rule_with_something_missing_is_none_of_ours(at: int) -> None:
    rule = translation()
    del rule["expr"][at]
    assert understand(rule) is None


@pytest.mark.parametrize(
    ("at", "instead"),
    [
        (0, _equal(_payload("ip", "saddr"), "10.0.0.2")),
        (0, {"match": {"op": "!=", "left": _payload("ip", "daddr"), "right": "10.0.0.2"}}),
        (0, _equal(_payload("ip", "daddr"), {"prefix": {"addr": "10.0.0.0", "len": 24}})),
        (1, _equal(_payload("ip", "ttl"), 12)),
        (1, _equal(_payload("ip", "dscp"), {"set": [12, 13]})),
        (2, _equal({"meta": {"key": "l4proto"}}, {"set": [6, 17]})),
        (2, _equal({"meta": {"key": "l4proto"}}, 6)),
        (3, {"mangle": {"key": _payload("ip", "saddr"), "value": "192.0.2.10"}}),
        (3, {"accept": None}),
    ],
)
def test_a_rule_with_something_else_is_none_of_ours(at: int, instead: dict[str, Any]) -> None:
    rule = translation()
    rule["expr"][at] = instead
    assert understand(rule) is None
    rule = translation()
    rule["chain"] = "output"
    assert understand(rule) is None


def test_the_table_and_the_chains_go_with_their_last_rule() -> None:
    one, two = Translation(REAL4, 12, VIP4), Clamp(VIP4, "dscp", 1300)
    chains = {"prerouting": ("prerouting", -300), "output": ("output", -150)}
    present = (
        Present("prerouting", 5, one),
        Present("prerouting", 7, one),
        Present("output", 6, two),
    )
    ruleset = Ruleset(True, chains, present)

    def commands(*rules: nft.Rule) -> list[str]:
        return [step.shell().removeprefix("nft delete ") for step in ruleset.remove(rules)]

    assert commands(one) == [
        "rule inet dsrlb prerouting handle 5",
        "rule inet dsrlb prerouting handle 7",
        "chain inet dsrlb prerouting",
    ]
    assert commands(one, two) == ["table inet dsrlb"]
    assert commands() == []
    assert Ruleset().remove([one]) == ()
    assert [step.shell() for step in Ruleset(True, {}, ()).remove([])] == [
        "nft delete table inet dsrlb"
    ]


def test_table_and_chain_are_made_for_the_first_rule() -> None:
    request = Request("dscp", (VIP4, VIP6), dscp=12)
    pieces = rule_pieces(request, (REAL4, REAL6), HOST, Ruleset())
    assert [piece.name for piece in pieces] == [
        "dscp 12 at 10.0.0.2 means 192.0.2.10",
        "dscp 12 at fd00::2 means 2001:db8::10",
    ]
    assert [step.shell().split("'")[0] for step in pieces[0].steps] == [
        "nft add table inet dsrlb",
        "nft add chain inet dsrlb prerouting ",
        "nft add rule inet dsrlb prerouting ",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("setup", "--mode", "l3dsr", "--vip", "192.0.2.10"),
        ("setup", "--method", "ipip", "--vip", "192.0.2.10"),
        ("setup", "--mode", "l3dsr", "--method", "dscp", "--vip", "192.0.2.10"),
        ("setup", "--mode", "l3dsr", "--method", "dscp", "--dscp", "64", "--vip", "192.0.2.10"),
        ("setup", "--mode", "l3dsr", "--method", "dscp", "--dscp", "0", "--vip", "192.0.2.10"),
        ("setup", "--mode", "l3dsr", "--method", "ipip", "--dscp", "1", "--vip", "192.0.2.10"),
        ("check", "--mode", "l3dsr", "--method", "gue", "--gue-port", "0", "--vip", "192.0.2.10"),
        ("check", "--vip", "192.0.2.10", "--mss", "100"),
        ("check", "--vip", "192.0.2.10", "--address", "10.0.0.2"),
        ("undo", "--method", "ipip"),
        ("undo", "--mode", "l2dsr", "--method", "ipip"),
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(real_server, arguments)
    assert result.exit_code == 2, result.output


def test_a_table_that_is_not_there_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = [
        {"table": {"family": "ip", "name": "dsrlb"}},
        {"table": {"family": "inet", "name": "x"}},
    ]
    monkeypatch.setattr(nft, "output", lambda arguments: json.dumps({"nftables": tables}))
    assert nft.read() == Ruleset()
