# SPDX-License-Identifier: Apache-2.0
"""What a client hears of ARP and neighbour discovery."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.lab.plain import Namespace
from tests.waiting import wait_until


class Capture:
    """tcpdump at the client, read as text."""

    def __init__(self, client: Namespace, folder: Path) -> None:
        self._file = folder / "tcpdump.txt"
        self._errors = folder / "tcpdump.log"
        with self._file.open("wb") as out, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                client.enter("tcpdump", "-lnnei", "eth0", "-Q", "in", "arp or icmp6"),
                stdout=out,
                stderr=errors,
            )
        wait_until("tcpdump listens", lambda: "listening" in self._errors.read_text())

    def count(self, *patterns: str) -> int:
        """How many lines hold all the patterns."""
        lines = self._file.read_text().splitlines()
        return sum(all(re.search(pattern, line) for pattern in patterns) for line in lines)
