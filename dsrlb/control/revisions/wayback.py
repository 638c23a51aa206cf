# SPDX-License-Identifier: Apache-2.0
"""The way back from a change: whether there is one, and how it is told."""

from __future__ import annotations

from dsrlb.config import Config, parse
from dsrlb.control.revisions.change import Change
from dsrlb.control.revisions.confirm import seconds_left
from dsrlb.control.revisions.log import RevisionLog
from dsrlb.control.revisions.store import Revision
from dsrlb.control.state import State
from dsrlb.control.views import AppliedView, PlanView, PreparedView
from dsrlb.errors import ConfigError, StateError


def ran(
    log: RevisionLog, state: State, known_text: str = "", known: Config | None = None
) -> Config | None:
    """What ran last; None when there is nothing, or nothing that this version reads. ``known``:
    a configuration that was read already, of that text."""
    try:
        running = log.running
        text = log.text(running.number) if running is not None else state.saved_config()
        if known is not None and text and text == known_text:  # that of a file is not here: empty
            return known
        return None if text is None else parse(text, "last configuration")
    except (ConfigError, StateError):
        return None


def planned_view(changes: PlanView, running: Revision | None) -> PlanView:
    """A plan with the way back that there would be."""
    return {**changes, "way_back": running.number if running is not None else None}


def prepared_view(
    changes: PlanView, log: RevisionLog, change: Change, obstacle: str
) -> PreparedView:
    """What a change would do, and the way back from it: it is there, and ``obstacle`` says why it
    could not be gone."""
    number, what, time = log.way_back(change), "", ""
    if number is not None:
        try:
            back = log.get(number)
            what, time = back.what, back.time
        except StateError as error:
            obstacle = error.message
    return {
        **changes,
        "way_back": number,
        "running": log.running.number if log.running is not None else None,
        "recorded": bool(changes["changes"]) or change.to is not None,
        "way_back_what": what,
        "way_back_time": time,
        "way_back_obstacle": obstacle,
    }


def applied_view(changes: PlanView, log: RevisionLog, obstacle: str) -> AppliedView:
    """What was changed, what runs now, and the way back from it."""
    running, waiting = log.running, log.waiting
    return {
        "hash_before": changes["hash_before"],
        "hash_after": changes["hash_after"],
        "changes": changes["changes"],
        "affects_flows": changes["affects_flows"],
        "way_back": running.way_back if running is not None else None,
        "revision": running.number if running is not None and not log.owing else None,
        "way_back_obstacle": obstacle,
        "confirm_seconds": round(seconds_left(waiting), 1) if waiting is not None else None,
    }


def told(change: Change, changes: PlanView, revision: Revision | None) -> str:
    """A change that is in force, as an event."""
    count = len(changes["changes"])
    text = f"{change.author}: {change.what}: {count} change{'s' * (count != 1)}, "
    if revision is not None:
        text += f"revision {revision.number}, "
    text += f"configuration {changes['hash_after']}"
    if revision is None or revision.result != "pending" or change.confirm_within is None:
        return text  # nothing was changed, or nothing waits
    return f"{text}, to be confirmed within {change.confirm_within} s"
