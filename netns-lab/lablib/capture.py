# SPDX-License-Identifier: Apache-2.0
"""tcpdump on any link, and a fast reader of what it wrote."""

from __future__ import annotations

import re
import signal
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lablib.lab import Lab
from lablib.shell import LabError, wait_until
from lablib.topology import port

SNAP = 512
_DROPPED = re.compile(r"(\d+) packets? dropped by kernel")


@dataclass(frozen=True, slots=True)
class Frame:
    """A captured frame: seconds, the bytes kept, its length on the wire."""

    time: float
    data: bytes
    length: int


def read_pcap(path: Path) -> Iterator[Frame]:
    """Yield the frames of a pcap file in this machine's byte order, microseconds."""
    raw = path.read_bytes()
    magic, *_ = struct.unpack_from("<I", raw)
    if magic != 0xA1B2C3D4:
        raise LabError(f"{path} is no pcap file of this machine")
    offset = 24
    while offset + 16 <= len(raw):
        seconds, micros, kept, length = struct.unpack_from("<IIII", raw, offset)
        offset += 16
        if offset + kept > len(raw):
            return  # tcpdump was killed while it wrote this one
        yield Frame(seconds + micros / 1e6, raw[offset : offset + kept], length)
        offset += kept


class Capture:
    """tcpdump on every interface of a lab: at the nodes, and at every switch port."""

    def __init__(self, lab: Lab, folder: Path, filter_: str = "") -> None:
        self._lab = lab
        self._folder = folder
        self._filter = filter_
        self._running: dict[str, subprocess.Popen[str]] = {}

    @property
    def points(self) -> list[tuple[str, str, str]]:
        """(name, where, interface): "client", "sw-client", ... On the balancer itself frames that
        XDP sends are not to be seen, and a router's are those at its switch ports."""
        topology = self._lab.topology
        ends = [node for node in topology.nodes if node.role in ("client", "real")]
        return [(node.name, node.name, node.interfaces[0].name) for node in ends] + [
            (port(segment, node.name), segment, node.name)
            for segment in topology.segments
            for node in topology.on(segment)
        ]

    def path(self, name: str) -> Path:
        """The file of a capture point."""
        return self._folder / f"{name}.pcap"

    def start(self) -> None:
        """Start all, and wait until all listen."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, node, interface in self.points:
            argv = ["tcpdump", "-i", interface, "-n", "-U", "--immediate-mode", "-Z", "root"]
            argv += ["-s", str(SNAP), "-B", "65536", "-w", str(self.path(name)), self._filter]
            with self._log(name).open("w") as log:
                self._running[name] = self._lab.popen(
                    node, argv, stdin=subprocess.DEVNULL, stderr=log, text=True
                )
        for name in self._running:
            wait_until(f"tcpdump {name} listens", partial(self._listens, name))

    def _listens(self, name: str) -> bool:
        return "listening on" in self._log(name).read_text()

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def stop(self) -> None:
        """Stop all; LabError when the kernel dropped frames, because then nothing is proven."""
        for process in self._running.values():
            process.send_signal(signal.SIGINT)
        for name, process in self._running.items():
            process.wait(timeout=30)
            words = self._log(name).read_text()
            dropped = _DROPPED.search(words)
            if dropped is None or int(dropped[1]):
                raise LabError(f"the capture at {name} is not complete:\n{words}")
            self._log(name).unlink()
        self._running.clear()

    def frames(self, name: str) -> list[Frame]:
        """What was captured at a point."""
        return list(read_pcap(self.path(name)))
