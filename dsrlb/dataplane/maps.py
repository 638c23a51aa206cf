# SPDX-License-Identifier: Apache-2.0
"""Pinned maps: create or take over, and read or write them with numpy.

A pin's name is NAME-FINGERPRINT. bcc and the kernel reopen a pin without any check of its layout;
here a pin whose fingerprint is not that of this program is never opened.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane import bpf, layout
from dsrlb.dataplane.artifact import Artifact, MapLayout
from dsrlb.errors import AbiMismatch, KernelError

_PERCPU = (bpf.MAP_TYPE_PERCPU_ARRAY,)
_BATCH = 16384
SIZED = frozenset({"flows4", "flows6", "pending4", "pending6"})


def possible_cpus() -> int:
    """How many values a per-CPU element has (/sys/devices/system/cpu/possible)."""
    ranges = Path("/sys/devices/system/cpu/possible").read_text().strip().split(",")
    return int(ranges[-1].split("-")[-1]) + 1


@dataclass(eq=False)
class Map:
    """An open map of the program. Closing is the owner's (MapSet's) business."""

    layout: MapLayout
    fd: int
    max_entries: int

    @cached_property
    def key_type(self) -> np.dtype[Any]:
        """numpy type of a key."""
        return layout.key_dtype(self.layout)

    @cached_property
    def value_type(self) -> np.dtype[Any]:
        """numpy type of a value."""
        return layout.value_dtype(self.layout)

    @cached_property
    def array(self) -> npt.NDArray[Any]:
        """The memory of an array made with BPF_F_MMAPABLE, writable, shape (max_entries,).

        A field of up to 8 aligned bytes is written by one store; the program sees it at once.
        """
        stride = (self.layout.value_size + 7) & ~7
        memory = mmap.mmap(self.fd, stride * self.max_entries, mmap.MAP_SHARED)
        if stride == self.value_type.itemsize:
            return np.frombuffer(memory, self.value_type, self.max_entries)
        padded = np.dtype({"names": ["value"], "formats": [self.value_type], "itemsize": stride})
        return np.frombuffer(memory, padded, self.max_entries)["value"]

    def _bytes(self, value: Any, dtype: np.dtype[Any]) -> bytes:
        return value if isinstance(value, bytes) else np.array(value, dtype).tobytes()

    def get(self, key: Any) -> Any | None:
        """One value as a numpy scalar, or None. Per-CPU maps: an array over the CPUs."""
        per_cpu = self.layout.kind in _PERCPU
        size = self.layout.value_size * (possible_cpus() if per_cpu else 1)
        raw = bpf.map_lookup(self.fd, self._bytes(key, self.key_type), size)
        if raw is None:
            return None
        values = np.frombuffer(raw, self.value_type)
        return values if per_cpu else values[0]

    def set(self, key: Any, value: Any) -> None:
        """Write one element (tuples in the order of the C fields, or bytes). Raises KernelError."""
        try:
            bpf.map_update(
                self.fd, self._bytes(key, self.key_type), self._bytes(value, self.value_type)
            )
        except OSError as error:
            full = error.errno in (errno.E2BIG, errno.ENOSPC)
            what = f"it is full ({self.max_entries} entries)" if full else error.strerror
            raise KernelError(f"cannot write map {self.layout.name}: {what}") from error

    def delete(self, key: Any) -> bool:
        """Delete one element; False when there was none. Raises KernelError."""
        try:
            return bpf.map_delete(self.fd, self._bytes(key, self.key_type))
        except OSError as error:
            name = self.layout.name
            raise KernelError(f"cannot delete from map {name}: {error.strerror}") from error

    def hash_keys(self) -> Iterator[Any]:
        """The keys of a hash map, as numpy scalars."""
        for raw in bpf.map_keys(self.fd, self.layout.key_size):
            yield np.frombuffer(raw, self.key_type)[0]

    def items(self) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
        """Chunks of (keys, values); per-CPU maps: values have the shape (chunk, CPUs)."""
        cpus = possible_cpus() if self.layout.kind in _PERCPU else 1
        size = (self.layout.value_size + 7) & ~7 if cpus > 1 else self.layout.value_size
        batch = bpf.map_lookup_batch(self.fd, self.layout.key_size, size * cpus, _BATCH)
        for keys, values, count in batch:
            array = np.frombuffer(values, self.value_type)
            yield np.frombuffer(keys, self.key_type), array.reshape(count, -1)

    def sum_over_cpus(self, wanted: Sequence[int] | None = None) -> npt.NDArray[Any]:
        """The elements of a per-CPU array, summed over the CPUs: shape (max_entries,).

        With ``wanted`` only these indices are read, and the others are 0.
        """
        total = np.zeros(self.max_entries, self.value_type)
        if wanted is not None and len(wanted) < _BATCH // 4:  # a look-up each is less to copy
            for index in wanted:
                values = np.asarray(self.get(index))
                for field in self.value_type.names or ():
                    total[field][index] = values[field].sum()
            return total
        for keys, values in self.items():
            if self.value_type.names is None:
                total[keys] = values.sum(axis=1)
                continue
            for field in self.value_type.names:
                total[field][keys] = values[field].sum(axis=1)
        return total


class MapSet(Mapping[str, Map]):
    """All maps of an artifact; pin() puts those made anew into ``folder`` (None: for tests)."""

    def __init__(self, artifact: Artifact, folder: Path | None, capacity: int) -> None:
        """Take over what is pinned and create what is missing, unpinned as yet.

        ``capacity``: flows per family. Raises AbiMismatch when pins of another layout are there,
        KernelError when the kernel refuses.
        """
        self.folder = folder
        self._version = artifact.constants["ABI_VERSION"]
        self.taken_over = False
        self._maps: dict[str, Map] = {}
        pinned = self._pinned(artifact)
        self.taken_over = bool(pinned)
        self._unpinned = [name for name in artifact.maps if name not in pinned]
        missing = [spec for name, spec in artifact.maps.items() if name not in pinned]
        # The kernel zeroes hundreds of megabytes for the flow tables: let it use several CPUs.
        with ThreadPoolExecutor() as pool:
            made = pool.map(lambda spec: self._create(spec, self._entries(spec, capacity)), missing)
            self._maps.update((entry.layout.name, entry) for entry in made)
        for name, path in pinned.items():
            self._maps[name] = self._open(artifact.maps[name], path)

    def __getitem__(self, name: str) -> Map:
        return self._maps[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._maps)

    def __len__(self) -> int:
        return len(self._maps)

    @property
    def capacity(self) -> int:
        """Flows per family that the tables in use were made for."""
        return self._maps["flows4"].max_entries

    def pin(self) -> None:
        """Pin what was created, so that it outlives this process."""
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in self._unpinned:
                entry = self._maps[name]
                bpf.pin(entry.fd, self.folder / self._pin_name(entry.layout))
        except OSError as error:
            raise KernelError(f"cannot pin maps in {self.folder}: {error.strerror}") from error
        self._unpinned.clear()

    def close(self) -> None:
        """Close the file descriptors; pinned maps stay."""
        for entry in self._maps.values():
            os.close(entry.fd)
        self._maps.clear()

    @staticmethod
    def _entries(spec: MapLayout, capacity: int) -> int:
        if spec.name not in SIZED:
            return spec.max_entries
        return capacity if spec.name.startswith("flows") else max(capacity // 4, 1024)

    def _pin_name(self, spec: MapLayout) -> str:
        return f"{spec.name}-{layout.fingerprint(spec, self._version, spec.name in SIZED)}"

    def _pinned(self, artifact: Artifact) -> dict[str, Path]:
        if self.folder is None or not self.folder.is_dir():
            return {}
        expected = {self._pin_name(spec): name for name, spec in artifact.maps.items()}
        present = {path.name: path for path in self.folder.iterdir()}
        foreign = sorted(name for name in present if name not in expected)
        if foreign:
            raise AbiMismatch(
                f"{self.folder} holds maps of another version of the fast path: "
                f"{', '.join(foreign)}",
                hint="`dsrlb detach` removes them (flows are lost, traffic stops until the next "
                "start), then `dsrlb run`",
            )
        return {expected[name]: path for name, path in present.items()}

    def _open(self, spec: MapLayout, path: Path) -> Map:
        try:
            fd = bpf.get_pinned(path)
        except OSError as error:
            raise KernelError(f"cannot open the pinned map {path}: {error.strerror}") from error
        info = bpf.map_info(fd)
        wanted = (spec.kind, spec.key_size, spec.value_size)
        if (info.kind, info.key_size, info.value_size) != wanted:
            os.close(fd)
            raise AbiMismatch(
                f"{path} is not the map that its name says", hint="`dsrlb detach`, then `dsrlb run`"
            )
        return Map(spec, fd, info.max_entries)

    def _create(self, spec: MapLayout, entries: int) -> Map:
        try:
            fd = bpf.map_create(
                spec.kind, spec.key_size, spec.value_size, entries, spec.flags, spec.name
            )
        except OSError as error:
            hint = "free memory, or a smaller balancer.flow_capacity"
            raise KernelError(
                f"cannot create map {spec.name} ({entries} entries): {error.strerror}",
                hint=hint if error.errno == errno.ENOMEM else "",
            ) from error
        return Map(spec, fd, entries)


def unpin_all(folder: Path) -> list[str]:
    """Remove every pin of an instance and its folder; return what was removed."""
    if not folder.is_dir():
        return []
    removed = sorted(path.name for path in folder.iterdir())
    for name in removed:
        (folder / name).unlink()
    folder.rmdir()
    return removed
