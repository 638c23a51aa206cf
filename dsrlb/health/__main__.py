# SPDX-License-Identifier: Apache-2.0
"""`python -m dsrlb.health [--fd N]`: checks real servers for who is at a socket's other end."""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
from typing import TextIO

from dsrlb import privileges
from dsrlb.errors import KernelError
from dsrlb.health.checks.supervisor import NOBODY
from dsrlb.health.loop import Loop
from dsrlb.health.worker import Worker

_SPARE_DESCRIPTORS = 200
"""Of the highest number, which are not for checks: commands, raw sockets, what Python opens."""


def _limit() -> int:
    """As many descriptors as may be had; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def _give_up_privileges(errors: TextIO) -> None:
    """Become nobody. CAP_NET_RAW stays: for echo requests, and to look into silence with ARP,
    neighbour solicitations and what real servers send this host."""
    if os.geteuid() == 0:
        kept = privileges.drop_to(NOBODY, [privileges.NET_RAW])
    else:
        kept = privileges.keep([privileges.NET_RAW])
    if privileges.NET_RAW not in kept:
        print("dsrlb.health: no CAP_NET_RAW: silence is not looked into", file=errors)


def main(arguments: list[str], errors: TextIO = sys.stderr) -> int:
    """Check until the socket is closed. Returns 0; 1 for a message that is none, or without what is
    needed."""
    parser = argparse.ArgumentParser(prog="python -m dsrlb.health", description=__doc__)
    parser.add_argument("--fd", type=int, default=3, help="the socket's descriptor (3)")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's; it ends when the daemon does
    try:
        descriptors = _limit()
        _give_up_privileges(errors)
        loop = Loop()
        worker = Worker(loop, given.fd, max(descriptors - _SPARE_DESCRIPTORS, descriptors // 2))
    except (KernelError, OSError) as error:
        print(f"dsrlb.health: {error}", file=errors)
        return 1
    try:
        loop.run()
    finally:
        worker.close()
    if worker.refused:
        print(f"dsrlb.health: {worker.refused}", file=errors)
    return 1 if worker.refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
