# SPDX-License-Identifier: Apache-2.0
"""tcpdump on one interface, read as text."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.lab.plain import Namespace
from tests.waiting import wait_until


class Sniff:
    """What tcpdump has written so far. ``more``: its options."""

    def __init__(
        self, one: Namespace, folder: Path, interface: str, what: str, more: tuple[str, ...]
    ) -> None:
        self._file = folder / "tcpdump.txt"
        self._errors = folder / "tcpdump.log"
        command = ("tcpdump", "-lnne", "--immediate-mode", "-i", interface, *more, what)
        with self._file.open("wb") as out, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(one.enter(*command), stdout=out, stderr=errors)
        wait_until("tcpdump listens", lambda: "listening" in self._errors.read_text())

    def lines(self, *patterns: str) -> list[str]:
        """The lines that hold all the patterns."""
        lines = self._file.read_text().splitlines()
        return [line for line in lines if all(re.search(pattern, line) for pattern in patterns)]

    def wait(self, *patterns: str, least: int = 1) -> list[str]:
        """Wait for so many lines that hold all the patterns; returns all that there are."""
        wait_until(f"frames with {patterns}", lambda: len(self.lines(*patterns)) >= least)
        return self.lines(*patterns)


@contextmanager
def sniffing(one: Namespace, interface: str, what: str = "", *more: str) -> Iterator[Sniff]:
    """tcpdump on an interface, with a filter."""
    with TemporaryDirectory(prefix="dsrlb-sniff-") as folder:
        sniff = Sniff(one, Path(folder), interface, what, more)
        try:
            yield sniff
        finally:
            sniff.process.kill()
            sniff.process.wait()
