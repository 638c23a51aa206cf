# SPDX-License-Identifier: Apache-2.0
"""Where the host's bpffs is looked for."""

from __future__ import annotations

import os

import pytest

from dsrlb.dataplane import bpffs


def test_hidden_ancestors_are_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under ProtectProc=invisible: /proc does not have the parent."""
    monkeypatch.setattr(os, "getppid", lambda: 1 << 30)  # the kernel's largest is 2^22
    assert list(bpffs._ancestors()) == []
    assert bpffs._foreign_ancestor() is None
