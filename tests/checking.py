# SPDX-License-Identifier: Apache-2.0
"""The process that checks real servers, as the daemon sees it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from dsrlb.health.protocol import Alive, Lines, Ready, State, States, Tallies, to_daemon

ROOT = Path(__file__).resolve().parents[1]


class Process:
    """`python -m dsrlb.health`, and what it has told. ``through``: what it is started by."""

    def __init__(self, *through: str) -> None:
        self.socket, theirs = socket.socketpair()
        number = theirs.fileno()
        self.process = subprocess.Popen(
            [*through, sys.executable, "-m", "dsrlb.health", "--fd", str(number)],
            pass_fds=(number,),
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        theirs.close()
        self.socket.setblocking(False)
        self._lines = Lines()
        self.ready = self.beats = 0
        self.states: dict[str, State] = {}
        self.tallies: list[Tallies] = []

    def send(self, message: bytes) -> None:
        self.socket.setblocking(True)
        self.socket.sendall(message)
        self.socket.setblocking(False)

    def read(self) -> Process:
        """All that it has told by now; returns itself."""
        try:
            data = self.socket.recv(1 << 20)
        except BlockingIOError:
            return self
        for line in self._lines.add(data):
            message = to_daemon(line)
            if isinstance(message, Ready):
                self.ready = message.ready
            elif isinstance(message, Alive):
                self.beats += 1
            elif isinstance(message, States):
                self.states.update({state.id: state for state in message.states})
            else:
                self.tallies.append(message)
        return self

    def verdict(self, name: str) -> str:
        self.read()
        return self.states[name].verdict if name in self.states else ""

    def close(self) -> int:
        """Close the socket, at which it ends; returns its exit code."""
        self.socket.close()
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()
            if self.process.stderr is not None:
                self.process.stderr.close()
