# SPDX-License-Identifier: Apache-2.0
"""Small files of an instance: whole or not at all; one that is damaged ends nothing, is put aside
and told of."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from dsrlb.errors import StateError

T = TypeVar("T")
DAMAGE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What reading something else than was written may raise."""
_PREFIX = ".new-"


def sweep(folder: Path) -> None:
    """Remove what those who were killed had begun to write. Nobody may be writing there."""
    for left in folder.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            left.unlink()


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` by ``text``, complete or not at all, also across a power failure."""
    written = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=_PREFIX, delete=False) as new:
            written = Path(new.name)
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        os.replace(new.name, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        if written is not None:
            written.unlink(missing_ok=True)
        raise StateError(f"cannot write {path}: {error.strerror}") from error


def read(
    path: Path, parse: Callable[[bytes], T], without: str, tell: Callable[[str], None]
) -> T | None:
    """What a file says; None: there is none, or it was damaged. Then it is another one, which
    ``tell`` is told, and what that means: ``without``. ``parse`` raises one of DAMAGE."""
    try:
        return parse(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
    except DAMAGE as error:
        message = f"{path} is damaged ({error})"
    tell(f"{message}; {_put_aside(path)}, and {without}")
    return None


def _put_aside(path: Path) -> str:
    """Rename it; returns what became of it."""
    aside, count = path.with_suffix(".unreadable"), 1
    while os.path.lexists(aside):
        count += 1
        aside = path.with_suffix(f".unreadable-{count}")
    try:
        os.replace(path, aside)
    except OSError as error:
        return f"it cannot be renamed ({error.strerror})"
    return f"it is {aside} now"


def features(raw: bytes) -> dict[str, dict[str, bool]]:
    """Whether features were on, by interface and name. Raises one of DAMAGE."""
    loaded = json.loads(raw)
    for before in _of_kind(loaded, dict).values():
        for value in _of_kind(before, dict).values():
            _of_kind(value, bool)
    found: dict[str, dict[str, bool]] = loaded
    return found


def groups(raw: bytes) -> list[tuple[str, str]]:
    """Pairs of interface and MAC address. Raises one of DAMAGE."""
    found = []
    for pair in _of_kind(json.loads(raw), list):
        name, mac = _of_kind(pair, list)
        found.append((text(name), text(mac)))
    return found


def file(raw: bytes) -> Path:
    """An absolute path, alone in its line. Raises one of DAMAGE."""
    (line,) = raw.decode().splitlines()
    found = Path(line.strip())
    if not found.is_absolute() or not line.isprintable():
        raise ValueError(f"{line!r} is no path of a file")
    return found


def rows(raw: bytes) -> list[dict[str, Any]]:
    """A list of objects. Raises one of DAMAGE."""
    found: list[dict[str, Any]] = _of_kind(json.loads(raw), list)
    for row in found:
        _of_kind(row, dict)
    return found


def text(value: object) -> str:
    """A string. Raises TypeError."""
    found: str = _of_kind(value, str)
    return found


def number(value: object) -> int:
    """A whole number. Raises TypeError."""
    if type(value) is not int:  # bool is one, too
        raise TypeError(f"{value!r:.40} where a number belongs")
    return value


def _of_kind(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r:.40} where {kind.__name__} belongs")
    return value
