# SPDX-License-Identifier: Apache-2.0
"""One open map, read and written with numpy."""

from __future__ import annotations

import errno
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dsrlb.dataplane import bpf, layout
from dsrlb.dataplane.artifact import MapLayout
from dsrlb.dataplane.cpus import possible_cpus
from dsrlb.errors import KernelError

_PERCPU = (bpf.MAP_TYPE_PERCPU_ARRAY,)
_BATCH = 16384


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
        return self._mapped(mmap.PROT_READ | mmap.PROT_WRITE)

    @cached_property
    def readonly(self) -> npt.NDArray[Any]:
        """As ``array``, for what the program alone writes: a store would raise ValueError."""
        return self._mapped(mmap.PROT_READ)

    def _mapped(self, access: int) -> npt.NDArray[Any]:
        stride = (self.layout.value_size + 7) & ~7
        memory = mmap.mmap(self.fd, stride * self.max_entries, mmap.MAP_SHARED, access)
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

    def clear_each(self, indices: Sequence[int]) -> None:
        """Write zeros to elements of an array, on every CPU. Raises KernelError."""
        for at in range(0, len(indices), _BATCH):
            part = np.array(indices[at : at + _BATCH], np.uint32)
            values = bytes(self._copied * len(part))
            try:
                bpf.map_update_batch(self.fd, part.tobytes(), values, len(part))
            except OSError as error:
                name = self.layout.name
                raise KernelError(f"cannot write map {name}: {error.strerror}") from error

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

    @property
    def _copied(self) -> int:
        """Bytes that a value takes where many are copied: of a per-CPU map those of all CPUs."""
        size = self.layout.value_size
        return ((size + 7) & ~7) * possible_cpus() if self.layout.kind in _PERCPU else size

    def items(self) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
        """Chunks of (keys, values); per-CPU maps: values have the shape (chunk, CPUs)."""
        batch = bpf.map_lookup_batch(self.fd, self.layout.key_size, self._copied, _BATCH)
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
