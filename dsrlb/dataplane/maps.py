# SPDX-License-Identifier: Apache-2.0
"""All maps of the program: create or take over, and pin.

A pin's name is NAME-FINGERPRINT. bcc and the kernel reopen a pin without any check of its layout;
here a pin whose fingerprint is not that of this program is never opened.

Making the maps needs no numpy: at a start the kernel makes them while numpy is being imported.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dsrlb.dataplane import bpf, bpffs, flowsettings, jiffies
from dsrlb.dataplane.artifact import Artifact, MapLayout
from dsrlb.dataplane.cpus import present_cpus
from dsrlb.dataplane.flowsettings import SETTINGS, FlowSizes
from dsrlb.errors import AbiMismatch, KernelError

if TYPE_CHECKING:
    from dsrlb.dataplane.map import Map

_FIRST = bytes(4)  # the key of an array's first element


def fingerprint(layout: MapLayout, abi_version: int, sized: bool) -> str:
    """Return 8 hex digits that change with anything that would misread the map's content.

    ``sized``: the number of entries is configured, and no part of the layout.
    """
    identity = [
        abi_version,
        layout.kind,
        layout.key_size,
        layout.value_size,
        0 if sized else layout.max_entries,
        layout.flags,
        layout.key,
        layout.value,
    ]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class _Open:
    """A map that is open, and closed by its MapSet."""

    layout: MapLayout
    fd: int
    entries: int


class MapSet(Mapping[str, "Map"]):
    """All maps of an artifact; pin() puts those made anew into ``folder`` (None: for tests)."""

    def __init__(self, artifact: Artifact, folder: Path | None, capacity: int) -> None:
        """Take over what is pinned and create what is missing, unpinned as yet.

        ``capacity``: flows per family, for tables that are made anew. Raises AbiMismatch when pins
        of another layout are there, KernelError when the kernel refuses.
        """
        self.folder = folder
        self._version = artifact.constants["ABI_VERSION"]
        self._cache_cpus = artifact.constants.get("CACHE_CPUS", 0)
        self.taken_over = False
        self._open_maps: dict[str, _Open] = {}
        self._maps: dict[str, Map] = {}
        pinned = self._pinned(artifact)
        self.taken_over = bool(pinned)
        self._unpinned = [name for name in artifact.maps if name not in pinned]
        try:
            self._fill(artifact, pinned, capacity)
        except (AbiMismatch, KernelError):
            self.close()
            raise

    def _fill(self, artifact: Artifact, pinned: Mapping[str, Path], capacity: int) -> None:
        set_flows = artifact.constants.get("SET_FLOWS", 1)
        self.sizes = FlowSizes.of(capacity, set_flows)
        """Of the flow tables in use."""
        for name, path in pinned.items():
            self._open_maps[name] = self._open(artifact.maps[name], path)
        if SETTINGS in pinned:
            self.sizes = self._read_sizes(set_flows)
        elif flowsettings.SIZED & pinned.keys():
            raise AbiMismatch(
                f"{self.folder} has flow tables, but not their settings",
                hint="`dsrlb detach`, then `dsrlb run`",
            )
        missing = [artifact.maps[name] for name in self._unpinned]
        # The kernel takes its time to zero the flow tables: let it use several CPUs.
        with ThreadPoolExecutor() as pool:
            made = pool.map(lambda spec: self._create(spec, self._entries(spec)), missing)
            self._open_maps.update((entry.layout.name, entry) for entry in made)
        if SETTINGS in self._unpinned:
            self._write_settings()

    def _read_sizes(self, set_flows: int) -> FlowSizes:
        entry = self._open_maps[SETTINGS]
        raw = bpf.map_lookup(entry.fd, _FIRST, entry.layout.value_size) or b""
        return flowsettings.decode(entry.layout, raw, set_flows)

    def _write_settings(self) -> None:
        entry = self._open_maps[SETTINGS]
        value = flowsettings.encode(entry.layout, self.sizes, jiffies.clock())
        bpf.map_update(entry.fd, _FIRST, value)

    def __getitem__(self, name: str) -> Map:
        from dsrlb.dataplane.map import Map

        if name not in self._maps:
            found = self._open_maps[name]
            self._maps[name] = Map(found.layout, found.fd, found.entries)
        return self._maps[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._open_maps)

    def __len__(self) -> int:
        return len(self._open_maps)

    def fd(self, name: str) -> int:
        """The descriptor of a map."""
        return self._open_maps[name].fd

    def is_single(self, name: str) -> bool:
        """Is the map an array of one element?"""
        found = self._open_maps[name]
        return found.layout.kind == bpf.MAP_TYPE_ARRAY and found.entries == 1

    @property
    def capacity(self) -> int:
        """Flows per family that the tables in use were made for."""
        return self.sizes.capacity

    def pin(self) -> None:
        """Pin what was created, so that it outlives this process.

        The settings go first: tables that were pinned without them could not be read.
        """
        if self.folder is None:
            return
        try:
            bpffs.make_folder(self.folder)
            for name in sorted(self._unpinned, key=lambda name: name != SETTINGS):
                entry = self._open_maps[name]
                bpf.pin(entry.fd, self.folder / self._pin_name(entry.layout))
        except OSError as error:
            raise KernelError(f"cannot pin maps in {self.folder}: {error.strerror}") from error
        self._unpinned.clear()

    def close(self) -> None:
        """Close the file descriptors; pinned maps stay."""
        for entry in self._open_maps.values():
            os.close(entry.fd)
        self._open_maps.clear()
        self._maps.clear()

    def _entries(self, spec: MapLayout) -> int:
        if spec.name in flowsettings.CACHES:
            return spec.max_entries * min(present_cpus(), self._cache_cpus)
        sized = spec.name in flowsettings.SIZED
        return self.sizes.entries(spec.name) if sized else spec.max_entries

    def _pin_name(self, spec: MapLayout) -> str:
        sized = spec.name in flowsettings.SIZED | flowsettings.CACHES
        return f"{spec.name}-{fingerprint(spec, self._version, sized)}"

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

    def _open(self, spec: MapLayout, path: Path) -> _Open:
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
        return _Open(spec, fd, info.max_entries)

    def _create(self, spec: MapLayout, entries: int) -> _Open:
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
        return _Open(spec, fd, entries)


def unpin_all(folder: Path) -> list[str]:
    """Remove every pin of an instance and its folder; return what was removed."""
    if not folder.is_dir():
        return []
    removed = sorted(path.name for path in folder.iterdir())
    for name in removed:
        (folder / name).unlink()
    folder.rmdir()
    return removed
