# SPDX-License-Identifier: Apache-2.0
"""The nftables rules of a real server: read back by their values, made, and taken away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dsrlb.realserver import Request, nft
from dsrlb.realserver.nft import Clamp, Present, Ruleset, Translation, understand
from dsrlb.realserver.rules import rule_pieces
from tests.unit.realserver.hosts import REAL4, REAL6, TWO_LINKS, VIP4, VIP6


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
    joined = {"|": [2, 16]}
    assert understand(clamp(joined, joined)) == Clamp(VIP6, "gue", 1392)


def test_flags_other_than_syn_and_ack_are_another_rule() -> None:
    assert understand(clamp([2, 16], [2])) is None
    assert understand(clamp([2], [2])) is None
    assert understand(clamp({"|": [2, 16]}, {"|": [2, 2]})) is None
    assert understand(clamp([], [])) is None


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
    pieces = rule_pieces(request, (REAL4, REAL6), TWO_LINKS, Ruleset())
    assert [piece.name for piece in pieces] == [
        "dscp 12 at 10.0.0.2 means 192.0.2.10",
        "dscp 12 at fd00::2 means 2001:db8::10",
    ]
    assert [step.shell().split("'")[0] for step in pieces[0].steps] == [
        "nft add table inet dsrlb",
        "nft add chain inet dsrlb prerouting ",
        "nft add rule inet dsrlb prerouting ",
    ]


def test_a_table_that_is_not_there_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = [
        {"table": {"family": "ip", "name": "dsrlb"}},
        {"table": {"family": "inet", "name": "x"}},
    ]
    monkeypatch.setattr(nft, "output", lambda arguments: json.dumps({"nftables": tables}))
    assert nft.read() == Ruleset()
