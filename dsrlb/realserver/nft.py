# SPDX-License-Identifier: Apache-2.0
"""The nftables table of our own: its rules as text for `nft`, and read back by their values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from ipaddress import ip_address
from operator import or_
from typing import Any, ClassVar

from dsrlb.realserver.steps import Command, IPAddress, output

TABLE = ("inet", "dsrlb")
# Priority raw: before conntrack, which must see the VIP and not the real's own address, and behind
# the reassembly that comes with it. Hook and number: what `nft -j` says of the chain.
_CHAINS = {
    "prerouting": ("{ type filter hook prerouting priority raw ; }", "prerouting", -300),
    "output": ("{ type filter hook output priority mangle ; }", "output", -150),
}
_PROTOCOLS = {4: ("icmp", {1, 6, 17}), 6: ("ipv6-icmp", {6, 17, 58})}
_SYN, _ACK = 0x02, 0x10


@dataclass(frozen=True, slots=True)
class Translation:
    """Packets to the host's own address ``real`` with DSCP ``code`` are for the VIP.

    No notrack: a stateful firewall on the host goes on working. The kernel fixes the checksums.
    """

    real: IPAddress
    code: int
    vip: IPAddress
    chain: ClassVar[str] = "prerouting"

    def text(self) -> str:
        """The rule as `nft` reads it."""
        ip, (icmp, _) = _family(self.vip), _PROTOCOLS[self.vip.version]
        match = f"{ip} daddr {self.real} {ip} dscp {self.code}"
        return f"{match} meta l4proto {{ tcp, udp, {icmp} }} {ip} daddr set {self.vip}"


@dataclass(frozen=True, slots=True)
class Clamp:
    """SYN-ACKs from the VIP allow segments of ``mss`` bytes at most: the kernel never raises it.

    ``method``: who wants it; of two clamps the smaller one counts.
    """

    vip: IPAddress
    method: str
    mss: int
    chain: ClassVar[str] = "output"

    def text(self) -> str:
        """The rule as `nft` reads it."""
        match = f"{_family(self.vip)} saddr {self.vip} tcp flags & (syn | ack) == (syn | ack)"
        return f'{match} tcp option maxseg size set {self.mss} comment "{self.method}"'


Rule = Translation | Clamp


@dataclass(frozen=True, slots=True)
class Present:
    """A rule that is there; None: not one that we would have made."""

    chain: str
    handle: int
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Our table. ``chains``: by name, hook and priority."""

    exists: bool = False
    chains: dict[str, tuple[str, int]] = field(default_factory=dict)
    present: tuple[Present, ...] = ()

    @property
    def translations(self) -> list[Translation]:
        """The rules of the one kind."""
        return [found.rule for found in self.present if isinstance(found.rule, Translation)]

    @property
    def clamps(self) -> list[Clamp]:
        """The rules of the other kind."""
        return [found.rule for found in self.present if isinstance(found.rule, Clamp)]

    def wrong_chain(self, name: str) -> bool:
        """Is there a chain of our name that is none of ours?"""
        return self.chains.get(name, _CHAINS[name][1:]) != _CHAINS[name][1:]

    @staticmethod
    def hook(name: str) -> str:
        """Where a chain of ours looks at packets."""
        _, hook, priority = _CHAINS[name]
        return f"hook {hook} priority {priority}"

    def add(self, rule: Rule) -> tuple[Command, ...]:
        """Table, chain and rule, as far as they are not there."""
        steps = [] if self.exists else [_nft("add", "table")]
        if rule.chain not in self.chains:
            steps.append(_nft("add", "chain", rule.chain, _CHAINS[rule.chain][0]))
        return (*steps, _nft("add", "rule", rule.chain, rule.text()))

    def drop(self, rules: Iterable[Rule]) -> tuple[Command, ...]:
        """Take rules out, as often as they are there."""
        unwanted = set(rules)
        return tuple(
            _nft("delete", "rule", found.chain, "handle", str(found.handle))
            for found in self.present
            if found.rule in unwanted
        )

    def remove(self, rules: Iterable[Rule]) -> tuple[Command, ...]:
        """As drop(), but a chain and the table go with their last rule."""
        unwanted = set(rules)
        left = {found.chain for found in self.present if found.rule not in unwanted}
        if self.exists and not left:
            return (_nft("delete", "table"),)
        empty = (name for name in self.chains if name in _CHAINS and name not in left)
        return (*self.drop(unwanted), *(_nft("delete", "chain", name) for name in empty))


def _nft(verb: str, what: str, *words: str) -> Command:
    return Command(("nft", verb, what, *TABLE, *words))


def _family(address: IPAddress) -> str:
    return "ip" if address.version == 4 else "ip6"


def _list(*what: str) -> list[dict[str, Any]]:
    # -n: codes, protocols and flags as numbers, which else have names (12 is af12)
    found: list[dict[str, Any]] = json.loads(output(["nft", "-n", "-j", "list", *what]))["nftables"]
    return found


def read() -> Ruleset:
    """Our table as the kernel has it. Raises NetError, also without root."""
    tables = (entry["table"] for entry in _list("tables") if "table" in entry)
    if TABLE not in {(table["family"], table["name"]) for table in tables}:
        return Ruleset()
    chains: dict[str, tuple[str, int]] = {}
    present = []
    for entry in _list("table", *TABLE):
        if "chain" in entry:
            chain = entry["chain"]
            chains[chain["name"]] = (chain.get("hook", ""), chain.get("prio", 0))
        elif "rule" in entry:
            rule = entry["rule"]
            present.append(Present(rule["chain"], rule["handle"], understand(rule)))
    return Ruleset(True, chains, tuple(present))


def understand(rule: dict[str, Any]) -> Rule | None:
    """A rule of `nft -n -j` as one of ours; None when it differs from one in anything."""
    try:
        made = _translation(rule) if rule["chain"] == "prerouting" else _clamp(rule)
    except (KeyError, ValueError, TypeError, IndexError):
        return None
    return made if made.chain == rule["chain"] else None


def _match(expression: Any, left: Any) -> Any:
    """The right side of an equality whose left side is as given; KeyError for another one."""
    match = expression["match"]
    if match["op"] != "==" or match["left"] != left:
        raise KeyError("match")
    return match["right"]


def _payload(protocol: str, name: str) -> dict[str, Any]:
    return {"payload": {"protocol": protocol, "field": name}}


def _mangled(expression: Any, key: Any) -> Any:
    if expression["mangle"]["key"] != key:
        raise KeyError("mangle")
    return expression["mangle"]["value"]


def _protocol_of(expression: Any) -> str:
    return str(expression["match"]["left"]["payload"]["protocol"])


def _translation(rule: dict[str, Any]) -> Translation:
    to, code, protocols, change = rule["expr"]
    ip = _protocol_of(to)
    real = ip_address(_match(to, _payload(ip, "daddr")))
    vip = ip_address(_mangled(change, _payload(ip, "daddr")))
    members = set(_match(protocols, {"meta": {"key": "l4proto"}})["set"])
    if members != _PROTOCOLS[vip.version][1]:
        raise ValueError("l4proto")
    return Translation(real, int(_match(code, _payload(ip, "dscp"))), vip)


def _bits(value: Any) -> int:
    """TCP flags: one number, or one for each flag, in a list or (older versions of nft) joined by
    the operator."""
    if isinstance(value, int):
        return value
    parts = value["|"] if isinstance(value, dict) else value
    return reduce(or_, map(_bits, parts))


def _clamp(rule: dict[str, Any]) -> Clamp:
    source, flags, change = rule["expr"]
    ip = _protocol_of(source)
    vip = ip_address(_match(source, _payload(ip, "saddr")))
    mask = flags["match"]["left"]["&"][1]
    wanted = _match(flags, {"&": [_payload("tcp", "flags"), mask]})
    if _bits(mask) != _SYN | _ACK or _bits(wanted) != _SYN | _ACK:
        raise ValueError("tcp flags")
    size = _mangled(change, {"tcp option": {"name": "maxseg", "field": "size"}})
    return Clamp(vip, str(rule["comment"]), int(size))
