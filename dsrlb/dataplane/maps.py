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

from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import Artifact, MapLayout
from dsrlb.errors import AbiMismatch, KernelError

if TYPE_CHECKING:
    from dsrlb.dataplane.map import Map

SIZED = frozenset({"flows4", "flows6", "pending4", "pending6"})


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

        ``capacity``: flows per family. Raises AbiMismatch when pins of another layout are there,
        KernelError when the kernel refuses.
        """
        self.folder = folder
        self._version = artifact.constants["ABI_VERSION"]
        self.taken_over = False
        self._open_maps: dict[str, _Open] = {}
        self._maps: dict[str, Map] = {}
        pinned = self._pinned(artifact)
        self.taken_over = bool(pinned)
        self._unpinned = [name for name in artifact.maps if name not in pinned]
        missing = [spec for name, spec in artifact.maps.items() if name not in pinned]
        # The kernel zeroes hundreds of megabytes for the flow tables: let it use several CPUs.
        with ThreadPoolExecutor() as pool:
            made = pool.map(lambda spec: self._create(spec, self._entries(spec, capacity)), missing)
            self._open_maps.update((entry.layout.name, entry) for entry in made)
        for name, path in pinned.items():
            self._open_maps[name] = self._open(artifact.maps[name], path)

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

    @property
    def capacity(self) -> int:
        """Flows per family that the tables in use were made for."""
        return self._open_maps["flows4"].entries

    def pin(self) -> None:
        """Pin what was created, so that it outlives this process."""
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in self._unpinned:
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

    @staticmethod
    def _entries(spec: MapLayout, capacity: int) -> int:
        if spec.name not in SIZED:
            return spec.max_entries
        return capacity if spec.name.startswith("flows") else max(capacity // 4, 1024)

    def _pin_name(self, spec: MapLayout) -> str:
        return f"{spec.name}-{fingerprint(spec, self._version, spec.name in SIZED)}"

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
