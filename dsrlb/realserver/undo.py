# SPDX-License-Identifier: Apache-2.0
"""undo: take back what setup did, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dsrlb.realserver import gateway, nft, persist, rules, state
from dsrlb.realserver.manage import Outcome, need_root, run_steps
from dsrlb.realserver.pieces import LO_DOWN, remove_vip
from dsrlb.realserver.request import METHODS, ROUTED, TUNNELLED
from dsrlb.realserver.steps import Host, IPAddress, Step, Sysctl, read_host, read_sysctl


def undo(
    methods: Sequence[str] = METHODS, vips: Sequence[IPAddress] = (), *, dry_run: bool = False
) -> Outcome:
    """Take back what setup did for these VIPs (default: all) by these methods; settings with the
    last VIP.

    What somebody else changed since is left alone and noted, and so are VIPs that setup did not
    add itself. Undoing twice is no error.
    """
    if dry_run:
        return _undo(state.load(), methods, vips)
    need_root()
    with state.locked():
        changed = state.load()
        outcome = _undo(changed, methods, vips)
        for step in outcome.steps:
            if isinstance(step, persist.Write | persist.Remove):
                step.prepare()
        run_steps(outcome.steps)
        state.save(changed)
    return outcome


def _undo(changed: state.Changed, methods: Sequence[str], vips: Sequence[IPAddress]) -> Outcome:
    """Plan the undoing and strike it out of ``changed``."""
    host = read_host()
    wanted = [str(vip) for vip in vips] or changed.vips
    gone = [entry for entry in changed.entries if entry.vip in wanted and entry.method in methods]
    changed.entries = [entry for entry in changed.entries if entry not in gone]
    steps, notes = persist.undoing(methods, vips)
    steps += _undo_rules(gone)
    steps += _undo_decapsulation(gone, changed)
    _undo_routes(changed, host, steps, notes)
    _undo_vips(changed, wanted, host, steps, notes)
    if not changed.local:
        _undo_settings(changed, host, steps, notes)
    return Outcome(tuple(steps), tuple(notes))


def _undo_rules(gone: Iterable[state.Entry]) -> list[Step]:
    with_rules = [entry for entry in gone if entry.rules]
    if not with_rules:
        return []
    ruleset = nft.read()
    return [*ruleset.remove(rules.unwanted_rules(with_rules, ruleset))]


def _undo_decapsulation(gone: Sequence[state.Entry], changed: state.Changed) -> list[Step]:
    if not any(entry.method in TUNNELLED for entry in gone):
        return []
    from dsrlb.realserver.decapsulation import undoing  # the data plane: not for everybody

    return undoing(gone, changed.entries, changed.ports)


def _undo_routes(changed: state.Changed, host: Host, steps: list[Step], notes: list[str]) -> None:
    """Those of families that no VIP of router or nat has any more."""
    needed = {entry.address.version for entry in changed.entries if entry.method in ROUTED}
    families = [family for family in (4, 6) if family not in needed]
    for found in gateway.undoing(changed.routes, families, host):
        if isinstance(found, str):
            notes.append(found)
        else:
            steps.append(found)
    for family in families:
        changed.routes.pop(str(family), None)


def _undo_vips(
    changed: state.Changed,
    wanted: Iterable[str],
    host: Host,
    steps: list[Step],
    notes: list[str],
) -> None:
    """Those that no method has any more."""
    present = {
        str(ip): (ip, p.prefix)
        for ip, places in host.addresses.items()
        for p in places
        if p.interface == "lo"
    }
    for text in dict.fromkeys(wanted):
        if text in changed.local:
            continue
        ours = text in changed.added
        if ours:
            changed.added.remove(text)
        if text not in present:
            continue
        vip, prefix = present[text]
        if ours and prefix == vip.max_prefixlen:
            steps.append(remove_vip(vip))
        else:
            notes.append(f"{text}/{prefix} on lo was not put there by setup: left")


def _undo_settings(changed: state.Changed, host: Host, steps: list[Step], notes: list[str]) -> None:
    for key, (before, written) in reversed(changed.sysctls.items()):
        value = read_sysctl(key)
        if value == written != before:
            steps.append(Sysctl(key, before))
        elif value is not None and value != before:
            notes.append(f"{key} is {value}, setup had written {written}: left")
    if changed.lo_was_down and host.up.get("lo"):
        steps.append(LO_DOWN)
    changed.sysctls.clear()
    changed.lo_was_down = False
