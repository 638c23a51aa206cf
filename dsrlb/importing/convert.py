# SPDX-License-Identifier: Apache-2.0
"""From a file's text to a configuration and what is told about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsrlb.config import Config, dump
from dsrlb.importing import ipvsadm, keepalived
from dsrlb.importing.form import Virtual
from dsrlb.importing.report import Note, Place, Report
from dsrlb.importing.writer import write

PLACEHOLDER = ("eth0",)
"""Interfaces where none are given."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import."""

    config: Config
    notes: tuple[Note, ...]

    def toml(self, source: str) -> str:
        """The configuration as a file. ``source``: what its first line says that it is from."""
        return f"# Imported from {source}.\n{dump(self.config)}"


def _written(
    virtuals: Sequence[Virtual], filename: str, interfaces: Sequence[str], report: Report
) -> Imported:
    start = Place(filename, 1)
    if not interfaces:
        why = f'"{PLACEHOLDER[0]}" is a placeholder; --interface says which ones'
        report.near(start, "balancer.interfaces", why)
    config = write(virtuals, interfaces or PLACEHOLDER, report, start)
    return Imported(config, report.notes())


def from_ipvsadm(text: str, filename: str, interfaces: Sequence[str] = ()) -> Imported:
    """Convert what `ipvsadm --save` wrote. Raises ConfigError."""
    report = Report(filename)
    return _written(ipvsadm.read(text, filename, report), filename, interfaces, report)


def from_keepalived(
    text: str,
    filename: str,
    folder: Path,
    interfaces: Sequence[str] = (),
    config_id: str | None = None,
) -> Imported:
    """Convert a keepalived.conf(5). ``folder``: where its includes start. ``config_id``: whose
    lines beginning with @ count (keepalived --config-id). Raises ConfigError."""
    report = Report(filename)
    virtuals = keepalived.read(text, filename, folder, report, config_id)
    return _written(virtuals, filename, interfaces, report)
