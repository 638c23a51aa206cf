# SPDX-License-Identifier: Apache-2.0
"""Read keepalived.conf(5): lines (text, expand), blocks, virtual servers and their checks."""

from __future__ import annotations

from pathlib import Path

from dsrlb.importing.form import Virtual
from dsrlb.importing.keepalived.blocks import parse
from dsrlb.importing.keepalived.servers import virtuals
from dsrlb.importing.keepalived.text import Reader
from dsrlb.importing.report import Report

__all__ = ["read"]


def read(
    text: str, filename: str, folder: Path, report: Report, config_id: str | None = None
) -> tuple[Virtual, ...]:
    """The virtual servers of a file and of what it includes, from ``folder``; what is left out of
    them is told. ``config_id``: whose lines beginning with @ count. Raises ConfigError for what is
    no such file."""
    lines = Reader(report, config_id).lines(text, filename, folder)
    return virtuals(parse(lines, report), filename, report)
