# SPDX-License-Identifier: Apache-2.0
"""On which line of a TOML text a key stands (tomllib does not say)."""

from __future__ import annotations

import re
from collections.abc import Iterator

Path = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[A-Za-z0-9_"'-]+)*)\s*=""")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text, one after the other: all at once keep other threads waiting."""
    begin = 0
    while (end := text.find("\n", begin)) >= 0:
        yield text[begin:end]
        begin = end + 1
    yield text[begin:]


class LineIndex:
    """Lines of tables and keys by path, such as ("service", 0, "real", 1, "weight"). The text is
    looked through when the first is asked for.

    Made for texts that tomllib has accepted. Keys inside an inline table are found at the line of
    the key that holds it.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._counts: dict[Path, int] = {}
        self._text: str | None = text

    def find(self, path: Path) -> int | None:
        """The line of ``path``, or of the nearest thing around it."""
        text, self._text = self._text, None
        if text is not None:
            self._read(text)
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return None

    def _read(self, text: str) -> None:
        table: Path = ()
        depth = 0
        fence: str | None = None
        for number, line in enumerate(lines_of(text), start=1):
            if fence is None and depth == 0:
                header = _HEADER.match(line)
                if header:
                    table = self._enter(header[2], header[1] == "[[")
                    self._note(table, number)
                    continue
                key = _KEY.match(line)
                if key:
                    self._note((*table, *_parts(key[1])), number)
            depth, fence = self._balance(line, depth, fence)

    def _note(self, path: Path, number: int) -> None:
        """Keep the first line of a path, and of what it implies: [a.b] and a.b = 1 make a."""
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], number)

    def _enter(self, dotted: str, array: bool) -> Path:
        """The path of a [table] or [[array]] header, with the index of the latest element."""
        path: Path = ()
        parts = _parts(dotted)
        for position, part in enumerate(parts):
            path = (*path, part)
            if array and position == len(parts) - 1:
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = (*path, self._counts[path])
        return path

    @staticmethod
    def _balance(line: str, depth: int, fence: str | None) -> tuple[int, str | None]:
        """Follow multi-line strings and brackets to the end of the line."""
        while True:
            if fence is not None:
                _, found, line = line.partition(fence)
                if not found:
                    return depth, fence
                fence = None
            starts = [(line.find(mark), mark) for mark in ('"""', "'''") if mark in line]
            head = line[: min(starts)[0]] if starts else line
            plain = _STRING.sub("", head).split("#")[0]
            depth += plain.count("[") + plain.count("{") - plain.count("]") - plain.count("}")
            if not starts or "#" in _STRING.sub("", head):
                return max(depth, 0), None
            position, fence = min(starts)
            line = line[position + 3 :]
