# SPDX-License-Identifier: Apache-2.0
"""setup and check."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from dsrlb.errors import DsrlbError, NetError
from dsrlb.realserver import gateway, persist, state, tunnels
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


def check(request: Request, *, at_boot: bool = False) -> list[Piece]:
    """Look at every piece; changes nothing. ``at_boot``: that it is done then is one, too.

    Raises DsrlbError for wrong input, and where looking needs root: for l3dsr, and for segment
    sizes."""
    found = plan(request, read_host(), (), may_try=False).pieces
    return [*found, *persist.pieces(request, wanted=at_boot)]


def setup(request: Request, *, at_boot: bool = False, dry_run: bool = False) -> Outcome:
    """Put right every piece that is not; what it changes is recorded first. ``at_boot``: have it
    done again at every boot; otherwise what is done then stays as it is.

    Returns no steps when everything is right already. Raises DsrlbError, before any change, when a
    piece cannot be put right here.
    """
    if dry_run:
        return _outcome(_planned(request, state.load(), at_boot))
    need_root()
    with state.locked():
        changed = state.load()
        planned = _planned(request, changed, at_boot)
        outcome = _outcome(planned)
        for step in outcome.steps:
            if isinstance(step, Preparing):
                step.prepare()
        _record(changed, planned, outcome.steps)
        state.save(changed)
        run_steps(outcome.steps)
    return outcome


def _planned(request: Request, changed: state.Changed, at_boot: bool) -> Plan:
    """With the unit for it behind all that it does."""
    planned = plan(request, read_host(), changed.entries, may_try=True)
    planned.pieces.extend(persist.pieces(request, wanted=True) if at_boot else ())
    return planned


def run_steps(steps: Sequence[Step]) -> None:
    """Do them in turn. Raises DsrlbError; where some were done before, it says how to go on."""
    for number, step in enumerate(steps):
        try:
            step.run()
        except DsrlbError as error:
            if number:
                done = f"{number} of {len(steps)} steps are done: try again, or real-server undo"
                error.hint = f"{error.hint}; {done}" if error.hint else done
            raise


def _outcome(planned: Plan) -> Outcome:
    """The steps for what is lacking, each once."""
    lacking = [piece for piece in planned.pieces if not piece.ok]
    steps: list[Step] = []
    for piece in lacking:
        if not piece.steps:
            raise NetError(f"{piece.name}: {piece.value}", hint=piece.advice)
        steps += [step for step in piece.steps if step not in steps]
    return Outcome(tuple(steps), (*planned.notes, *persist.notes(steps)))


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
            changed.sysctls[step.key] = (_before(step, changed), step.value)
        if isinstance(step, gateway.Replace):
            changed.routes[str(step.family)] = gateway.note(step, changed.routes)
    changed.lo_was_down |= LO_UP in steps


def _before(step: Sysctl, changed: state.Changed) -> str:
    """What undo has to put back: of what somebody else wrote since the last setup, that."""
    now = read_sysctl(step.key) or ""
    before, written = changed.sysctls.get(step.key, (now, now))
    return before if now == written else now
