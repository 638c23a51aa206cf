# SPDX-License-Identifier: Apache-2.0
"""How keepalived.conf is read: words, comments, blocks, and what holds for one host alone."""

from __future__ import annotations

from typing import Any

import pytest

from dsrlb.importing.keepalived.blocks import Statement, parse
from dsrlb.importing.keepalived.expand import Line
from dsrlb.importing.keepalived.text import without_comment
from dsrlb.importing.report import Place, Report
from tests.unit.importing.conftest import Convert
from tests.unit.importing.statements import text


def words(line: str) -> list[str]:
    """A line's words."""
    (found,) = parse([Line(line, Place("f", 1))], Report("f"))
    return found.words


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a b  c", ["a", "b", "c"]),
        ('abcd" efg h  jkl "mnop', ["abcd efg h  jkl mnop"]),
        ('abcd "efg h" mnop', ["abcd", "efg h", "mnop"]),
        ("a 'b \"c\" d'", ["a", 'b "c" d']),
        (r'a "\"b\\"', ["a", '"b\\']),
        (r"a \x41\x4\101\t\cA\q", ["a", "A\x04A\t\x01q"]),
        ("a ${B C}d", ["a", "${B C}d"]),
        ('a ""', ["a", ""]),
        ("a\\", ["a\\"]),
    ],
)
def test_words(line: str, expected: list[str]) -> None:
    assert words(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a # b", "a "),
        ("a!b", "a"),
        ("a \"#\" '!' # c", "a \"#\" '!' "),
        (r"a \# b", r"a \# b"),
        ("# a", ""),
    ],
)
def test_comments(line: str, expected: str) -> None:
    assert without_comment(line) == expected


def test_blocks() -> None:
    lines = ["a 1 {", "b { c 2 }", "d", "{", "}", "} e"]
    found = parse([Line(line, Place("f", i)) for i, line in enumerate(lines, 1)], Report("f"))

    def shape(statements: list[Statement]) -> list[Any]:
        return [(one.text, one.place.line, shape(one.inner)) for one in statements]

    assert shape(found) == [
        ("a 1", 1, [("b", 2, [("c 2", 2, [])]), ("d", 3, [])]),
        ("e", 6, []),
    ]


def test_conditions(convert: Convert) -> None:
    found = text(server="@one lvs_sched wrr\n@^one lvs_sched lc\n@two ops")
    by_id = {name: convert(found, config_id=name) for name in ("one", "two", None)}
    algorithms = {name: one.config.service[0].algorithm for name, one in by_id.items()}
    assert algorithms == {
        "one": "weighted-round-robin",
        "two": "least-connection",
        None: "least-connection",
    }
    assert by_id["one"].notes == ()
    assert [note.kind for note in by_id[None].notes] == [
        "not carried over",
        "approximated",
        "not carried over",
    ]


def test_the_instance(convert: Convert) -> None:
    lines = {"check": "}\nHTTP_GET {\nurl {\npath /${_INSTANCE}\n}"}
    (one,) = convert(text(**lines), config_id="a1").config.service
    assert one.health is not None
    assert one.health.path == "/a1"
