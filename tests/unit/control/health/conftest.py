# SPDX-License-Identifier: Apache-2.0
"""What the tests of conditions share."""

from __future__ import annotations

import pytest

from dsrlb.observe.events import EventLog


@pytest.fixture
def events() -> EventLog:
    """An empty log."""
    return EventLog()
