# SPDX-License-Identifier: Apache-2.0
"""How tables of two configurations (health, sorry) differ, in the words of their files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dsrlb.config import Health, Real
from dsrlb.config.render import words_of

Table = Health | Real | None
_NAMES = {Health: "type", Real: "address"}
"""The key without which a table says nothing."""


def differences(name: str, was: Table, now: Table) -> Iterator[tuple[str, str]]:
    """A line for each key with another value, behind the key; one, behind "", for a table that
    comes, goes, or is of another type: what it sets besides defaults."""
    if was is None or now is None or (isinstance(was, Health) and was.type != _type(now)):
        yield "", f"{name}: {_short(was)} -> {_short(now)}"
        return
    old, new = words_of(was), words_of(now)
    for key in type(now).model_fields:
        if getattr(was, key) != getattr(now, key):
            yield key, f"{name}.{key}: {_text(old[key])} -> {_text(new[key])}"


def _type(table: Table) -> str:
    return table.type if isinstance(table, Health) else ""


def _short(table: Table) -> str:
    if table is None:
        return "not set"
    fields, words = type(table).model_fields, words_of(table)
    first = _NAMES[type(table)]
    said = [key for key in fields if key != first and getattr(table, key) != fields[key].default]
    return ", ".join(f"{key} {_text(words[key])}" for key in (first, *said))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value in (None, "") else str(value)
