# SPDX-License-Identifier: Apache-2.0
"""setup, check and undo."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dsrlb.errors import DsrlbError, NetError
from dsrlb.realserver import state
from dsrlb.realserver.pieces import LO_DOWN, LO_UP, Piece, add_vip, l2dsr, remove_vip
from dsrlb.realserver.steps import Host, IPAddress, Step, Sysctl, read_host, read_sysctl

MODES = ("l2dsr",)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The steps that were done, or would be by a dry run, and what was left alone and why."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()


def _need_root() -> None:
    if os.geteuid() != 0:
        raise DsrlbError("this changes the host's network settings", hint="run it as root")


def _pieces(mode: str, vips: Iterable[IPAddress], interface: str | None, host: Host) -> list[Piece]:
    if mode not in MODES:
        raise DsrlbError(f"mode {mode}: not in this version", hint=f"available: {MODES[0]}")
    if interface is not None and interface not in host.interfaces:
        there = ", ".join(host.interfaces) or "none"
        raise NetError(f"interface {interface}: not here, or the loopback", hint=f"there: {there}")
    return l2dsr(dict.fromkeys(vips), interface, host)


def check(mode: str, vips: Sequence[IPAddress], interface: str | None = None) -> list[Piece]:
    """Look at every piece; changes nothing and needs no root. Raises DsrlbError for wrong input."""
    return _pieces(mode, vips, interface, read_host())


def setup(
    mode: str, vips: Sequence[IPAddress], interface: str | None = None, *, dry_run: bool = False
) -> Outcome:
    """Put right every piece that is not; what it changes is recorded first.

    Returns no steps when everything is right already. Raises DsrlbError, before any change, when a
    piece cannot be put right here.
    """
    if dry_run:
        return Outcome(_steps_for(_pieces(mode, vips, interface, read_host())))
    _need_root()
    with state.locked():
        steps = _steps_for(_pieces(mode, vips, interface, read_host()))
        changed = state.load()
        _record(changed, vips, steps)
        state.save(changed)
        for step in steps:
            step.run()
    return Outcome(steps)


def _steps_for(pieces: Iterable[Piece]) -> tuple[Step, ...]:
    lacking = [piece for piece in pieces if not piece.ok]
    for piece in lacking:
        if not piece.steps:
            raise NetError(f"{piece.name}: {piece.value}", hint=piece.advice)
    return tuple(step for piece in lacking for step in piece.steps)


def _record(changed: state.Changed, vips: Iterable[IPAddress], steps: Sequence[Step]) -> None:
    for vip in vips:
        if str(vip) not in changed.vips:
            changed.vips.append(str(vip))
        if add_vip(vip) in steps and str(vip) not in changed.added:
            changed.added.append(str(vip))
    for step in steps:
        if isinstance(step, Sysctl):
            before = changed.sysctls.get(step.key, (read_sysctl(step.key) or "",))[0]
            changed.sysctls[step.key] = (before, step.value)
    changed.lo_was_down |= LO_UP in steps


def undo(mode: str, vips: Sequence[IPAddress] = (), *, dry_run: bool = False) -> Outcome:
    """Take back what setup did for these VIPs (default: all); settings with the last VIP.

    What somebody else changed since is left alone and noted, and so are VIPs that setup did not
    add itself. Undoing twice is no error.
    """
    if mode not in MODES:
        raise DsrlbError(f"mode {mode}: not in this version", hint=f"available: {MODES[0]}")
    if dry_run:
        return _undo(state.load(), vips)
    _need_root()
    with state.locked():
        changed = state.load()
        outcome = _undo(changed, vips)
        for step in outcome.steps:
            step.run()
        state.save(changed)
    return outcome


def _undo(changed: state.Changed, vips: Sequence[IPAddress]) -> Outcome:
    """Plan the undoing and strike it out of ``changed``."""
    host = read_host()
    steps: list[Step] = []
    notes: list[str] = []
    wanted = [str(vip) for vip in vips] or list(changed.vips)
    present = {
        str(ip): ip for ip, places in host.addresses.items() for p in places if p.interface == "lo"
    }
    for text in dict.fromkeys(wanted):
        if text in changed.added:
            changed.added.remove(text)
            if text in present:
                steps.append(remove_vip(present[text]))
        elif text in present:
            notes.append(f"{text} on lo was not put there by setup: left")
        if text in changed.vips:
            changed.vips.remove(text)
    if not changed.vips:
        _undo_settings(changed, host, steps, notes)
    return Outcome(tuple(steps), tuple(notes))


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
