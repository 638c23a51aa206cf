# SPDX-License-Identifier: Apache-2.0
"""Whole files, as operators have them: the configuration and the report that come of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsrlb.config import parse
from dsrlb.importing import Imported, from_ipvsadm, from_keepalived
from tests.unit.importing.conftest import DATA

KEEPALIVED = [
    *sorted(DATA.glob("keepalived/*.conf")),
    DATA / "keepalived/includes/keepalived.conf",
]
IPVSADM = sorted(DATA.glob("ipvsadm/*.rules"))


def imported(path: Path) -> Imported:
    """What comes of a file, which is called as it is below this folder."""
    text, name = path.read_text(), str(path.relative_to(DATA))
    if path.suffix == ".rules":
        return from_ipvsadm(text, name)
    return from_keepalived(text, name, Path(name).parent)


@pytest.mark.parametrize("path", KEEPALIVED + IPVSADM, ids=lambda path: path.name)
def test_files(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA)
    result = imported(path)
    assert result.config == parse(path.with_suffix(".toml").read_text(), "expected.toml")
    assert parse(result.toml("x"), "out.toml") == result.config
    told = [str(note).replace(str(DATA), "DATA") for note in result.notes]
    assert told == path.with_suffix(".report").read_text().splitlines()


def test_there_are_enough() -> None:
    assert len(KEEPALIVED) >= 8
    assert len(IPVSADM) >= 4
