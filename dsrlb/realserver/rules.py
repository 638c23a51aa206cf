# SPDX-License-Identifier: Apache-2.0
"""The pieces that are nftables rules: codes that mean VIPs, and the limit for segments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dsrlb.realserver.nft import TABLE, Clamp, Rule, Ruleset, Translation
from dsrlb.realserver.pieces import Piece
from dsrlb.realserver.request import L3DSR, Request, default_mss
from dsrlb.realserver.state import Entry
from dsrlb.realserver.steps import Host, IPAddress

_START_OVER = f"nft delete table {' '.join(TABLE)}, and set up again"


def needs_rules(request: Request) -> bool:
    """Is there anything for nftables to do?"""
    return request.method in L3DSR or bool(request.mss)


def rule_pieces(
    request: Request, own: tuple[IPAddress, ...], host: Host, ruleset: Ruleset
) -> list[Piece]:
    """All of them. ``own``: the host's own addresses."""
    codes = _codes(request, own, ruleset) if request.method == "dscp" else ()
    return [*codes, *_clamps(request, own, host, ruleset)]


def _codes(request: Request, own: tuple[IPAddress, ...], ruleset: Ruleset) -> Iterator[Piece]:
    meant: dict[tuple[IPAddress, int], IPAddress] = {}
    for vip in request.vips:
        reals = [address for address in own if address.version == vip.version]
        if not reals:
            advice = f"name the host's own IPv{vip.version} address by --address"
            name, wanted = f"{vip} by dscp {request.dscp}", f"an IPv{vip.version} address"
            yield Piece(name, False, "no address to match", (), advice, wanted)
        for real in reals:
            rule = Translation(real, request.dscp, vip)
            rival = _rival(rule, ruleset) or meant.setdefault((real, request.dscp), vip)
            yield _code(rule, None if rival == vip else rival, ruleset)


def _rival(rule: Translation, ruleset: Ruleset) -> IPAddress | None:
    """Another VIP that the same code at the same address means already."""
    for other in ruleset.translations:
        if (other.real, other.code) == (rule.real, rule.code) and other.vip != rule.vip:
            return other.vip
    return None


def _code(rule: Translation, rival: IPAddress | None, ruleset: Ruleset) -> Piece:
    name = f"dscp {rule.code} at {rule.real} means {rule.vip}"
    if rival is not None:
        undo = f"dsrlb real-server undo --mode l3dsr --method dscp --vip {rival}"
        advice, wanted = f"another code, or: {undo}", f"it means {rule.vip}"
        return Piece(name, False, f"it means {rival}", (), advice, wanted)
    if rule in ruleset.translations:
        return _present(name, "yes", rule, ruleset)
    return _missing(name, "missing", rule, (), ruleset, "a rule")


def _clamps(
    request: Request, own: tuple[IPAddress, ...], host: Host, ruleset: Ruleset
) -> Iterator[Piece]:
    for vip in request.vips:
        wanted = request.mss or default_mss(request, vip, own, host)
        if wanted:
            yield _clamp(Clamp(vip, request.method, wanted), bool(request.mss), ruleset)


def _clamp(rule: Clamp, exactly: bool, ruleset: Ruleset) -> Piece:
    """A default is kept by smaller segments as well: somebody may have asked for them."""
    name = f"segments from {rule.vip}"
    of_ours = [
        other for other in ruleset.clamps if (other.vip, other.method) == (rule.vip, rule.method)
    ]
    sizes = [other.mss for other in of_ours]
    value = f"at most {min(sizes)} bytes" if sizes else "of any size"
    right = sizes == [rule.mss] if exactly else bool(sizes) and min(sizes) <= rule.mss
    if right:
        return _present(name, value, rule, ruleset)
    return _missing(name, value, rule, of_ours, ruleset, f"at most {rule.mss} bytes")


def _present(name: str, value: str, rule: Rule, ruleset: Ruleset) -> Piece:
    if ruleset.wrong_chain(rule.chain):
        value = f"chain {rule.chain} of our table is not as setup makes it"
        wanted = f"type filter {Ruleset.hook(rule.chain)}"
        return Piece(name, False, value, (), _START_OVER, wanted)
    return Piece(name, True, value)


def _missing(
    name: str, value: str, rule: Rule, instead: Iterable[Rule], ruleset: Ruleset, wanted: str
) -> Piece:
    """``instead``: rules that have to go for it."""
    if ruleset.wrong_chain(rule.chain):
        return _present(name, value, rule, ruleset)
    steps = (*ruleset.drop(instead), *ruleset.add(rule))
    return Piece(name, False, value, steps, wanted=wanted)


def unwanted_rules(entries: Iterable[Entry], ruleset: Ruleset) -> list[Rule]:
    """Our rules for what is to be undone."""
    going = {(entry.method, entry.vip) for entry in entries}
    codes = [rule for rule in ruleset.translations if ("dscp", str(rule.vip)) in going]
    clamps = [rule for rule in ruleset.clamps if (rule.method, str(rule.vip)) in going]
    return [*codes, *clamps]
