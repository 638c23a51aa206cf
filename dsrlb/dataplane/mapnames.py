# SPDX-License-Identifier: Apache-2.0
"""What pins are called, and which of those that are there belong to this release.

A pin is called NAME-FINGERPRINT, where the fingerprint covers everything that would make its
content be misread: layout, number of elements unless that is configured, and the version of what it
means. That version is each map's own (abi.h), so a release takes over every map that has not
changed. The maps of PRIVATE are of one release, whatever they look like: they hold what its
programs tell each other, or what is soon found again. Another release makes its own beside them.

One pin says which release made the others: abi-NUMBER, a second name of ``settings``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dsrlb.dataplane import flowsettings
from dsrlb.dataplane.artifact import Artifact, MapLayout
from dsrlb.dataplane.generation import FORMER, MADE_ANEW
from dsrlb.errors import AbiMismatch

STAGES, MARKED = "stages", "settings"
PRIVATE = (
    frozenset({STAGES, "scratch", "known_services", "probe_flows", "probe_targets"})
    | flowsettings.CACHES
)
"""Another release makes them anew: its daemon writes them, or packets soon find it all again."""
_MARK = re.compile(r"abi-(\d+)")


def fingerprint(layout: MapLayout, version: int, sized: bool) -> str:
    """Return 8 hex digits that change with anything that would misread the map's content.

    ``sized``: the number of entries is configured, and no part of the layout.
    """
    identity = [
        version,
        layout.kind,
        layout.key_size,
        layout.value_size,
        0 if sized else layout.max_entries,
        layout.flags,
        layout.key,
        layout.value,
    ]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:8]


class PinNames:
    """The names that an artifact's maps have as pins."""

    def __init__(self, artifact: Artifact) -> None:
        self._constants = artifact.constants
        self.release = artifact.constants["ABI_VERSION"]
        self.mark = f"abi-{self.release}"
        self.maps = {self.of(spec): name for name, spec in artifact.maps.items()}
        """Name of the pin -> name of the map."""

    def of(self, spec: MapLayout) -> str:
        """The name of a map's pin."""
        sized = spec.name in flowsettings.SIZED | flowsettings.CACHES
        return f"{spec.name}-{fingerprint(spec, self._version(spec.name), sized)}"

    def _version(self, name: str) -> int:
        if name in PRIVATE:
            return self.release
        common = self._constants.get("MAP_VERSION", self.release)
        return self._constants.get(f"MAP_VERSION_{name}", common)


@dataclass(frozen=True, slots=True)
class Found:
    """Pins that are there: ``expected`` by the name of the map; ``superseded``: of other releases,
    whose maps this one makes anew."""

    expected: Mapping[str, Path]
    superseded: tuple[Path, ...]

    @classmethod
    def sorted_out(cls, names: PinNames, present: Iterable[Path], place: str) -> Found:
        """Raises AbiMismatch where there is what this release does not understand."""
        expected: dict[str, Path] = {}
        superseded: list[Path] = []
        foreign: list[str] = []
        for path in present:
            mark = _MARK.fullmatch(path.name)
            if path.name in names.maps:
                expected[names.maps[path.name]] = path
            elif mark and int(mark[1]) > names.release:
                raise _newer(place, int(mark[1]), names.release)
            elif mark or path.name.rpartition("-")[0] in PRIVATE:
                if path.name != names.mark:
                    superseded.append(path)
            else:
                foreign.append(path.name)
        if foreign:
            raise AbiMismatch(
                f"{place} holds maps of another version of the fast path: "
                f"{', '.join(sorted(foreign))}",
                hint="`dsrlb detach` removes them (flows are lost, traffic stops until the next "
                "start), then `dsrlb run`",
            )
        return cls(expected, tuple(superseded))

    def under(self, names: PinNames, pins: Iterable[Path]) -> Found:
        """With those of new tables in the place of the former ones', which keep other names."""
        newer = {names.maps[path.name]: path for path in pins if path.name in names.maps}
        aside = {former: self.expected[name] for former, name in FORMER.items()}
        shared = {name: path for name, path in self.expected.items() if name not in MADE_ANEW}
        return Found({**shared, **newer, **aside}, self.superseded)


def _newer(place: str, theirs: int, own: int) -> AbiMismatch:
    return AbiMismatch(
        f"{place} was made by a newer version of dsrlb (its fast path has number {theirs}, "
        f"this one {own}); what runs goes on",
        hint="start that version; or `dsrlb detach` with it (flows are lost), then `dsrlb run`",
    )
