# SPDX-License-Identifier: Apache-2.0
"""What a start begins with: what was pending, what ran, or a file; and what if that is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dsrlb.control.revisions.authors import Author, itself
from dsrlb.control.revisions.change import Change
from dsrlb.control.revisions.confirm import expired
from dsrlb.control.revisions.log import RevisionLog
from dsrlb.control.revisions.store import Corrupt, Revision
from dsrlb.errors import ConfigError, DsrlbError, StateError
from dsrlb.paths import Paths


@dataclass(frozen=True, slots=True)
class Attempt:
    """A configuration to start with: of a file, or a text of the log. ``tells``: an event, when
    the start goes on with it."""

    name: str
    change: Change
    file: Path | None = None
    text: str = ""
    tells: str = ""


def label(number: int) -> str:
    """What a revision is called where a file could be named."""
    return f"<revision {number}>"


def attempts(
    log: RevisionLog,
    paths: Paths,
    file: Path | None,
    author: Author,
    pinned: bool,
    adopt_vip: bool = False,
) -> list[Attempt]:
    """What to start with, best first. ``file``: `run -c`. ``pinned``: something runs already.
    ``adopt_vip``: VIPs may be addresses of this host, which loses them.

    Raises StateError when there is nothing, and when a revision waits for confirmation and ``file``
    is something else.
    """
    found = _found(log, paths, file, author, pinned)
    return [replace(one, change=replace(one.change, adopt_vip=adopt_vip)) for one in found]


def _found(
    log: RevisionLog, paths: Paths, file: Path | None, author: Author, pinned: bool
) -> list[Attempt]:
    if file is not None:
        return [_named(log, file, author)]
    found = [*_unfinished(log), *_last(log)]
    if found:
        return found
    if log.lost and pinned and not paths.saved_config.exists():
        raise _unknown(log, paths)
    files = [path for path in (paths.saved_config, paths.config_file) if path.exists()]
    if files:
        with_another = log.lost and not pinned
        return [_of_file(log, path, author) for path in (files if with_another else files[:1])]
    raise StateError(
        f"no configuration: {paths.saved_config} and {paths.config_file} are not there",
        hint="dsrlb run -c FILE",
    )


def _of_file(log: RevisionLog, path: Path, author: Author) -> Attempt:
    what = f"{path}; {log.lost}" if log.lost else str(path)
    return Attempt(str(path), Change(author, what, unrecorded=bool(log.trouble)), path)


def no_start(
    log: RevisionLog, paths: Paths, attempt: Attempt, error: DsrlbError, pinned: bool
) -> DsrlbError:
    """Why there is no start, with what to do."""
    if log.lost and pinned:
        return _unknown(log, paths, error)
    if isinstance(error, ConfigError) and not error.hint and attempt.change.revision is not None:
        hint = "`dsrlb run -c FILE` starts with FILE, `dsrlb rollback` goes back first"
        return ConfigError(error.problems, hint)
    return error


def _unknown(log: RevisionLog, paths: Paths, error: DsrlbError | None = None) -> StateError:
    from dsrlb.config.secrets import told

    saved = told(error) if error is not None else "it is not there"
    return StateError(
        f"{log.lost}; and {paths.saved_config} cannot be used: {saved}. What runs goes on as it is",
        hint="`dsrlb run -c FILE` goes on with FILE: flows of services and real servers that it "
        "has stay; `dsrlb detach` ends all of it",
    )


def _named(log: RevisionLog, file: Path, author: Author) -> Attempt:
    waiting = log.waiting
    if waiting is not None and not expired(waiting):
        raise StateError(
            f"revision {waiting.number} waits for confirmation",
            hint="`dsrlb run`, then `dsrlb confirm`; or `dsrlb rollback`; then `run -c`",
        )
    change = Change(author, f"run -c {file}", ends_waiting=waiting is not None)
    return Attempt(str(file), change, file)


def _unfinished(log: RevisionLog) -> list[Attempt]:
    """What an earlier daemon was about when it was killed."""
    pending = log.interrupted
    if pending is None:
        return []
    forward = Attempt(
        label(pending.number),
        Change(itself(), pending.what, revision=pending),
        text=log.text(pending.number),
        tells=f"revision {pending.number} was begun before, and is finished now",
    )
    return [*_reverted(log, pending, log.running), forward]


def _last(log: RevisionLog) -> list[Attempt]:
    running = log.running
    if running is None:
        return []
    change = Change(itself(), running.what, revision=running)
    last = Attempt(label(running.number), change, text=log.text(running.number))
    if log.waiting is None or log.interrupted is not None:
        return [last]
    return [*_reverted(log, running, _back_of(log, running)), last]


def _back_of(log: RevisionLog, revision: Revision) -> Revision | None:
    return None if revision.way_back is None else log.get(revision.way_back)


def _reverted(log: RevisionLog, revision: Revision, to: Revision | None) -> list[Attempt]:
    """Back to another one, if a revision had to be confirmed and was not."""
    if to is None or not expired(revision):
        return []
    tells = reverting(revision, to)
    change = Change(itself(), tells, to=to, ends_waiting=True)
    try:
        text = log.text(to.number)
    except Corrupt as error:
        log.events.add("start", f"no {tells}: {error.message}", "error")
        return []
    return [Attempt(label(to.number), change, text=text, tells=tells)]


def reverting(revision: Revision, to: Revision) -> str:
    """How the automatic way back is told."""
    return f"automatic return from {revision.number} to {to.number}: not confirmed in time"
