# SPDX-License-Identifier: Apache-2.0
"""Flow tables of a release with other structs: C that makes of their entries ones of this release.

Both sides are bcc's descriptions of the structs. A field goes to the field of the same name,
wherever that is; an integer in host order may have become wider or narrower (a key that has no room
then is no key: ebpf/former.h looks); one that is new is 0, and one that is no more is left behind,
but in a key: a flow would then be another one. Fields in network order are told by their names,
which end in _be (ebpf/abi.h), and keep their size. What fields mean has a version of its own
(MAP_VERSION), so that a name says enough here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from dsrlb.dataplane.artifact import MapLayout
from dsrlb.dataplane.flowsettings import SETTINGS
from dsrlb.errors import AbiMismatch

FILE = "former_layout.h"
"""What takes the place of this file of ebpf/ is text()."""
_SIZES = {
    "char": 1,
    "unsigned char": 1,
    "unsigned short": 2,
    "unsigned int": 4,
    "unsigned long long": 8,
}
_NUMBERS = tuple(_SIZES.keys() - {"char"})
_WORD = 8
_STRUCTS = frozenset({"struct", "struct_packed"})
_SPARE = re.compile(r"(^|\.)(reserved|__pad)")
_NETWORK_ORDER = re.compile(r"_be\b")
_NEEDED = ("flow_sets", "pending_sets", "spill_active", "capacity", "secret")
_FAMILIES = {"4": "flows4", "6": "flows6"}


class _Refused(Exception):
    """Why this cannot be done."""


@dataclass(frozen=True, slots=True)
class _Leaf:
    """An integer in a struct, an array's elements each for itself; ``name``: as in C."""

    name: str
    kind: str
    offset: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return _SIZES[self.kind]


def _shape(rest: list[Any]) -> tuple[int, ...]:
    """Of a field, by what its description has behind name and kind. Raises _Refused."""
    if not rest:
        return ()
    if len(rest) > 1 or not isinstance(rest[0], list):
        raise _Refused("a struct has fields of single bits")
    return tuple(rest[0])


def _size(kind: Any) -> int:
    """Bytes of what is described. Raises _Refused."""
    if isinstance(kind, str):
        if kind not in _SIZES:
            raise _Refused(f"a field is {kind}")
        return _SIZES[kind]
    if len(kind) < 3 or kind[2] not in _STRUCTS:
        raise _Refused(f"{kind[0]} is not a plain struct")
    return sum(_size(inner) * prod(_shape(rest)) for _, inner, *rest in kind[1])


def _fields(kind: Any) -> dict[str, tuple[Any, tuple[int, ...], int]]:
    """A struct's fields: kind, shape and offset. Raises _Refused."""
    found, offset = {}, 0
    _size(kind)
    for name, inner, *rest in kind[1]:
        shape = _shape(rest)
        found[name] = (inner, shape, offset)
        offset += _size(inner) * prod(shape)
    return found


def _leaves(kind: Any, before: str = "", at: int = 0) -> Iterator[_Leaf]:
    for name, (inner, shape, offset) in _fields(kind).items():
        for number in range(prod(shape)):
            index = f"[{number}]" if shape else ""
            where = at + offset + number * _size(inner)
            if isinstance(inner, str):
                yield _Leaf(f"{before}{name}{index}", inner, where, shape)
            else:
                yield from _leaves(inner, f"{before}{name}{index}.", where)


def _meant(kind: Any) -> dict[str, _Leaf]:
    """What says something, by name."""
    return {leaf.name: leaf for leaf in _leaves(kind) if not _SPARE.search(leaf.name)}


def _shared(former: Any, present: Any, *, key: bool) -> list[str]:
    """The names of what both structs have. Raises _Refused."""
    before, after = _meant(former), _meant(present)
    for name, leaf in before.items():
        same = after.get(name)
        if same is None:
            if key:
                raise _Refused(f"{name} is no part of a key any more")
            continue
        if same.shape != leaf.shape:
            raise _Refused(f"{name} has another number of elements")
        if same.size != leaf.size and _NETWORK_ORDER.search(name):
            raise _Refused(f"{name} (in network order) has {same.size} bytes, and had {leaf.size}")
        if (same.kind == "char") != (leaf.kind == "char"):
            raise _Refused(f"{name} is text, or was")
    return [name for name in after if name in before]


def _field(kind: Any, name: str) -> tuple[Any, tuple[int, ...], int]:
    found = _fields(kind).get(name)
    if found is None:
        raise _Refused(f"there is no field {name}")
    return found


@dataclass(frozen=True, slots=True)
class _Set:
    """A family's map: the structs in it, and where they are."""

    layout: MapLayout
    flow: Any
    key: Any
    flow_at: int
    meta_at: int
    key_at: int
    value_at: int

    @classmethod
    def of(cls, layout: MapLayout, set_flows: int) -> _Set:
        """Raises _Refused where it is not sets of flows as ebpf/flow_table.h has them."""
        meta, metas, meta_at = _field(layout.value, "meta")
        flow, flows, flow_at = _field(layout.value, "flow")
        key, one, key_at = _field(flow, "key")
        value, single, value_at = _field(flow, "value")
        word = "unsigned long long"
        if metas != (set_flows,) or flows != (set_flows,):
            raise _Refused(f"sets are not of {set_flows} flows")
        if (meta, value, one, single) != (word, word, (), ()):
            raise _Refused("meta or value is no single word of 64 bits")
        if _size(layout.value) != layout.value_size:
            raise _Refused("a struct has padding that is not written out")
        words = (flow_at, meta_at, key_at, value_at, _size(flow), _size(key))
        if any(number % _WORD for number in words):
            raise _Refused("flows and keys are not made of words of 64 bits")
        return cls(layout, flow, key, flow_at, meta_at, key_at, value_at)


def _checked_settings(former: MapLayout, key: Any) -> None:
    fields = _fields(former.value)
    for name in _NEEDED:
        if name not in fields:
            raise _Refused(f"there is no field {name}")
        if name != "secret" and fields[name][1]:
            raise _Refused(f"{name} is no single number")
    for name, (kind, shape, _) in fields.items():  # as flowsettings.py reads them
        if kind not in _NUMBERS or len(shape) > 1:
            raise _Refused(f"{name} is neither a number nor a row of numbers")
    if _size(former.value) != former.value_size:
        raise _Refused("a struct has padding that is not written out")
    kind, shape, _ = fields["secret"]
    if (kind, shape) != ("unsigned long long", (_size(key) // 4 + 1,)):
        raise _Refused("its secret is not one for keys of this length")


def check(former: Mapping[str, MapLayout], present: Mapping[str, MapLayout], flows: int) -> None:
    """Can flows of the former tables (by the names that this release has for their maps) go into
    those of this release? ``flows``: in a set. Raises AbiMismatch with the reason."""
    name = SETTINGS
    try:
        for name in _FAMILIES.values():
            before, after = (_Set.of(side[name], flows) for side in (former, present))
            _shared(before.key, after.key, key=True)
            _shared(before.flow, after.flow, key=False)
        name = SETTINGS
        _checked_settings(former[SETTINGS], before.key)
    except _Refused as reason:
        raise AbiMismatch(f"{name} cannot be converted: {reason}") from reason


def _member(name: str, kind: Any, rest: list[Any], named: Mapping[str, str]) -> str:
    """A field's declaration."""
    count = "".join(f"[{number}]" for number in _shape(rest))
    if isinstance(kind, str):
        return f"{kind} {name}{count};"
    if name in named:
        return f"struct {named[name]} {name}{count};"
    inner = " ".join(_member(one, of, more, {}) for one, of, *more in kind[1])
    return f"struct {{ {inner} }} {name}{count};"


def _struct(tag: str, kind: Any, named: Mapping[str, str]) -> list[str]:
    """A struct's declaration, and that the compiler understands it as it was described."""
    fields = [f"\t{_member(name, of, rest, named)}" for name, of, *rest in kind[1]]
    places = [
        f'_Static_assert(__builtin_offsetof(struct {tag}, {name}) == {offset}, "{name}");'
        for name, (_, _, offset) in _fields(kind).items()
    ]
    size = f'_Static_assert(sizeof(struct {tag}) == {_size(kind)}, "{tag}");'
    return [f"struct {tag} {{", *fields, "};", *places, size]


def _function(name: str, to: str, source: str, fields: list[str]) -> list[str]:
    return [
        f"static __always_inline void {name}(struct {to} *to, const struct {source} *from)",
        "{",
        *(f"\tto->{field} = from->{field};" for field in fields),
        "}",
    ]


def _rest(before: _Set, after: _Set) -> list[str]:
    """Names of what flows of both have beside key and value."""
    names = _shared(before.flow, after.flow, key=False)
    return [name for name in names if name != "value" and not name.startswith("key.")]


def _new(before: _Set, after: _Set) -> list[str]:
    """Names of what only the present ones have there."""
    names = _meant(after.flow).keys() - _meant(before.flow).keys()
    return sorted(name for name in names if not name.startswith("key."))


def text(former: Mapping[str, MapLayout], present: Mapping[str, MapLayout], flows: int) -> str:
    """The C text, of tables that check() has nothing against."""
    lines: list[str] = []
    for family, name in _FAMILIES.items():
        before, after = (_Set.of(side[name], flows) for side in (former, present))
        key, flow = f"former_key{family}", f"former_flow{family}"
        lines += _struct(key, before.key, {})
        lines += _struct(flow, before.flow, {"key": key})
        lines += _struct(f"former_set{family}", before.layout.value, {"flow": flow})
        fields = _shared(before.key, after.key, key=True)
        own = f"flow{family}_key"
        lines += _function(f"key{family}_to_former", key, own, fields)
        lines += _function(f"key{family}_of_former", own, key, fields)
        rest = f"rest{family}_of_former"
        lines += _function(rest, f"flow{family}", flow, _rest(before, after))
        zeroes = [f"\tto->{field} = 0;" for field in _new(before, after)]
        lines[-1:] = [*zeroes, "}"]
    lines += _struct("former_sizes", former[SETTINGS].value, {})
    lines.append(f"#define FORMER_SPILL_WORDS {former['spills'].max_entries // 4}")
    return "\n".join(lines) + "\n"
