# SPDX-License-Identifier: Apache-2.0
"""The lines of a keepalived.conf(5): without comments, with what is included, expanded."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from dsrlb.config.files import bytes_of
from dsrlb.importing.keepalived.expand import Expander, Line
from dsrlb.importing.octets import decoded, replaced
from dsrlb.importing.report import Place, Report, wrong

DEEPEST = 32
"""Files that include each other."""

MOST_FILES = 1000
_MOST_GROUPS = 4

_INCLUDES = ("include", "includer", "includem", "includew", "includeb", "includea")


def without_comment(text: str) -> str:
    """A line up to "#" or "!" outside quotes; a character behind a backslash is none of these."""
    quote, index = "", 0
    while index < len(text):
        char = text[index]
        if char == "\\":
            index += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "#!":
            return text[:index]
        index += 1
    return text


class Reader:
    """Reads a file and what it includes."""

    def __init__(self, report: Report, config_id: str | None) -> None:
        self._report = report
        self._expander = Expander(report, config_id)
        self._files = 0

    def lines(self, text: str, filename: str, folder: Path) -> Iterator[Line]:
        """The lines of a text, includes being relative to its folder. Raises ConfigError."""
        return self._lines(text, filename, folder, (Path(filename).resolve(),))

    def _lines(
        self, text: str, filename: str, folder: Path, above: tuple[Path, ...]
    ) -> Iterator[Line]:
        """``above``: the files that include this one, and itself."""
        for line in _joined(text, filename, self._report):
            words = line.text.split()
            if words[0] in _INCLUDES:
                yield from self._include(line, folder, above)
            else:
                yield from self._expander.expand(line, folder)

    def _include(self, line: Line, folder: Path, above: tuple[Path, ...]) -> Iterator[Line]:
        pattern = line.text.split(maxsplit=1)[1:]
        if not pattern:
            raise wrong(line.place, "include", line.text, "a file or a pattern is missing")
        wanted = pattern[0].strip("\"'")
        patterns = _braces(wanted)
        found = (glob.glob(one, root_dir=folder) for one in patterns)
        matches = sorted(set(chain.from_iterable(found)))
        if not matches:
            self._report.lost(line.place, f"include {wanted}", f"there is no such file in {folder}")
        for match in matches:
            path = folder / match
            if path.is_dir():
                continue
            self._files += 1
            if path.resolve() in above:
                message = f"{path} includes itself: {' -> '.join(map(str, above))}"
                raise wrong(line.place, "include", wanted, message)
            if len(above) >= DEEPEST or self._files > MOST_FILES:
                message = f"too many files: {DEEPEST} deep, {MOST_FILES} in all at most"
                raise wrong(line.place, "include", wanted, message)
            inner = (*above, path.resolve())
            yield from self._lines(replaced(bytes_of(path)), str(path), path.parent, inner)


def _braces(pattern: str) -> Iterator[str]:
    """The patterns that a pattern with {a,b} stands for; one group within another is not split,
    nor are more than four."""
    before, opened, rest = pattern.partition("{")
    inner, closed, after = rest.partition("}")
    if not (opened and closed) or "{" in inner or pattern.count("{") > _MOST_GROUPS:
        yield pattern
        return
    for choice in inner.split(","):
        for end in _braces(after):
            yield before + choice + end


def _joined(text: str, filename: str, report: Report) -> Iterator[Line]:
    """Lines that say something; a definition that goes on behind backslashes is one. Raises
    ConfigError for a text with control characters, which is none."""
    held: list[str] = []
    first = 0
    for number, raw in enumerate(text.split("\n"), 1):
        if any(ord(char) < 32 and char not in "\t\r\f\v" for char in raw):
            message = "control characters: this is no text"
            raise wrong(Place(filename, number), "file", filename, message)
        line = decoded(without_comment(raw).strip(), Place(filename, number), report)
        if not line:
            continue
        goes_on = line.endswith("\\")
        if not held:
            first = number
        if held or (goes_on and line.lstrip().startswith(("$", "@"))):
            held.append(line.removesuffix("\\").strip() if goes_on else line)
            if not goes_on:
                yield Line("\n".join(held), Place(filename, first))
                held = []
            continue
        yield Line(line, Place(filename, number))
    if held:
        yield Line("\n".join(held), Place(filename, first))
