# SPDX-License-Identifier: Apache-2.0
"""What checks say names nothing that may be secret."""

from __future__ import annotations

from typing import Any

import pytest

from dsrlb.health.checks.probe import Outcome, without_secrets
from tests.unit.health.asked import target

SAID = "exit code 7: no access for 192.0.2.10 with s3cret:word"


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("command", {"command": ("/bin/check", "s3cret:word")}),
        ("command", {"command": ("/bin/check", "s3cret", "s3cret:word")}),
        ("tcp", {"send": "s3cret:word"}),
        ("http", {"host": "s3cret:word"}),
    ],
)
def test_stars_stand_for_it(kind: str, check: dict[str, Any]) -> None:
    got = without_secrets(Outcome("wrong-answer", SAID), target(kind, **check))
    assert got == Outcome("wrong-answer", "exit code 7: no access for 192.0.2.10 with ***")


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("command", {"command": ("/bin/check", "-v", "7")}),
        ("http", {"host": "192.0.2.10"}),
        ("https", {"host": "s3cret:word", "sni": "s3cret:word"}),
        ("tcp", {}),
    ],
)
def test_what_is_no_secret_is_said(kind: str, check: dict[str, Any]) -> None:
    outcome = Outcome("wrong-answer", SAID)
    assert without_secrets(outcome, target(kind, **check)) is outcome
