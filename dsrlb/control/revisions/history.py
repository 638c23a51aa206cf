# SPDX-License-Identifier: Apache-2.0
"""Revisions as they are shown: rows, and the difference between two."""

from __future__ import annotations

import difflib
from typing import Protocol

from dsrlb.config import Config, dump, parse
from dsrlb.control.plan import view
from dsrlb.control.revisions.beginning import label
from dsrlb.control.revisions.confirm import seconds_left
from dsrlb.control.revisions.log import RevisionLog
from dsrlb.control.revisions.store import Revision
from dsrlb.control.statusviews import RevisionsView
from dsrlb.control.views import DiffView, RevisionRow
from dsrlb.errors import StateError


class Revisions(Protocol):
    """What can be read of a log, with or without a daemon. Methods raise StateErrors."""

    @property
    def running(self) -> Revision | None:
        """What runs, or ran last."""

    def latest(self, limit: int | None) -> list[Revision]:
        """The newest ones, newest first."""

    def get(self, number: int) -> Revision:
        """One by its number; raises UnknownRevision."""

    def text(self, number: int) -> str:
        """The configuration of one that is there."""


def row(revision: Revision, running: Revision | None) -> RevisionRow:
    """One revision; ``running``: the one that runs."""
    waiting = revision.result == "waiting"
    return {
        "number": revision.number,
        "time": revision.time,
        "uid": revision.uid,
        "user": revision.user,
        "said": revision.said,
        "what": revision.what,
        "digest": revision.digest,
        "result": revision.result,
        "reason": revision.reason,
        "way_back": revision.way_back,
        "confirm_seconds": round(seconds_left(revision), 1) if waiting else None,
        "running": running is not None and revision.number == running.number,
    }


def rows(log: Revisions, limit: int | None) -> list[RevisionRow]:
    """The newest revisions, newest first. Raises StateError."""
    return [row(revision, log.running) for revision in log.latest(limit)]


def glance(log: RevisionLog) -> RevisionsView:
    """For the status."""
    running, waiting = log.running, log.waiting
    return {
        "running": running.number if running is not None else None,
        "way_back": running.way_back if running is not None else None,
        "confirm": None
        if waiting is None
        else {
            "revision": waiting.number,
            "seconds_left": round(seconds_left(waiting), 1),
            "way_back": waiting.way_back,
        },
        "trouble": "; ".join(filter(None, (log.owing, log.trouble))),
        "lost": log.lost,
    }


def text_of(log: Revisions, number: int) -> str:
    """The configuration of a revision; raises UnknownRevision and other StateErrors."""
    return log.text(log.get(number).number)


def diff(
    log: Revisions, before: int, after: int | None, running: Config | None, text: bool
) -> DiffView:
    """From revision ``before`` to ``after`` (None: to what runs, which is ``running``, or else the
    last one that was applied). Raises UnknownRevision, StateError, and ConfigError for a revision
    that this version does not read."""
    if after is None and log.running is not None:
        after = log.running.number
    if after is not None:
        late, name = text_of(log, after), label(after)
    elif running is not None:
        late, name = dump(running), "<running>"
    else:
        raise StateError("nothing ran yet: name a second revision", hint="dsrlb history")
    early = text_of(log, before)
    changes = view(parse(early, label(before)), parse(late, name))
    lines = difflib.unified_diff(
        early.splitlines(keepends=True), late.splitlines(keepends=True), label(before), name
    )
    return {
        "hash_before": changes["hash_before"],
        "hash_after": changes["hash_after"],
        "changes": changes["changes"],
        "affects_flows": changes["affects_flows"],
        "way_back": None,
        "before": before,
        "after": after,
        "text": "".join(lines) if text else "",
    }
