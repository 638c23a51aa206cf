# SPDX-License-Identifier: Apache-2.0
"""The first step of a change: what is told of the way back, and what is kept for the second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsrlb.config import Config, parse, source
from dsrlb.config.source import Origin
from dsrlb.control.plan import view
from dsrlb.control.revisions import kept as keeping
from dsrlb.control.revisions.change import Change
from dsrlb.control.revisions.kept import Kept
from dsrlb.control.revisions.wayback import prepared_view, told
from dsrlb.errors import Overtaken, StateError
from tests.unit.api.fakerows import TOML
from tests.unit.control.logs import ROOT, Logs

ONE = parse(TOML, "one")
OTHER = parse(TOML.replace("10.0.0.12", "10.0.0.13"), "other")
APPLY = Change(ROOT, "apply f")


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    found = Logs()
    yield found
    found.open.close()


def read(config: Config) -> tuple[Config, Origin]:
    return config, Origin("f")


def test_the_way_back_is_what_the_change_gets(logs: Logs) -> None:
    """Of an apply, a rollback, and one that ends the waiting for a confirmation."""
    log = logs.open
    assert log.way_back(APPLY) is None
    changes: tuple[dict[str, Any], ...] = (
        {"what": "a"},
        {"what": "b"},
        {"what": "c", "confirm_within": 60},
        {"what": "rollback", "to": "the way back", "ends_waiting": True},
    )
    for change in changes:
        if change.get("to"):
            change["to"] = log.target(None)
        wanted = Change(ROOT, **change)
        told = log.way_back(wanted)
        number = logs.apply(str(change["what"]), **change)
        assert log.get(number).way_back == told


def test_what_is_told(logs: Logs) -> None:
    logs.apply("a", what="apply /etc/f")
    told = prepared_view(view(ONE, OTHER), logs.open, APPLY, "")
    assert (told["running"], told["way_back"], told["way_back_what"]) == (1, 1, "apply /etc/f")
    assert (told["recorded"], told["way_back_obstacle"]) == (True, "")
    assert not prepared_view(view(ONE, ONE), logs.open, APPLY, "")["recorded"]
    back = Change(ROOT, "rollback to 1", to=logs.open.get(1))
    assert prepared_view(view(ONE, ONE), logs.open, back, "")["recorded"], "though nothing changes"


def test_only_what_waits_is_told_to_wait(logs: Logs) -> None:
    change = Change(ROOT, "apply f", confirm_within=60)
    begun = logs.begin("a", confirm_within=60)
    assert told(change, view(ONE, OTHER), begun).endswith("to be confirmed within 60 s")
    logs.open.applied(begun, "a")
    logs.open.confirm(ROOT)
    same = logs.begin("a", before="a", confirm_within=60)  # which runs already
    assert "to be confirmed" not in told(change, view(ONE, ONE), same)


def test_a_way_back_that_cannot_be_read(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.apply("a")

    def broken(number: int) -> None:
        raise StateError("the disk is gone")

    monkeypatch.setattr(logs.open, "get", broken)
    told = prepared_view(view(ONE, OTHER), logs.open, APPLY, "")
    assert told["way_back_obstacle"] == "the disk is gone"


def test_another_one_runs_by_now(logs: Logs) -> None:
    logs.apply("a")
    meant = Change(ROOT, "apply f", expected=1)
    logs.open.refuse_untimely(meant)
    logs.apply("b")
    with pytest.raises(Overtaken, match="revision 2 runs by now, not 1 any more"):
        logs.open.refuse_untimely(meant)


def test_what_was_read_is_had_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    kept.put(("toml", "f"), read(ONE))
    assert kept.take(("other", "f")) is None
    assert kept.take(("toml", "f")) == read(ONE)
    assert kept.take(("toml", "f")) is None


def test_what_other_files_are_a_part_of_is_read_anew(tmp_path: Path) -> None:
    (tmp_path / "f.toml").write_text(TOML[TOML.index("[[service]]") :])
    text = 'include = "*.toml"\n' + TOML[: TOML.index("[[service]]")]
    name, kept = str(tmp_path / "main"), Kept()
    kept.put((text, name), source.read(text, name))
    assert kept.take((text, name)) is None


def test_what_nobody_comes_for_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    kept.put("f", read(ONE))
    kept.forget()
    assert kept.take("f") is not None
    kept.put("f", read(ONE))
    later = time.monotonic() + keeping.KEPT_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    kept.forget()
    assert kept.take("f") is None
