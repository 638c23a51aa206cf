# SPDX-License-Identifier: Apache-2.0
"""Files that need not be UTF-8, as older ones are not."""

from __future__ import annotations

from dsrlb.importing.report import Place, Report


def replaced(raw: bytes) -> str:
    """A file's text; bytes that are no UTF-8 stand in it as surrogates, for decoded()."""
    return raw.decode(errors="surrogateescape")


def decoded(line: str, place: Place, report: Report) -> str:
    """A line without its comment. Told where it has bytes that are no UTF-8: they are taken as
    Latin-1."""
    if line.isascii() or not any("\udc80" <= char <= "\udcff" for char in line):
        return line
    text = "".join(
        chr(ord(char) - 0xDC00) if "\udc80" <= char <= "\udcff" else char for char in line
    )
    report.near(place, text.strip(), "not UTF-8; it is read as Latin-1")
    return text
