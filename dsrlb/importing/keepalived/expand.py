# SPDX-License-Identifier: Apache-2.0
"""Conditions, definitions, sequences and lists of keepalived.conf(5) ("Advanced configuration")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsrlb.config.files import LARGEST
from dsrlb.importing.report import Place, Report, wrong

MOST_LINES = 200_000
"""Lines of all files, expanded."""

_DEEPEST = 64
_ENDLESS = f"this expands without end, or to more than {MOST_LINES:,} lines or {LARGEST >> 20} MiB"
_LONGEST_NUMBER = 12
_DEFINITION = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_USE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*)(?=\s|$))")
_CONDITION = re.compile(r"@(\^?)(\S*)\s*(.*)", re.DOTALL)
_BLOCK = re.compile(r"~(SEQx?|LST)\(([^()]*)\)\s*(.*)", re.DOTALL)
_UNKNOWN = re.compile(r"\$\{(_(?:RANDOM|ENV|INSTANCE)[^}]*)\}")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that says something. A definition may have several, with line ends in between."""

    text: str
    place: Place


class Expander:
    """Knows the definitions so far, and what lines become by them."""

    def __init__(self, report: Report, config_id: str | None) -> None:
        self._report = report
        self._id = config_id
        self._values: dict[str, str] = {}
        if config_id is not None:
            self._values["_INSTANCE"] = config_id
        self._lines = 0
        self._size = 0

    def expand(self, line: Line, folder: Path, depth: int = 0) -> Iterator[Line]:
        """The lines that a line stands for; none for a definition. ``folder``: that of its file.
        Raises ConfigError for what expands without end."""
        self._count(line, depth)
        text = line.text
        if text.startswith("@"):
            text = self._conditional(Line(text, line.place))
        if not text:
            return
        definition = _DEFINITION.fullmatch(text)
        if definition is not None:
            self._values[definition[1]] = definition[2].strip()
            return
        if text.startswith("~"):
            yield from self._repeated(Line(text, line.place), folder, depth)
            return
        whole = self._substituted(text, line.place, folder)
        if whole == text:
            yield self._literal(text, line.place)
            return
        for part in whole.split("\n"):
            if part.strip():
                yield from self.expand(Line(part.strip(), line.place), folder, depth + 1)

    def _count(self, line: Line, depth: int) -> None:
        self._lines += 1
        self._size += len(line.text)
        if depth > _DEEPEST or self._lines > MOST_LINES or self._size > LARGEST:
            raise wrong(line.place, "line", line.text, _ENDLESS)

    def _conditional(self, line: Line) -> str:
        """The rest of a line that counts, else nothing."""
        match = _CONDITION.fullmatch(line.text)
        if match is None:
            return line.text
        unless, wanted, rest = match.groups()
        counts = (wanted == self._id) != bool(unless)
        if self._id is None:
            self._tell(line, counts)
        return rest.strip() if counts else ""

    def _tell(self, line: Line, counts: bool) -> None:
        why = "which lines count is said by --config-id; without one, those of @^ do"
        if counts:
            self._report.near(line.place, line.text, why)
        else:
            self._report.lost(line.place, line.text, why)

    def _substituted(self, text: str, place: Place, folder: Path) -> str:
        """With the values of what is defined."""

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            return str(folder.resolve()) if name == "_PWD" else self._values.get(name, match[0])

        if sum(len(value(match)) for match in _USE.finditer(text)) > LARGEST:
            raise wrong(place, "line", text, _ENDLESS)
        return _USE.sub(value, text)

    def _literal(self, text: str, place: Place) -> Line:
        """What cannot be known here is told, and stays."""
        for match in _UNKNOWN.finditer(text):
            why = "only a running keepalived knows it; it stands in the line as it is"
            self._report.near(place, match[0], why)
        return Line(text.replace("${_HASH}", "#").replace("${_BANG}", "!"), place)

    def _repeated(self, line: Line, folder: Path, depth: int) -> Iterator[Line]:
        """A line beginning with ~SEQ(...) or ~LST(...), once for each of its values."""
        match = _BLOCK.fullmatch(line.text)
        if match is None:
            message = "~SEQ(name, first, step, last) or ~LST(name, value, ...)"
            raise wrong(line.place, "line", line.text, message)
        kind, arguments, rest = match.groups()
        arguments = self._substituted(arguments, line.place, folder)
        if kind == "LST":
            names, rows = _list(arguments, line)
        else:
            names, rows = _sequence(arguments, kind == "SEQx", line)
        for row in rows:
            self._values.update(zip(names, row, strict=True))
            yield from self.expand(Line(rest, line.place), folder, depth + 1)


def _sequence(
    arguments: str, hexadecimal: bool, line: Line
) -> tuple[list[str], list[Sequence[str]]]:
    """The name of ~SEQ, and its values."""
    name, *texts = (part.strip() for part in arguments.split(","))
    try:
        if max(map(len, texts)) > _LONGEST_NUMBER:
            raise ValueError
        numbers = [int(text, 0) for text in texts]
        if len(numbers) == 1:
            numbers = [1 if numbers[0] > 0 else -1, *numbers]
        if len(numbers) == 2:
            numbers = [numbers[0], 1 if numbers[1] >= numbers[0] else -1, numbers[1]]
        first, step, last = numbers
        values = range(first, last + (1 if step > 0 else -1), step)
    except ValueError as error:
        message = "~SEQ(name, first, step, last), of numbers, the step not 0"
        raise wrong(line.place, "line", line.text, message) from error
    if len(values) > MOST_LINES:
        raise wrong(line.place, "line", line.text, f"more than {MOST_LINES:,} values")
    shown = [f"{value:x}" if hexadecimal else str(value) for value in values]
    return [name], [(value,) for value in shown]


_GROUP = re.compile(r"\s*(?:\{([^{}]*)\}|([^,{}]*))\s*(?:,|$)")


def _list(arguments: str, line: Line) -> tuple[list[str], list[Sequence[str]]]:
    """The names of ~LST, and a row of values for each turn."""
    groups = []
    at = 0
    while at < len(arguments):
        match = _GROUP.match(arguments, at)
        if match is None or match.end() == at:
            raise wrong(line.place, "line", line.text, "~LST(name, value, ...)")
        inner = match[1] if match[1] is not None else match[2]
        many = inner.split(",") if match[1] is not None else [inner]
        groups.append([part.strip() for part in many])
        at = match.end()
    names, rows = (groups[0], groups[1:]) if groups else ([], [])
    if not names or not rows or any(len(row) != len(names) for row in rows):
        message = "~LST(name, value, ...) or ~LST({name, name}, {value, value}, ...)"
        raise wrong(line.place, "line", line.text, message)
    return names, list(rows)
