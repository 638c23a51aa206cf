# SPDX-License-Identifier: Apache-2.0
"""The configuration maps in plain memory: laid out as abi.h says, every store observed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from dsrlb.dataplane.artifact import MapLayout
from dsrlb.dataplane.layout import dtype_of
from dsrlb.dataplane.map import Map
from dsrlb.dataplane.maps import MapSet

EBPF = Path(__file__).resolve().parents[3] / "ebpf"
_SCALARS = {
    "char": "char",
    "u8": "unsigned char",
    "u16": "unsigned short",
    "u32": "unsigned int",
    "u64": "unsigned long long",
}
_STRUCT = re.compile(r"^struct (\w+) \{\n(.*?)^\}(?: GROUPS)?;", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\s*(struct \w+|\w+) (\w+)(?:\[(\w+)\])?;", re.MULTILINE)
_DEFINE = re.compile(r"^#define (\w+) (\d+)", re.MULTILINE)
_TABLE = re.compile(
    r'^BPF_(?:F_)?TABLE\("(\w+)", (struct \w+|\w+), (struct \w+|\w+), (\w+), (\w+)', re.MULTILINE
)
_KINDS = {"hash": 1, "array": 2, "percpu_array": 6, "lpm_trie": 11}
_OURS = (
    *(
        "settings",
        "interest",
        "answers",
        "vips",
        "services",
        "slots",
        "records",
        "members",
        "reals",
        "names",
    ),
    *("cursors", "loads", "sources", "homes", "service_rates", "service_traffic", "real_traffic"),
    *("paths", "path_ends", "own_links", "pools", "natted", "tables", "responses"),
    *("service_epoch", "probe_targets"),
)
"""What the Applier and who probes read or write."""
SMALL = {
    "MAX_REALS": 512,
    "MAX_PATHS": 64,
    "MAX_POOL_ADDRESSES": 64,
    "MAX_RECORDS": 512,
    "MAX_MEMBERS": 8192,
    "MAX_TABLE_LINES": 8192,
    "MAX_SERVICES": 128,
}
"""Arrays do not have to be as large as in the kernel."""

Write = Callable[[str], None]


@cache
def _layouts() -> list[tuple[MapLayout, np.dtype[Any], np.dtype[Any]]]:
    """What bcc would say of maps.h and the structs in abi.h and abi_flow.h, and the types of keys
    and values."""
    abi = "".join(path.read_text() for path in sorted(EBPF.glob("abi*.h")))
    maps = (EBPF / "maps.h").read_text()
    numbers = {name: int(value) for name, value in _DEFINE.findall(abi)} | SMALL
    structs = dict(_STRUCT.findall(abi))

    def describe(kind: str) -> Any:
        if not kind.startswith("struct "):
            return _SCALARS[kind]
        name = kind.removeprefix("struct ")
        fields = []
        for type_, field, length in _FIELD.findall(structs[name]):
            shape = [[numbers.get(length) or int(length)]] if length else []
            fields.append([field, describe(type_), *shape])
        return [name, fields, "struct_packed"]

    found = []
    for kind, key, value, name, entries in _TABLE.findall(maps):
        if name not in _OURS:
            continue
        size = numbers.get(entries) or int(entries)
        said = describe(key), describe(value)
        types = dtype_of(said[0]), dtype_of(said[1])
        sizes = types[0].itemsize, types[1].itemsize
        found.append((MapLayout(name, _KINDS[kind], *sizes, size, 0, *said), *types))
    return found


class Watched(np.ndarray[Any, Any]):
    """An array that tells of each store into it or into a view of it."""

    told: Write | None = None
    name: str = ""

    def __array_finalize__(self, source: Any) -> None:
        """A view tells as its source does."""
        self.told = getattr(source, "told", None)
        self.name = getattr(source, "name", "")

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        if self.told is not None:
            self.told(self.name)


class FakeMap(Map):
    """One map; hash maps are dictionaries of bytes, arrays are numpy."""

    def __init__(
        self, layout: MapLayout, key: np.dtype[Any], value: np.dtype[Any], told: Write
    ) -> None:
        self.told = told
        super().__init__(layout, -1, layout.max_entries)
        self.__dict__.update(key_type=key, value_type=value)
        self.content: dict[bytes, bytes] = {}
        entries = layout.max_entries if layout.kind == _KINDS["array"] else 1
        memory = np.zeros(entries, value).view(Watched)
        memory.told, memory.name = told, layout.name
        self.__dict__["array"] = memory

    def get(self, key: Any) -> Any | None:
        """As Map.get()."""
        raw = self.content.get(self._bytes(key, self.key_type))
        return None if raw is None else np.frombuffer(raw, self.value_type)[0]

    def set(self, key: Any, value: Any) -> None:
        """As Map.set()."""
        self.content[self._bytes(key, self.key_type)] = self._bytes(value, self.value_type)
        self.told(self.layout.name)

    def clear_each(self, indices: Sequence[int]) -> None:
        """As Map.clear_each()."""
        for index in indices:
            self.set(index, bytes(self.layout.value_size))

    def delete(self, key: Any) -> bool:
        """As Map.delete()."""
        present = self.content.pop(self._bytes(key, self.key_type), None)
        self.told(self.layout.name)
        return present is not None

    def hash_keys(self) -> Iterator[Any]:
        """As Map.hash_keys()."""
        for raw in list(self.content):
            yield np.frombuffer(raw, self.key_type)[0]


class FakeMaps(MapSet):
    """All maps; ``watch`` is called with the map's name after every store."""

    def __init__(self) -> None:
        self.watch: Write | None = None
        self.writes: list[str] = []
        self._maps = {each[0].name: FakeMap(*each, self._told) for each in _layouts()}

    def copy(self) -> FakeMaps:
        """The same content, watched by nobody."""
        other = FakeMaps()
        for name, entry in self._maps.items():
            target = other[name]
            assert isinstance(entry, FakeMap)
            assert isinstance(target, FakeMap)
            target.content.update(entry.content)
            if entry.layout.kind == _KINDS["array"]:
                target.array[:] = entry.array
        return other

    def _told(self, name: str) -> None:
        self.writes.append(name)
        if self.watch is not None:
            self.watch(name)
