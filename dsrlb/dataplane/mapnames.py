# SPDX-License-Identifier: Apache-2.0
"""What pins are called, and which of those that are there belong to this release.

A pin is called NAME-FINGERPRINT, where the fingerprint covers everything that would make its
content be misread: layout, number of elements unless that is configured, and the version of what it
means. That version is each map's own (abi.h), so a release takes over every map that has not
changed. The maps of PRIVATE are of one release, whatever they look like: they hold what its
programs tell each other, or what is soon found again. Another release makes its own beside them.

One pin says which release made the others: abi-NUMBER, a second name of ``settings``. One says
what that one's flow tables look like (layouts.py): flows move into those of a release with others.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dsrlb.dataplane import flowsettings
from dsrlb.dataplane.artifact import Artifact, MapLayout
from dsrlb.dataplane.generation import EXTRA, FORMER, MADE_ANEW
from dsrlb.errors import AbiMismatch, NewerVersion

STAGES, MARKED, LAYOUTS = "stages", "settings", "layouts"
PRIVATE = (
    frozenset({STAGES, "scratch", "known_services", "probe_flows", "probe_targets"})
    | flowsettings.CACHES
)
"""Another release makes them anew: its daemon writes them, or packets soon find it all again."""
_MARK = re.compile(r"abi-(\d+)")
_MOVED = MADE_ANEW - PRIVATE - EXTRA
"""Another release's can be of another layout: flows move then, and these maps are made anew."""


def marked(path: Path) -> int:
    """Which release it is that a pin says has made the others; 0: it says nothing of that."""
    mark = _MARK.fullmatch(path.name)
    return int(mark[1]) if mark else 0


def is_sized(name: str) -> bool:
    """Has the map as many elements as are configured?"""
    return name in flowsettings.SIZED | flowsettings.CACHES


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
        return f"{spec.name}-{fingerprint(spec, self.version(spec.name), is_sized(spec.name))}"

    def refuse_newer(self, place: str, present: Iterable[Path]) -> None:
        """Raises NewerVersion where a later release than this one has made pins."""
        for path in present:
            number = marked(path)
            if number > self.release:
                raise _newer(place, number, self.release)

    def version(self, name: str) -> int:
        """That of what a map means."""
        if name in PRIVATE:
            return self.release
        common = self._constants.get("MAP_VERSION", self.release)
        return self._constants.get(f"MAP_VERSION_{name}", common)


@dataclass(frozen=True, slots=True)
class Found:
    """Pins that are there: ``expected`` by the name of the map; ``superseded``: of other releases,
    whose maps this one makes anew; ``outdated``, by the name of the map: those of another layout
    that go when flows have moved."""

    expected: Mapping[str, Path]
    superseded: tuple[Path, ...]
    outdated: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def sorted_out(cls, names: PinNames, present: Iterable[Path], place: str, record: str) -> Found:
        """``record``: the name of this release's description of the flow tables. Raises AbiMismatch
        where there is what this release does not understand."""
        expected: dict[str, Path] = {}
        superseded: list[Path] = []
        outdated: dict[str, Path] = {}
        foreign: list[str] = []
        for path in present:
            name = path.name.rpartition("-")[0]
            if path.name in names.maps:
                expected[names.maps[path.name]] = path
            elif _MARK.fullmatch(path.name) or name in PRIVATE or name == LAYOUTS:
                if path.name not in (names.mark, record):
                    superseded.append(path)
            elif name in _MOVED and name not in outdated:
                outdated[name] = path
            else:
                foreign.append(path.name)
        foreign += [outdated[name].name for name in outdated.keys() & expected.keys()]
        if foreign:
            raise refused(place, ", ".join(sorted(foreign)))
        return cls(expected, tuple(superseded), outdated)

    def under(self, names: PinNames, pins: Iterable[Path], place: str) -> Found:
        """With those of new tables in the place of the former ones', which keep other names. Raises
        AbiMismatch where flows are on their way into another release's, or pins are missing."""
        newer: dict[str, Path] = {}
        for path in pins:
            if path.name in names.maps:
                newer[names.maps[path.name]] = path
            elif path.name.rpartition("-")[0] in _MOVED:
                raise AbiMismatch(
                    f"{place}: flows are on their way into tables of another version ({path.name})",
                    hint="start that version once more, and this one when they have moved",
                )
        former = {**self.expected, **self.outdated}
        for name in FORMER.values():
            if name not in former:
                raise refused(place, f"flow tables without {name}")
        aside = {other: former[name] for other, name in FORMER.items()}
        shared = {name: path for name, path in self.expected.items() if name not in MADE_ANEW}
        return Found({**shared, **newer, **aside}, self.superseded, self.outdated)


def refused(place: str, what: str) -> AbiMismatch:
    """Pins that this release can do nothing with."""
    return AbiMismatch(
        f"{place} holds maps of another version of the fast path: {what}",
        hint="`dsrlb detach` removes them (flows are lost, traffic stops until the next "
        "start), then `dsrlb run`",
    )


def _newer(place: str, theirs: int, own: int) -> NewerVersion:
    return NewerVersion(
        f"{place} was made by a newer version of dsrlb (its fast path has number {theirs}, "
        f"this one {own}); what runs goes on",
        hint="start that version; or `dsrlb detach` with it (flows are lost), then `dsrlb run`",
    )
