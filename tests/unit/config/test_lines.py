# SPDX-License-Identifier: Apache-2.0
"""Lines of keys, in every way that TOML has to write them."""

from __future__ import annotations

import tomllib

import pytest

from dsrlb.config.lines import LineIndex
from dsrlb.config.lines import Path as KeyPath

ARRAYS = """\
# a comment with [brackets] and a = 1
[[service]]
name = "a"
[[service.real]]
address = "x"
[[service.real]]
address = "y"

[[ service ]]   # [[not]] this
name = "b"
  [[service.real]]
  address = "z"
[balancer]
interfaces = []
[service.l3dsr]
dscp = 12
"""
VALUES = '''\
ports = [
  80,  # ] not the end
  [1, 2],
  "]", '[',
]
after = 1
text = """
[table]
inside = 1
"""
then = 2
literal = \'\'\'
fake = 3
\'\'\'
last = "a # b [ " # [
end = 4
one = """x = 1"""
two = 5
inline = { a = 1, b = [1, 2] }
reals = [
  { address = "x" },
  { address = "y", weight = 3 },
]
empty = ""
"quoted" = 6
'single' = 7
a.b.c = 8
a . d = 9
under_score-dash = 10
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("service",), 2),
        (("service", 0), 2),
        (("service", 0, "name"), 3),
        (("service", 0, "real", 0, "address"), 5),
        (("service", 0, "real", 1), 6),
        (("service", 0, "real", 1, "address"), 7),
        (("service", 0, "real", 1, "weight"), 6),
        (("service", 1), 9),
        (("service", 1, "name"), 10),
        (("service", 1, "real"), 11),
        (("service", 1, "real", 0, "address"), 12),
        (("service", 1, "vip"), 9),
        (("service", 1, "l3dsr"), 15),
        (("service", 1, "l3dsr", "dscp"), 16),
        (("balancer",), 13),
        (("balancer", "interfaces", 0), 14),
        (("group", 0), None),
        ((), None),
    ],
)
def test_tables(path: KeyPath, line: int | None) -> None:
    tomllib.loads(ARRAYS)
    assert LineIndex(ARRAYS).find(path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("ports",), 1),
        (("after",), 6),
        (("text",), 7),
        (("table",), None),
        (("inside",), None),
        (("then",), 11),
        (("fake",), None),
        (("last",), 15),
        (("end",), 16),
        (("two",), 18),
        (("inline", "b"), 19),
        (("reals", 1, "weight"), 20),
        (("empty",), 24),
        (("quoted",), 25),
        (("single",), 26),
        (("a",), 27),
        (("a", "b"), 27),
        (("a", "b", "c"), 27),
        (("a", "d"), 28),
        (("under_score-dash",), 29),
    ],
)
def test_values(path: KeyPath, line: int | None) -> None:
    tomllib.loads(VALUES)
    assert LineIndex(VALUES).find(path) == line


def test_tables_that_are_only_implied() -> None:
    assert LineIndex("\n[foo.bar]\nx = 1\n").find(("foo",)) == 2


def test_an_array_in_an_array_is_no_table() -> None:
    lines = LineIndex("a = [\n  [1, 2],\n  [3]\n]\nb = 1\n")
    assert lines.find(("b",)) == 5
