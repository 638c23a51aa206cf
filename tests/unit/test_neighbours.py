# SPDX-License-Identifier: Apache-2.0
"""What the kernel may answer when it is asked to resolve a neighbour."""

from __future__ import annotations

import errno
from ipaddress import IPv4Address

import pytest

from dsrlb.errors import NetError
from dsrlb.net import neighbours, rtnetlink

PLACES = [(3, IPv4Address(f"10.0.0.{number}")) for number in range(1, 5)]


def _answering(monkeypatch: pytest.MonkeyPatch, *answers: int) -> None:
    """Nobody is permanent, and these are the answers to what is asked."""

    def ask(kind: int, questions: list[bytes], flags: int = 0) -> list[int]:
        return list(answers) if flags else [errno.ENOENT] * len(questions)

    monkeypatch.setattr(rtnetlink, "ask", ask)


def test_no_room_for_some_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _answering(monkeypatch, 0, errno.ENOBUFS, errno.ENOBUFS, errno.ENETDOWN)
    assert neighbours.use(PLACES) == 2


def test_what_else_is_refused_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _answering(monkeypatch, 0, 0, errno.EPERM, 0)
    with pytest.raises(NetError, match="a neighbour is refused: Operation not permitted"):
        neighbours.use(PLACES)
