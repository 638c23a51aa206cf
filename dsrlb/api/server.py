# SPDX-License-Identifier: Apache-2.0
"""uvicorn on a Unix socket, inside the daemon's event loop and under its signals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from dsrlb.api.bodies import MOST_HEAD_BYTES
from dsrlb.api.peer import PeerProtocol
from dsrlb.control.socketplace import look
from dsrlb.errors import StateError

_GRACE = 5  # seconds that requests in flight get when the daemon stops
_BACKLOG = 64
_CONNECTIONS = 64  # at a time; who comes beyond that is refused (503)


class _Server(uvicorn.Server):
    """Leaves signals to the daemon, and waits for its event instead of waking up to look."""

    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], stop: asyncio.Event
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._stop = stop

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        self._on_ready()
        await self._stop.wait()


def listen(path: Path) -> socket.socket:
    """Return a listening Unix socket, mode 0600 from its first moment; raises StateError."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        look(path)
        path.unlink(missing_ok=True)  # a dead daemon's
        os.fchmod(listener.fileno(), 0o600)  # Linux gives the file the socket's mode at bind()
        listener.bind(str(path))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise StateError(f"cannot listen on {path}: {error.strerror or error}") from error
    except StateError:
        listener.close()
        raise
    return listener


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


async def serve(
    app: ASGIApp, socket_path: Path, on_ready: Callable[[], None], stop: asyncio.Event
) -> None:
    """Serve ``app`` on ``socket_path`` until ``stop`` is set; the socket is removed at the end.

    ``on_ready`` is called once, when connections are accepted. Requests in flight at the stop are
    answered (5 seconds at most). Raises StateError when the socket cannot be had.
    """
    listener = listen(socket_path)
    own = _identity(socket_path)
    config = uvicorn.Config(
        app,
        http=PeerProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=_GRACE,
        limit_concurrency=_CONNECTIONS,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
    )
    try:
        await _Server(config, on_ready, stop).serve(sockets=[listener])
    finally:
        listener.close()
        if _identity(socket_path) == own:  # not a successor's
            socket_path.unlink(missing_ok=True)
