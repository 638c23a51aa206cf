# SPDX-License-Identifier: Apache-2.0
"""From configuration, MAC table and conditions into the maps, and to who probes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dsrlb.config import Config
from dsrlb.control.desired.contents import Desired, LinkState, RealId, Resolution, ServiceId
from dsrlb.control.desired.incremental import Computer
from dsrlb.control.desired.parts import Part
from dsrlb.control.health.conditions import Conditions
from dsrlb.control.macs.table import MacTable
from dsrlb.control.maps.apply import Applier
from dsrlb.control.probing.way import ProbeWay

if TYPE_CHECKING:
    from dsrlb.control.flows.keeper import FlowKeeper


class Writer:
    """Of one instance. What has not changed since the last time is not looked at."""

    def __init__(
        self,
        applier: Applier,
        macs: MacTable,
        conditions: Conditions,
        probes: ProbeWay,
        keeper: Callable[[], FlowKeeper],
    ) -> None:
        self._applier = applier
        self._macs = macs
        self._conditions = conditions
        self._probes = probes
        self._keeper = keeper
        self._computer = Computer()

    @property
    def parts(self) -> Mapping[ServiceId, Part]:
        """What the maps were filled from last."""
        return self._computer.parts

    def write(self, config: Config, links: Mapping[str, LinkState]) -> bool:
        """Make the maps say what configuration and MAC table say; True when something changed.
        ``links``: the attached interfaces. Raises StateError."""
        self._conditions.changed = False
        found = self._macs.resolutions()
        desired = self._desired(config, links, found)
        removes = self._applier.removes_reals(desired)
        try:
            changed = self._applier.apply(desired)
        finally:
            if removes:  # not before: a round may begin at once, and would see nothing of it
                self._keeper().reals_removed()
        parts, reals = self._computer.parts, self._applier.installed.reals
        unasked = self._probes.update(config, parts, reals, found, self._macs)
        if unasked is None:
            self._conditions.forget_others(self._probes.checks.checked)
        else:
            self._conditions.forget(unasked)
        return changed

    def _desired(
        self, config: Config, links: Mapping[str, LinkState], found: Mapping[RealId, Resolution]
    ) -> Desired:
        """What the maps should hold now. Who comes to others starts slowly, where it should."""
        desired = self._computed(config, links, found)
        if self._conditions.ramps.follow(config, desired, self._applier.installed):
            desired = self._computed(config, links, found)
        desired.probe = self._probes.end
        return desired

    def _computed(
        self, config: Config, links: Mapping[str, LinkState], found: Mapping[RealId, Resolution]
    ) -> Desired:
        moved = self._macs.take_moved() | self._conditions.take_moved()
        return self._computer.desired(
            *(config, links, found, self._conditions.of), moved=moved, base=self._applier.serial
        )
