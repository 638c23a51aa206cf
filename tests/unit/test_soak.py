# SPDX-License-Identifier: Apache-2.0
"""What `make soak` runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]


def _scaled(node: ast.AST) -> bool:
    """Does it ask for a count, or whether there are full ones?"""
    return any(
        isinstance(one, ast.Attribute)
        and isinstance(one.value, ast.Name)
        and (one.value.id, one.attr) in (("scale", "count"), ("scale", "SOAK"))
        for one in ast.walk(node)
    )


def _marked(test: ast.FunctionDef) -> bool:
    return any(ast.unparse(one) == "pytest.mark.soak" for one in test.decorator_list)


def _tests() -> Iterator[tuple[str, ast.FunctionDef]]:
    for file in sorted(_TESTS.rglob("test_*.py")):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield f"{file.relative_to(_TESTS)}::{node.name}", node


def test_what_has_a_full_count_is_in_the_soak() -> None:
    scaled = {name: _marked(test) for name, test in _tests() if _scaled(test)}
    assert len(scaled) > 15
    assert [name for name, marked in scaled.items() if not marked] == []
