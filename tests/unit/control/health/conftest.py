# SPDX-License-Identifier: Apache-2.0
"""What the tests of conditions share."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from dsrlb.observe.events import EventLog


@pytest.fixture
def events() -> EventLog:
    """An empty log."""
    return EventLog()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """Somebody listens on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener
