# SPDX-License-Identifier: Apache-2.0
"""setup and check."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from dsrlb.errors import DsrlbError, NetError
from dsrlb.realserver import state, tunnels
from dsrlb.realserver.pieces import LO_UP, Piece, add_vip
from dsrlb.realserver.plan import Plan, plan
from dsrlb.realserver.request import Request
from dsrlb.realserver.steps import Preparing, Step, Sysctl, read_host, read_sysctl


@dataclass(frozen=True, slots=True)
class Outcome:
    """The steps that were done, or would be by a dry run, and what was left alone and why."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()


def need_root() -> None:
    """Raises DsrlbError."""
    if os.geteuid() != 0:
        raise DsrlbError("this changes the host's network settings", hint="run it as root")


def check(request: Request) -> list[Piece]:
    """Look at every piece; changes nothing. Raises DsrlbError for wrong input, and where looking
    needs root: for l3dsr, and for segment sizes."""
    return plan(request, read_host(), (), may_try=False).pieces


def setup(request: Request, *, dry_run: bool = False) -> Outcome:
    """Put right every piece that is not; what it changes is recorded first.

    Returns no steps when everything is right already. Raises DsrlbError, before any change, when a
    piece cannot be put right here.
    """
    if dry_run:
        return _outcome(plan(request, read_host(), state.load().entries, may_try=True))
    need_root()
    with state.locked():
        changed = state.load()
        planned = plan(request, read_host(), changed.entries, may_try=True)
        outcome = _outcome(planned)
        for step in outcome.steps:
            if isinstance(step, Preparing):
                step.prepare()
        _record(changed, planned, outcome.steps)
        state.save(changed)
        for step in outcome.steps:
            step.run()
    return outcome


def _outcome(planned: Plan) -> Outcome:
    """The steps for what is lacking, each once."""
    lacking = [piece for piece in planned.pieces if not piece.ok]
    steps: list[Step] = []
    for piece in lacking:
        if not piece.steps:
            raise NetError(f"{piece.name}: {piece.value}", hint=piece.advice)
        steps += [step for step in piece.steps if step not in steps]
    return Outcome(tuple(steps), planned.notes)


def _record(changed: state.Changed, planned: Plan, steps: Sequence[Step]) -> None:
    for entry in planned.entries:
        changed.enter(entry)
        if add_vip(entry.address) in steps and entry.vip not in changed.added:
            changed.added.append(entry.vip)
    for step in steps:
        port = tunnels.port_of(step)
        if port is not None and port not in changed.ports:
            changed.ports.append(port)
        if isinstance(step, Sysctl) and not tunnels.is_tunnel(step.interface):
            before = changed.sysctls.get(step.key, (read_sysctl(step.key) or "",))[0]
            changed.sysctls[step.key] = (before, step.value)
    changed.lo_was_down |= LO_UP in steps
