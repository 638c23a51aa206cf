# SPDX-License-Identifier: Apache-2.0
"""What processes have used."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.bench.timings import cpu_seconds


def test_a_thread_that_ends_meanwhile_is_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads come and go in a daemon while its time is read."""
    ends, read, stop = threading.Event(), Path.read_text, threading.Event()
    worker = threading.Thread(target=stop.wait)
    worker.start()
    gone = f"/proc/{os.getpid()}/task/{worker.native_id}/schedstat"

    def at_its_end(path: Path) -> str:
        if str(path) == gone:
            stop.set()
            worker.join()
            ends.set()
        return read(path)

    monkeypatch.setattr(Path, "read_text", at_its_end)
    assert cpu_seconds(os.getpid()) > 0
    assert ends.is_set()
