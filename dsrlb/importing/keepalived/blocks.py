# SPDX-License-Identifier: Apache-2.0
"""Words, statements and blocks of keepalived.conf(5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dsrlb.importing.keepalived.expand import Line
from dsrlb.importing.report import Place, Report, wrong

DEEPEST = 32
"""Blocks within blocks."""

_CONTROL = {
    "a": "\a", "b": "\b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_OPEN, _CLOSE = object(), object()


@dataclass(slots=True)
class Statement:
    """A keyword with its words; a block has a body."""

    words: list[str]
    place: Place
    body: list[Statement] | None = None

    @property
    def keyword(self) -> str:
        """The first word."""
        return self.words[0]

    @property
    def values(self) -> list[str]:
        """The words behind it."""
        return self.words[1:]

    @property
    def text(self) -> str:
        """As it stood, more or less."""
        return " ".join(self.words)

    @property
    def inner(self) -> list[Statement]:
        """What stands in a block; nothing where there is none."""
        return [] if self.body is None else self.body


@dataclass(slots=True)
class _Words:
    """Cuts a line into words and braces."""

    text: str
    at: int = 0
    open_quote: bool = False
    found: list[object] = field(default_factory=list)
    word: list[str] | None = None

    def cut(self) -> list[object]:
        """Words as str, braces as _OPEN and _CLOSE."""
        while self.at < len(self.text):
            self._step()
        self._end()
        return self.found

    def _end(self) -> None:
        if self.word is not None:
            self.found.append("".join(self.word))
            self.word = None

    def _add(self, text: str) -> None:
        self.word = self.word or []
        self.word.append(text)

    def _step(self) -> None:
        char = self.text[self.at]
        if char.isspace():
            self._end()
        elif char == "\\" and self.at + 1 < len(self.text):
            self._escape()
            return
        elif char in "\"'":
            self._quoted(char)
            return
        elif self.text.startswith("${", self.at) and "}" in self.text[self.at :]:
            end = self.text.index("}", self.at) + 1
            self._add(self.text[self.at : end])
            self.at = end
            return
        elif char in "{}":
            self._end()
            self.found.append(_OPEN if char == "{" else _CLOSE)
        else:
            self._add(char)
        self.at += 1

    def _quoted(self, quote: str) -> None:
        """Up to the next quote, or the end of the line."""
        self._add("")
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == quote:
                self.at += 1
                return
            if char == "\\" and self.at + 1 < len(self.text):
                self._escape()
            else:
                self._add(char)
                self.at += 1
        self.open_quote = True

    def _escape(self) -> None:
        """A character behind a backslash: by name, in octal or hexadecimal, or as it is."""
        char = self.text[self.at + 1]
        self.at += 2
        if char in _CONTROL:
            self._add(_CONTROL[char])
        elif char in "01234567":
            self._number(self.at - 1, "01234567", 3, 8)
        elif char == "x" and self.text[self.at : self.at + 1] in tuple("0123456789abcdefABCDEF"):
            self._number(self.at, "0123456789abcdefABCDEF", 2, 16)
        elif char == "c" and self.at < len(self.text):
            self._add(chr(ord(self.text[self.at]) & 31))
            self.at += 1
        else:
            self._add(char)

    def _number(self, start: int, digits: str, most: int, base: int) -> None:
        end = start
        while end < len(self.text) and end - start < most and self.text[end] in digits:
            end += 1
        self._add(chr(int(self.text[start:end], base) & 255))
        self.at = end


class _Parser:
    """Keeps the blocks that are open."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.top: list[Statement] = []
        self._open: list[Statement] = []

    def _here(self) -> list[Statement]:
        return self._open[-1].inner if self._open else self.top

    def line(self, line: Line) -> None:
        """Take a line in."""
        words = _Words(line.text)
        statement: Statement | None = None
        for token in words.cut():
            if token is _OPEN:
                self._begin(line)
                statement = None
            elif token is _CLOSE:
                if not self._open:
                    raise wrong(line.place, "block", "}", "there is no block that it could close")
                self._open.pop()
                statement = None
            elif isinstance(token, str):
                if statement is None:
                    statement = Statement([], line.place)
                    self._here().append(statement)
                statement.words.append(token)
        if words.open_quote:
            self._report.near(line.place, line.text, "a quote is open; it ends with the line")

    def _begin(self, line: Line) -> None:
        here = self._here()
        if not here or here[-1].body is not None:
            raise wrong(line.place, "block", "{", "there is no keyword that it could belong to")
        if len(self._open) >= DEEPEST:
            raise wrong(line.place, "block", "{", f"more than {DEEPEST} blocks within each other")
        here[-1].body = []
        self._open.append(here[-1])

    def end(self) -> list[Statement]:
        """All that came; raises ConfigError for a block that is open."""
        if self._open:
            last = self._open[-1]
            hint = "a line that counts only for a --config-id may have had the brace"
            raise wrong(last.place, "block", f"{last.text} {{", "this block is not closed", hint)
        return self.top


def parse(lines: Iterable[Line], report: Report) -> list[Statement]:
    """The statements of a file. Raises ConfigError for braces that do not match."""
    parser = _Parser(report)
    for line in lines:
        parser.line(line)
    return parser.end()
