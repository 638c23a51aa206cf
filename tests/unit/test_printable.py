# SPDX-License-Identifier: Apache-2.0
"""No text of a stranger's makes lines of its own, or gives orders to a terminal."""

from __future__ import annotations

import json
import logging

import pytest

from dsrlb.cli.changes import print_changes
from dsrlb.cli.common import print_json, show_error
from dsrlb.cli.render import show
from dsrlb.errors import DsrlbError
from dsrlb.observe.events import EventLog
from dsrlb.printable import printable, printable_lines

FORGED = "/tmp/\x1b[31mred\n2026 FAKE line\x9b2J\u202e\ud800"
SHOWN = r"/tmp/\x1b[31mred\n2026 FAKE line\x9b2J\u202e\ud800"


def test_as_python_has_it() -> None:
    assert printable(FORGED) == SHOWN
    assert printable("größer: 5 µs") == "größer: 5 µs"
    assert printable_lines("a\x1b\nb\r") == "a\\x1b\nb\\r"


def test_events(caplog: pytest.LogCaptureFixture) -> None:
    log = EventLog()
    with caplog.at_level(logging.INFO, "dsrlb"):
        log.add("apply", FORGED)
    assert log.since(0)[0].message == SHOWN
    assert [record.getMessage() for record in caplog.records] == [f"apply: {SHOWN}"]


def test_commands(capsys: pytest.CaptureFixture[str]) -> None:
    print_changes([{"kind": "add", "what": FORGED, "detail": FORGED, "affects_flows": False}])
    show("events", [{"id": 1, "time": "", "level": "info", "kind": "x", "message": "\x1b[31mred"}])
    show_error(DsrlbError("a\x1b[31m\nb", hint="c\x9b"))
    out, err = capsys.readouterr()
    assert f"+ {SHOWN}: {SHOWN}\n" in out
    assert r"\x1b[31mred" in out
    assert err == "error: a\\x1b[31m\nb\n  hint: c\\x9b\n"


def test_json_is_the_same_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"what": f"{FORGED} größer \U000e0001"})
    out = capsys.readouterr().out
    assert all(line.isprintable() for line in out.splitlines())
    assert "größer" in out
    assert json.loads(out) == {"what": f"{FORGED} größer \U000e0001"}
