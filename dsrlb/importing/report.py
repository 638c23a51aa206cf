# SPDX-License-Identifier: Apache-2.0
"""What an import tells beside the configuration: what is lost, what is only nearly the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from dsrlb.errors import ConfigError, Problem
from dsrlb.printable import printable

MOST_REASONS = 100
"""So many are told where nothing is left."""

Kind = Literal["not carried over", "approximated"]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file; lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that is not in the new configuration as it was in the old one."""

    place: Place
    kind: Kind
    what: str
    why: str

    def __str__(self) -> str:
        return printable(f"{self.place}: {self.kind}: {self.what}: {self.why}")


_PRIVATE = re.compile(
    r"(?<![\w-])(misc_path|quorum_(?:up|down)|notify\w*|script|path|virtualhost|sni_name|payload"
    r"|require_reply|regex\w*|digest|auth_pass|password)(\s.*|)",
    re.DOTALL,
)
"""Keywords of programs, and of what is sent and expected, with what is behind them."""


def without_secrets(text: str) -> str:
    """A part of a file without what may be a password: reports are kept in logs."""
    return _PRIVATE.sub(lambda found: found[1] + (" ..." if found[2].strip() else ""), text)


def shortened(text: str, most: int = 80) -> str:
    """The text, or its beginning where it is long."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def wrong(place: Place, key: str, value: str, message: str, hint: str = "") -> ConfigError:
    """What stops an import: a file that is not what it should be."""
    shown = printable(shortened(value, 60))
    return ConfigError([Problem(place.file, place.line, key, shown, message)], hint)


def _label(what: str) -> str:
    return shortened(without_secrets(what))


def nothing(report: Report, start: Place, message: str) -> ConfigError:
    """What stops an import of which nothing is left, behind the reasons for that. ``start``: the
    first line of the file."""
    told = [
        Problem(note.place.file, note.place.line, note.what, note.kind, note.why)
        for note in report.notes()
        if note.kind == "not carried over"
    ]
    more = len(told) - MOST_REASONS
    if more > 0:
        message += f", and {more:,} more lines were not"
    summary = Problem(start.file, None, "file", start.file, message)
    return ConfigError([*told[:MOST_REASONS], summary])


class Report:
    """Notes about a file and what it includes."""

    def __init__(self, filename: str) -> None:
        self._filename = filename
        self._notes: dict[Note, None] = {}  # each stands once

    def lost(self, place: Place, what: str, why: str) -> None:
        """Tell what the new configuration does not have."""
        self._notes.setdefault(Note(place, "not carried over", _label(what), why))

    def near(self, place: Place, what: str, why: str) -> None:
        """Tell what it has in another way."""
        self._notes.setdefault(Note(place, "approximated", _label(what), why))

    def notes(self) -> tuple[Note, ...]:
        """All notes: the file first, others as they were named, lines in their order."""
        files = {self._filename: 0}
        for note in self._notes:
            files.setdefault(note.place.file, len(files))
        return tuple(
            sorted(self._notes, key=lambda note: (files[note.place.file], note.place.line))
        )
