# SPDX-License-Identifier: Apache-2.0
"""Who may use the API's socket: balancer.socket_mode and balancer.socket_group."""

from __future__ import annotations

import grp
import os
from collections.abc import Iterator
from pathlib import Path

from dsrlb.config import Balancer, Clash, Config
from dsrlb.errors import StateError
from dsrlb.observe.events import EventLog

_ALONE = 0o600


def unknown_group(config: Config) -> Iterator[Clash]:
    """Yield a clash where the group is none of this host's."""
    name = config.balancer.socket_group
    try:
        _gid(name)
    except KeyError:
        message = "there is no such group on this host (`getent group` shows them)"
        yield Clash(("balancer", "socket_group"), name, message, about="group")


def _gid(name: str) -> int:
    return grp.getgrnam(name).gr_gid if name else 0


def open_to_group(socket: Path, balancer: Balancer, events: EventLog) -> None:
    """As grant(), of a socket that may not be there yet; what goes wrong is an event, as the change
    is in force all the same."""
    try:
        grant(socket, balancer)
    except StateError as error:
        events.add("api", error.message, "error")


def grant(socket: Path, balancer: Balancer) -> None:
    """Have a socket that is there belong to the group, with that mode. Nobody has access meanwhile
    who has it neither before nor after. Raises StateError."""
    try:
        gid, mode = _gid(balancer.socket_group), int(balancer.socket_mode, 8)
        found = socket.lstat()
        if (found.st_gid, found.st_mode & 0o7777) == (gid, mode):
            return
        socket.chmod(_ALONE)
        os.chown(socket, -1, gid, follow_symlinks=False)
        socket.chmod(mode)
    except KeyError as error:
        raise StateError(f"{socket}: there is no group {balancer.socket_group!r}") from error
    except FileNotFoundError:
        return  # made with mode 0600, and opened then
    except OSError as error:
        raise StateError(f"{socket}: {error.strerror}") from error
