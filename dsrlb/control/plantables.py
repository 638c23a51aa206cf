# SPDX-License-Identifier: Apache-2.0
"""How tables of two configurations (health, sorry) differ, in the words of their files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dsrlb.config import Health, Real
from dsrlb.config.render import words_of
from dsrlb.config.secrets import HIDDEN, TEXTS

Table = Health | Real | None
_NAMES = {Health: "type", Real: "address"}
"""The key without which a table says nothing."""


def differences(name: str, was: Table, now: Table) -> Iterator[tuple[str, str]]:
    """A line for each key with another value, behind the key; one, behind "", for a table that
    comes, goes, or is of another type: what it sets besides defaults. Texts of
    health tables are not told."""
    if was is None or now is None or (isinstance(was, Health) and was.type != _type(now)):
        yield "", f"{name}: {_short(was)} -> {_short(now)}"
        return
    old, new = words_of(was), words_of(now)
    for key in type(now).model_fields:
        if getattr(was, key) != getattr(now, key):
            early, late = _told(was, key, old[key]), _told(now, key, new[key])
            yield key, f"{name}.{key}: {early} -> {late}{' (another one)' * (early == late)}"


def _type(table: Table) -> str:
    return table.type if isinstance(table, Health) else ""


def _short(table: Table) -> str:
    if table is None:
        return "not set"
    fields, words = type(table).model_fields, words_of(table)
    first = _NAMES[type(table)]
    said = [key for key in fields if key != first and getattr(table, key) != fields[key].default]
    return ", ".join(f"{key} {_told(table, key, words[key])}" for key in (first, *said))


def _told(table: Health | Real, key: str, words: Any) -> str:
    """A value as everybody may see it: plans are kept in logs."""
    hidden = isinstance(table, Health) and key in TEXTS
    changed = getattr(table, key) != type(table).model_fields[key].default
    return HIDDEN if hidden and changed else _text(words)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value in (None, "") else str(value)
