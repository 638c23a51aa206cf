# SPDX-License-Identifier: Apache-2.0
"""All maps of the program: create or take over, and pin.

bcc and the kernel reopen a pin without any check of its layout; here a pin whose name (mapnames.py)
is not that of a map of this program is never opened.

Making the maps needs no numpy: at a start the kernel makes them while numpy is being imported.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dsrlb.dataplane import bpf, bpffs, flowsettings, generation, jiffies, layouts
from dsrlb.dataplane.artifact import Artifact, MapLayout
from dsrlb.dataplane.cpus import present_cpus
from dsrlb.dataplane.flowsettings import SETTINGS, FlowSizes
from dsrlb.dataplane.mapnames import MARKED, STAGES, Found, PinNames, refused
from dsrlb.errors import AbiMismatch, KernelError

if TYPE_CHECKING:
    from dsrlb.dataplane.map import Map

_FIRST = bytes(4)  # the key of an array's first element


@dataclass(frozen=True, slots=True)
class _Open:
    """A map that is open, and closed by its MapSet."""

    layout: MapLayout
    fd: int
    entries: int


class MapSet(Mapping[str, "Map"]):
    """All maps of an artifact; pin() puts those made anew into ``folder`` (None: for tests)."""

    def __init__(
        self, artifact: Artifact, folder: Path | None, capacity: int, *, resize: bool = False
    ) -> None:
        """Take over what is pinned and create what is missing, unpinned as yet.

        ``capacity``: flows per family, for tables that are made anew; with ``resize`` also where
        there are tables for another number, or of another release and layout: those are the former
        ones then (``moving``). Raises AbiMismatch when there are pins of which this release does
        not know what to do with them, KernelError when the kernel refuses.
        """
        self.folder = folder
        self._names = PinNames(artifact)
        self._record = layouts.Record(artifact, self._names)
        self.converted: Mapping[str, MapLayout] = {}
        """Where the former tables are of another layout: that of each of their maps, by the name
        which this release has for it."""
        self._cache_cpus = artifact.constants.get("CACHE_CPUS", 0)
        self.taken_over = False
        self._open_maps: dict[str, _Open] = {}
        self._maps: dict[str, Map] = {}
        self._former: dict[str, _Open] = {}
        self._place = ""
        """The folder of the pins of tables that flows move into; "": they do not move."""
        found = self._found(artifact, resize)
        pinned = found.expected
        self.taken_over = bool(pinned or found.superseded)
        self._superseded = found.superseded
        self._unpinned = [name for name in artifact.maps if name not in pinned]
        self._pins_made: list[Path] = []
        try:
            self._fill(artifact, pinned, capacity, resize)
        except (AbiMismatch, KernelError):
            self.close()
            raise
        lacking = self.taken_over and STAGES in self._unpinned
        self.renewed = bool(found.superseded) or lacking or self.moving
        """Does a program of another release run, as far as pins tell? It goes on to stages of its
        own."""

    def _found(self, artifact: Artifact, resize: bool) -> Found:
        """The pins, those of new tables on their way in the place of the former ones'."""
        folder = self.folder
        if folder is None or not folder.is_dir():
            return Found({}, ())
        place, draining = str(folder), folder / generation.DRAINING
        self._names.refuse_newer(place, folder.iterdir())
        if resize:
            generation.tidy(folder)
        pins = [path for path in folder.iterdir() if not path.is_dir()]
        found = Found.sorted_out(self._names, pins, place, self._record.name)
        under_way = draining.is_dir()
        if not under_way and not found.outdated:
            return found
        if found.outdated:
            names = ", ".join(sorted(path.name for path in found.outdated.values()))
            if not under_way and not resize:
                raise refused(place, names)
            try:
                self.converted = layouts.former(artifact, self._names, found.outdated, pins)
            except AbiMismatch as reason:
                raise refused(place, f"{names} ({reason})") from reason
        self._place = generation.DRAINING if under_way else generation.NEXT
        return found.under(self._names, draining.iterdir() if under_way else (), place)

    def _fill(
        self, artifact: Artifact, pinned: Mapping[str, Path], capacity: int, resize: bool
    ) -> None:
        set_flows = artifact.constants.get("SET_FLOWS", 1)
        self.sizes = FlowSizes.of(capacity, set_flows)
        """Of the flow tables in use."""
        for name, path in pinned.items():
            former = generation.FORMER.get(name)
            opened = self._former if former else self._open_maps
            spec = artifact.maps[former or name]
            opened[name] = self._open(self.converted.get(spec.name, spec) if former else spec, path)
        if SETTINGS in pinned:
            self.sizes = self._read_sizes(set_flows)
            if resize and not self.moving and self.sizes.capacity != capacity:
                self._put_aside(FlowSizes.of(capacity, set_flows))
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

    def _put_aside(self, sizes: FlowSizes) -> None:
        """Have other tables made: those that are there are the former ones."""
        self._place, self.sizes = generation.NEXT, sizes
        aside = {name: former for former, name in generation.FORMER.items()}
        for name in sorted(generation.MADE_ANEW & self._open_maps.keys()):
            entry = self._open_maps.pop(name)
            self._unpinned.append(name)
            if name in aside:
                self._former[aside[name]] = entry
            else:
                os.close(entry.fd)

    def add(self, artifact: Artifact) -> None:
        """While flows move: also the maps that only this part of the fast path has for it."""
        assert self.folder is not None
        set_flows = artifact.constants["SET_FLOWS"]
        for name in generation.EXTRA:
            spec, of = artifact.maps[name], generation.CARRIED.get(name)
            entries = self._former[of].entries * set_flows if of else spec.max_entries
            path = self.folder / self._place / self._names.of(spec)
            if path.exists():
                self._open_maps[name] = self._open(spec, path)
            else:
                self._open_maps[name] = self._create(spec, entries)
                self._unpinned.append(name)

    @property
    def moving(self) -> bool:
        """Are there former tables, whose flows are yet to move?"""
        return bool(self._place)

    @property
    def begun(self) -> bool:
        """Before pin(): are the tables that flows move into those of an earlier daemon?"""
        return self._place == generation.DRAINING

    def former(self, name: str, sets: int) -> Map:
        """A flow table, as it was before: by its name in the programs that move flows."""
        from dsrlb.dataplane.map import Map

        entry = self._former[name]
        assert entry.entries == sets
        return Map(entry.layout, entry.fd, entry.entries)

    def former_sizes(self, set_flows: int) -> FlowSizes:
        """Of the former tables."""
        return self._sizes_in(self._former["former_settings"], set_flows)

    def _read_sizes(self, set_flows: int) -> FlowSizes:
        return self._sizes_in(self._open_maps[SETTINGS], set_flows)

    @staticmethod
    def _sizes_in(entry: _Open, set_flows: int) -> FlowSizes:
        raw = bpf.map_lookup(entry.fd, _FIRST, entry.layout.value_size) or b""
        return flowsettings.decode(entry.layout, raw, set_flows)

    def _write_settings(self) -> None:
        entry = self._open_maps[SETTINGS]
        former = self._former.get("former_settings")
        value = flowsettings.encode(entry.layout, self.sizes, jiffies.clock())
        if former is not None:
            raw = bpf.map_lookup(former.fd, _FIRST, former.layout.value_size) or b""
            value = flowsettings.resized(entry.layout, value, former.layout, raw)
        bpf.map_update(entry.fd, _FIRST, value)

    def __getitem__(self, name: str) -> Map:
        if name not in self._maps:
            from dsrlb.dataplane.map import Map

            found = self._open_maps[name]
            self._maps[name] = Map(found.layout, found.fd, found.entries)
        return self._maps[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._open_maps)

    def __len__(self) -> int:
        return len(self._open_maps)

    def _named(self, name: str) -> _Open:
        return self._former[name] if name in generation.FORMER else self._open_maps[name]

    def fd(self, name: str) -> int:
        """The descriptor of a map."""
        return self._named(name).fd

    def is_single(self, name: str) -> bool:
        """Is the map an array of one element?"""
        found = self._named(name)
        return found.layout.kind == bpf.MAP_TYPE_ARRAY and found.entries == 1

    @property
    def capacity(self) -> int:
        """Flows per family that the tables in use were made for."""
        return self.sizes.capacity

    def pin(self) -> None:
        """Pin what was created, so that it outlives this process.

        The settings go first: tables that were pinned without them could not be read. What says
        which release made them goes ahead of both: an older one is to leave all of it alone. And so
        does what its tables look like, for releases behind it.
        """
        if self.folder is None:
            return
        try:
            bpffs.make_folder(self.folder)
            mark = self.folder / self._names.mark
            if not mark.exists():
                self._pin(MARKED, mark)
            record = self._record.pin(self.folder)
            if record is not None:
                self._pins_made.append(record)
            aside = self.folder / self._place
            aside.mkdir(exist_ok=True)
            for name in sorted(self._unpinned, key=lambda name: name != SETTINGS):
                place = aside if name in generation.MADE_ANEW else self.folder
                self._pin(name, place / self._names.of(self._open_maps[name].layout))
            if self._place == generation.NEXT:
                self._place = generation.DRAINING
                aside.rename(self.folder / self._place)
        except OSError as error:
            raise KernelError(f"cannot pin maps in {self.folder}: {error.strerror}") from error
        self._unpinned.clear()

    def _pin(self, name: str, path: Path) -> None:
        bpf.pin(self._open_maps[name].fd, path)
        self._pins_made.append(path)

    def forget_former(self) -> int:
        """Once no program of another release runs: remove the pins of the maps that were made anew;
        returns how many there were."""
        for path in self._superseded:
            path.unlink(missing_ok=True)
        count, self._superseded = len(self._superseded), ()
        self.renewed = False
        return count

    def take_back(self) -> None:
        """Remove what pin() has pinned: the programs that run have none of it."""
        for path in self._pins_made:
            path.unlink(missing_ok=True)
        self._pins_made.clear()
        if self.moving and self.folder is not None:
            generation.forget(self.folder)

    def drained(self) -> None:
        """All flows have moved, and no program uses the former tables any more: forget them."""
        assert self.folder is not None
        generation.drained(self.folder)
        self._place = ""
        for entry in self._former.values():
            os.close(entry.fd)
        self._former.clear()
        for name in generation.EXTRA:
            os.close(self._open_maps.pop(name).fd)
            self._maps.pop(name, None)

    def close(self) -> None:
        """Close the file descriptors; pinned maps stay."""
        for entry in (*self._open_maps.values(), *self._former.values()):
            os.close(entry.fd)
        self._open_maps.clear()
        self._former.clear()
        self._maps.clear()

    def _entries(self, spec: MapLayout) -> int:
        if spec.name in flowsettings.CACHES:
            return spec.max_entries * min(present_cpus(), self._cache_cpus)
        sized = spec.name in flowsettings.SIZED
        return self.sizes.entries(spec.name) if sized else spec.max_entries

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
    removed = generation.files_in(folder)
    for path in removed:
        path.unlink()
    for path in folder.iterdir():
        path.rmdir()
    folder.rmdir()
    return sorted(path.name for path in removed)
