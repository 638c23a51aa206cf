# SPDX-License-Identifier: Apache-2.0
"""Imports point one way: cli -> api, control -> config, dataplane, net; nothing points back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "dsrlb"

# Who may import what of dsrlb, beside itself and the BASE that everybody may import.
BASE = {"errors", "paths", "printable", "privileges"}
ALLOWED = {
    "errors": set(),
    "paths": set(),
    "printable": set(),
    "privileges": set(),
    "health": set(),
    "config": set(),
    "dataplane": set(),
    "net": {"config"},  # net.host fills in the facts that a configuration is checked against
    "observe": {"config", "dataplane", "net"},
    "importing": {"config"},
    "realserver": {"dataplane", "net"},
    "control": {"config", "dataplane", "health", "net", "observe", "realserver"},
    "api": {"config", "control", "dataplane", "net", "observe", "realserver"},
    "__main__": {"cli"},
    "cli": {
        "api",
        "config",
        "control",
        "dataplane",
        "importing",
        "net",
        "observe",
        "realserver",
    },
}
# Libraries that one part alone may import.
OWNED = {"bcc": "dataplane", "pyroute2": "net", "click": "cli"}
# The daemon's and the API's part of the code may not reach for the terminal either.
TERMINAL_ONLY = {"rich": "cli"}


def imported(tree: ast.AST, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield (line, full module name) of every import, wherever it stands; relative ones resolved.

    ``from dsrlb import x`` counts as ``dsrlb.x``.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            if module == "dsrlb":
                for alias in node.names:
                    yield node.lineno, f"dsrlb.{alias.name}"
            else:
                yield node.lineno, module


def part_of(path: Path) -> str:
    """Return the part that a module belongs to; the package itself is a leaf, like errors."""
    name = path.parts[0].removesuffix(".py")
    return {"__init__": "errors", "__main__": "cli"}.get(name, name)


def violations(text: str, path: Path) -> list[str]:
    """Return what is wrong with the imports of a module, ``path`` being relative to dsrlb/."""
    part = part_of(path)
    package = ("dsrlb", *path.parts[:-1])
    found = []
    for line, name in imported(ast.parse(text), package):
        top, *rest = name.split(".")
        owner = {**OWNED, **TERMINAL_ONLY}.get(top)
        if owner is not None and part != owner:
            found.append(f"{path}:{line}: {top} belongs to dsrlb/{owner}")
        if top != "dsrlb" or not rest:
            continue
        target = rest[0]
        known = target in ALLOWED
        if known and target != part and target not in BASE and target not in ALLOWED[part]:
            found.append(f"{path}:{line}: dsrlb/{part} may not import dsrlb/{target}")
    return found


MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_one_way(path: Path) -> None:
    assert violations((PACKAGE / path).read_text(), path) == []


def test_every_part_is_known() -> None:
    parts = {part_of(path) for path in MODULES}
    assert parts <= set(ALLOWED), "say in ALLOWED what the new part may import"


def test_allowed_has_no_circle() -> None:
    remaining = dict(ALLOWED)
    while remaining:
        leaves = [part for part, may in remaining.items() if not may & set(remaining)]
        assert leaves, f"a circle in ALLOWED among {sorted(remaining)}"
        for part in leaves:
            del remaining[part]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("net/links.py", "import bcc", "bcc belongs to dsrlb/dataplane"),
        ("control/daemon.py", "from pyroute2 import IPRoute", "pyroute2 belongs to dsrlb/net"),
        ("api/app.py", "def f():\n    import click.testing", "click belongs to dsrlb/cli"),
        (
            "net/links.py",
            "from dsrlb.control import plan",
            "dsrlb/net may not import dsrlb/control",
        ),
        ("config/source.py", "from dsrlb import net", "dsrlb/config may not import dsrlb/net"),
        ("control/plan.py", "from ..cli import main", "dsrlb/control may not import dsrlb/cli"),
        ("dataplane/a.py", "import dsrlb.config.models", "may not import dsrlb/config"),
        ("paths.py", "from . import net", "dsrlb/paths may not import dsrlb/net"),
        (
            "net/x.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from dsrlb.api import app",
            "dsrlb/net may not import dsrlb/api",
        ),
    ],
)
def test_a_violation_is_caught(path: str, text: str, expected: str) -> None:
    (found,) = violations(text, Path(path))
    assert expected in found


def test_what_is_allowed_is_not_reported() -> None:
    text = "import bcc\nfrom dsrlb.errors import KernelError\nfrom .bpf import load\n"
    assert violations(text, Path("dataplane/compile.py")) == []
