# SPDX-License-Identifier: Apache-2.0
"""What the flow tables of a release look like, kept with its pins for the releases behind it.

A pin's name says whether its map is one that this release knows, and nothing of what it is
otherwise. So there is one map more, whose only value is a text (JSON): the structs of the flow
tables as bcc has described them, what numbers there mean, and the versions of all that. It is
believed only where it gives a pin the very name that this has. 0.1.0 made none: what that would
have said is a file beside the C sources.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsrlb import paths
from dsrlb.dataplane import bpf
from dsrlb.dataplane.artifact import Artifact, MapLayout
from dsrlb.dataplane.generation import FORMER
from dsrlb.dataplane.mapnames import LAYOUTS, PinNames, fingerprint, is_sized
from dsrlb.errors import AbiMismatch, KernelError

_FORMAT = 1
_FIRST = bytes(4)
_MEANING = (
    "META_STATE",
    "META_PROBE_SHIFT",
    "META_REVERSE",
    "META_TAG",
    "META_TAG_SHIFT",
    "META_VERSION_SHIFT",
    "META_VERSION",
    "META_EXPIRES_SHIFT",
    "PAIR_HOP_SHIFT",
    "SET_FLOWS",
    "SET_PROBES",
    "TICK_SHIFT",
)


@dataclass(frozen=True, slots=True)
class Described:
    """A map of the flow tables, as the release that made it has it."""

    layout: MapLayout
    version: int
    meaning: Mapping[str, Any]


def _meaning(artifact: Artifact) -> dict[str, Any]:
    numbers: dict[str, Any] = {name: artifact.constants.get(name) for name in _MEANING}
    return {**numbers, "flow_state": dict(artifact.enums.get("flow_state", {}))}


class Record:
    """That of an artifact."""

    def __init__(self, artifact: Artifact, names: PinNames) -> None:
        maps = {name: artifact.maps[name] for name in FORMER.values() if name in artifact.maps}
        described = {
            name: {
                "version": names.version(name),
                "kind": layout.kind,
                "key_size": layout.key_size,
                "value_size": layout.value_size,
                "max_entries": layout.max_entries,
                "flags": layout.flags,
                "key": layout.key,
                "value": layout.value,
            }
            for name, layout in maps.items()
        }
        content = {"format": _FORMAT, "meaning": _meaning(artifact), "maps": described}
        self.text = json.dumps(content)
        self.name = f"{LAYOUTS}-{hashlib.sha256(self.text.encode()).hexdigest()[:8]}"

    def pin(self, folder: Path) -> Path | None:
        """Pin it, unless it is there; returns the pin that was made. Raises OSError."""
        path = folder / self.name
        if path.exists():
            return None
        value = self.text.encode()
        fd = bpf.map_create(bpf.MAP_TYPE_ARRAY, 4, len(value), 1, 0, LAYOUTS)
        try:
            bpf.map_update(fd, _FIRST, value)
            bpf.pin(fd, path)
        finally:
            os.close(fd)
        return path


def without_records() -> Iterator[Path]:
    """Files that describe the tables of releases which made no record."""
    return paths.ebpf_sources().glob(f"{LAYOUTS}-*.json")


def _pinned(path: Path) -> dict[str, Any]:
    try:
        fd = bpf.get_pinned(path)
        try:
            raw = bpf.map_lookup(fd, _FIRST, bpf.map_info(fd).value_size) or b""
        finally:
            os.close(fd)
    except OSError as error:
        raise KernelError(f"cannot read the pinned map {path}: {error.strerror}") from error
    try:
        content = json.loads(raw)
    except ValueError:
        return {}  # not written by us
    known = isinstance(content, dict) and content.get("format") == _FORMAT
    return content if known else {}


def read(pins: Iterable[Path]) -> dict[str, Described]:
    """What the records among the pins describe, and the files for releases without, by the names
    that it has as pins. Raises KernelError."""
    contents = [json.loads(path.read_text()) for path in without_records()]
    contents += [_pinned(path) for path in pins if path.name.rpartition("-")[0] == LAYOUTS]
    found = {}
    for content in contents:
        for name, fields in content.get("maps", {}).items():
            version = fields.pop("version")
            layout = MapLayout(name=name, **fields)
            pin = f"{name}-{fingerprint(layout, version, is_sized(name))}"
            found[pin] = Described(layout, version, content["meaning"])
    return found


def former(
    artifact: Artifact, names: PinNames, outdated: Mapping[str, Path], pins: Iterable[Path]
) -> dict[str, MapLayout]:
    """What the maps of the flow tables are, where the pins ``outdated`` have those of some of them:
    by the names that this release has for them. Raises AbiMismatch where flows of such tables
    cannot go into those of this release, KernelError."""
    from dsrlb.dataplane import converting

    described = read(pins)
    layouts = {name: artifact.maps[name] for name in FORMER.values()}
    for name in layouts.keys() & outdated.keys():
        path = outdated[name]
        known = described.get(path.name)
        if known is None:
            raise AbiMismatch(f"nothing describes what is in {path.name}")
        if known.version != names.version(name):
            raise AbiMismatch(f"what {name} holds has another meaning by now")
        if known.meaning != _meaning(artifact):
            raise AbiMismatch("what the entries of its flow tables hold has another meaning by now")
        layouts[name] = known.layout
    converting.check(layouts, artifact.maps, artifact.constants["SET_FLOWS"])
    return layouts
