# SPDX-License-Identifier: Apache-2.0
"""Read a configuration: TOML, includes, models, cross-checks; every problem with its place."""

from __future__ import annotations

import difflib
import glob
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dsrlb.config.checks import check
from dsrlb.config.files import text_of
from dsrlb.config.health import HealthType
from dsrlb.config.lines import LineIndex, lines_of
from dsrlb.config.lines import Path as KeyPath
from dsrlb.config.models import (
    Balancer,
    Bridge,
    Config,
    Group,
    Health,
    L3dsr,
    Real,
    Service,
    Snat,
)
from dsrlb.config.nesting import TOO_DEEP, too_deep, too_long_key
from dsrlb.config.values import IN_WORDS
from dsrlb.errors import ConfigError, Problem

MODELS: dict[str, type[BaseModel]] = {
    "": Config,
    "balancer": Balancer,
    "bridge": Bridge,
    "group": Group,
    "group.health": Health,
    "group.real": Real,
    "service": Service,
    "service.l3dsr": L3dsr,
    "service.health": Health,
    "service.real": Real,
    "service.sorry": Real,
    "service.snat": Snat,
}
"""Tables of a configuration, by their keys."""
_FIRST = {
    "bridge": "name",
    "group": "name",
    "group.health": "type",
    "group.real": "address",
    "service": "name",
    "service.health": "type",
    "service.l3dsr": "method",
    "service.real": "address",
    "service.snat": "pool",
    "service.sorry": "address",
}
"""The key of a table that whoever wrote a value in its place has meant."""
_AT_LINE = re.compile(r"\(at line (\d+), (column \d+)\)")
_PARTS = re.compile(r"\[(\d+)\]|([^.\[]+)")


@dataclass(slots=True)
class Origin:
    """Where each part of the merged tables came from. ``includes``: from other files, too, by these
    names and patterns."""

    file: str
    indices: dict[str, LineIndex] = field(default_factory=dict)
    elements: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    includes: tuple[str, ...] = ()

    def place(self, path: KeyPath) -> tuple[str, int | None]:
        """File and line of a key path of the merged configuration."""
        file = self.file
        if len(path) >= 2 and isinstance(path[1], int):
            file, index = self.elements.get((str(path[0]), path[1]), (file, path[1]))
            path = (path[0], index, *path[2:])
        lines = self.indices.get(file)
        return file, lines.find(path) if lines else None

    def problem(self, path: KeyPath, value: Any, message: str) -> Problem:
        """A Problem at a key path of the merged configuration."""
        file, line = self.place(path)
        return Problem(file, line, key_text(path), value_text(value), message)


def key_text(path: KeyPath) -> str:
    """("service", 0, "real", 1, "weight") as service[0].real[1].weight."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def key_path(text: str) -> KeyPath:
    """What key_text() was made of."""
    return tuple(int(index) if index else name for index, name in _PARTS.findall(text))


def toml_text(value: Any) -> str:
    """A value as TOML would have it, but for escapes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_text, value))}]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{key} = {toml_text(inner)}" for key, inner in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return str(value)


def value_text(value: Any) -> str:
    """... cut to a readable length."""
    text = toml_text(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _read(text: str, filename: str) -> dict[str, Any]:
    try:
        tables = None if too_long_key(text) else tomllib.loads(text)
    except RecursionError:
        tables = None
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        message = _AT_LINE.sub(r"(\2)", str(error))
        shown = next(islice(lines_of(text), line - 1, None), "").strip()
        raise ConfigError([Problem(filename, line, "TOML", shown, message)]) from error
    if tables is None or too_deep(tables):
        raise ConfigError([Problem(filename, None, "TOML", "(all of it)", TOO_DEEP)])
    return tables


def _add(tables: dict[str, Any], text: str, filename: str, origin: Origin) -> dict[str, Any]:
    """Merge one file's tables; returns that file's own tables."""
    own = _read(text, filename)
    lines = origin.indices[filename] = LineIndex(text)
    wrong = []
    lists = ("bridge", "group", "service") if filename == origin.file else ("group", "service")
    for name, value in own.items():
        if name in lists:
            if not isinstance(value, list):
                message = f"a list of tables: [[{name}]], with two brackets"
                wrong.append(
                    Problem(filename, lines.find((name,)), name, value_text(value), message)
                )
                continue
            merged = tables.setdefault(name, [])
            for index, element in enumerate(value):
                origin.elements[(name, len(merged))] = (filename, index)
                merged.append(element)
        elif filename != origin.file:
            message = "an included file may hold [[group]] and [[service]] only"
            if name == "include":
                message += f"; includes go one deep: name these files in {origin.file}"
            wrong.append(Problem(filename, lines.find((name,)), name, value_text(value), message))
        elif name != "include":
            tables[name] = value
    if wrong:
        raise ConfigError(wrong)
    return own


def _patterns(value: Any, origin: Origin) -> tuple[str, ...]:
    patterns = [value] if isinstance(value, str) else value
    if not isinstance(patterns, list) or not all(isinstance(item, str) for item in patterns):
        message = 'a list of files or patterns, such as ["/etc/dsrlb/conf.d/*.toml"]'
        raise ConfigError([origin.problem(("include",), patterns, message)])
    return tuple(patterns)


def included(patterns: Iterable[str], base: Path, origin: Origin) -> list[Path]:
    """The files that are there of these, by name or pattern, from a folder on. Raises ConfigError:
    one that is named is not."""
    found: list[Path] = []
    for pattern in patterns:
        matches = sorted(glob.glob(pattern, root_dir=base))
        if not matches and not glob.has_magic(pattern):
            raise ConfigError([origin.problem(("include",), pattern, "there is no such file")])
        found += [base / match for match in matches]
    return found


def _unknown_key(path: KeyPath, value: Any, origin: Origin) -> Problem:
    table = ".".join(str(part) for part in path[:-1] if not isinstance(part, int))
    name = str(path[-1])
    model = MODELS.get(table)
    known = sorted(model.model_fields) if model else []
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    return origin.problem(path, value, f"unknown key; {meant}known: {', '.join(known)}")


def _walk(tables: Any, location: tuple[str | int, ...]) -> KeyPath:
    """pydantic's location without what is not in the file (union members, for instance)."""
    path: list[str | int] = []
    current = tables
    for part in location:
        if isinstance(current, dict) and part in current:
            current = current[part]
        elif isinstance(current, list) and isinstance(part, int) and part < len(current):
            current = current[part]
        else:
            break
        path.append(part)
    return tuple(path)


def _problem(tables: Any, error: ErrorDetails, origin: Origin) -> Problem:
    location = tuple(error["loc"])
    path = _walk(tables, location)
    if error["type"] == "extra_forbidden":
        return _unknown_key(path, error["input"], origin)
    if error["type"] == "missing":
        return origin.problem((*path, location[-1]), "(absent)", "this key is needed")
    value = error["input"]
    for part in path if path else ():
        tables = tables[part]
    shown = value if isinstance(value, str | int | float | bool | list) else tables
    if error["type"] == "model_type":
        return origin.problem(path, shown, f"a table: {_table_of(path, shown)}")
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "string_pattern_mismatch":
        message = IN_WORDS.get(error["ctx"]["pattern"], message)
    return origin.problem(path or location, shown, message)


def _table_of(path: KeyPath, value: Any) -> str:
    """How a table is written whose first key has this value, unless that may be a secret."""
    kind = ".".join(part for part in path if isinstance(part, str))
    known = get_args(HealthType) if path[-1] == "health" else None
    fits = isinstance(value, str) and (known is None or value in known)
    key, text = _FIRST.get(kind, "..."), value_text(value) if fits else "..."
    if kind == "balancer":
        return "[balancer], and its keys below that"
    if isinstance(path[-1], int):
        return f"{{ {key} = {text} }}"
    return f"{path[-1]}.{key} = {text}"


def _validate(tables: Mapping[str, Any], origin: Origin) -> Config:
    try:
        config = Config.model_validate(tables)
    except ValidationError as error:
        problems: dict[tuple[str, str], Problem] = {}
        details = error.errors(include_url=False)
        for detail in details:
            if detail["type"] == "too_short" and any(
                other["loc"][:-1] == detail["loc"] for other in details
            ):
                continue  # pydantic counts the valid elements: the others are told by themselves
            problem = _problem(tables, detail, origin)
            problems.setdefault((problem.file, problem.key), problem)
        raise ConfigError(list(problems.values())) from error
    wrong = [origin.problem(path, value, message) for path, value, message in check(config)]
    if wrong:
        raise ConfigError(wrong)
    return config


def from_tables(tables: Mapping[str, Any], filename: str = "<command>") -> Config:
    """Validate plain tables (of a command); problems have no line."""
    return _validate(tables, Origin(filename))


def read(
    text: str,
    filename: str,
    base: Path | None = None,
    reading: Callable[[Path], str] = text_of,
) -> tuple[Config, Origin]:
    """As parse(), with the origin of every key for later checks. ``reading``: gives the text of a
    file that is included."""
    origin = Origin(filename)
    tables: dict[str, Any] = {}
    own = _add(tables, text, filename, origin)
    if "include" in own:
        origin.includes = _patterns(own["include"], origin)
        seen = {Path(filename).resolve()}
        for path in included(origin.includes, base or Path(filename).parent, origin):
            if path.resolve() in seen:
                message = f"{path} is read already; each file may be read once"
                raise ConfigError([origin.problem(("include",), own["include"], message)])
            seen.add(path.resolve())
            _add(tables, reading(path), str(path), origin)
    return _validate(tables, origin), origin


def parse(text: str, filename: str) -> Config:
    """Validate a TOML text; raises ConfigError with all that is wrong in it."""
    return read(text, filename)[0]


def load(path: Path) -> Config:
    """Read and validate a file and what it includes; raises ConfigError."""
    return load_with_origin(path)[0]


def load_with_origin(path: Path, *, pipes: bool = False) -> tuple[Config, Origin]:
    """As load(), with the origin of every key for later checks. ``pipes``: the file itself may be
    something else than a regular one."""
    return read(text_of(path, pipes=pipes), str(path), path.parent)
