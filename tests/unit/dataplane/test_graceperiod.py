# SPDX-License-Identifier: Apache-2.0
"""Waiting for what runs, with the kernel's help and without it."""

from __future__ import annotations

import pytest

from dsrlb.dataplane import graceperiod


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("time.sleep", found.append)
    return found


def test_the_kernel_waits(slept: list[float]) -> None:
    graceperiod.wait()
    assert slept == []


def test_a_kernel_without_the_call(slept: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graceperiod, "_NUMBER", 0xFFFF)
    graceperiod.wait()
    assert slept == [0.05]


def test_what_else_it_says_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graceperiod, "_WITHOUT", frozenset())
    monkeypatch.setattr(graceperiod, "_NUMBER", 0xFFFF)
    with pytest.raises(OSError, match="not implemented"):
        graceperiod.wait()
