# SPDX-License-Identifier: Apache-2.0
"""uvicorn on a Unix socket, inside the daemon's event loop and under its signals."""

from __future__ import annotations

import asyncio
import contextlib
import logging
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
LOOK_SECONDS = 5.0
_CONNECTIONS = 64  # at a time; who comes beyond that is refused (503)
_log = logging.getLogger("dsrlb")


class _Server(uvicorn.Server):
    """Leaves signals to the daemon, and waits for its event; looks now and then whether its socket
    is still where clients find it."""

    def __init__(
        self, config: uvicorn.Config, path: Path, on_ready: Callable[[], None], stop: asyncio.Event
    ) -> None:
        super().__init__(config)
        self._path = path
        self._own = _identity(path)
        self._on_ready = on_ready
        self._stop = stop
        self._refusal = ""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        self._on_ready()
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), LOOK_SECONDS)
            if not self._stop.is_set() and not self.in_place():
                await self._listen_again()

    def in_place(self) -> bool:
        """Is the socket of that name its own?"""
        return self._own is not None and _identity(self._path) == self._own

    async def _listen_again(self) -> None:
        """Somebody removed the socket. Connections that are open stay; what is in its place is not
        touched, and told of once."""
        try:
            listener = listen(self._path)
        except StateError as error:
            if error.message != self._refusal:
                _log.error("api: %s", error.message)
            self._refusal = error.message
            return
        self._own, self._refusal = _identity(self._path), ""
        for server in self.servers:
            server.close()
        await self.startup(sockets=[listener])
        self._on_ready()


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
    except OSError:
        return None
    return found.st_dev, found.st_ino


async def serve(
    app: ASGIApp, socket_path: Path, on_ready: Callable[[], None], stop: asyncio.Event
) -> None:
    """Serve ``app`` on ``socket_path`` until ``stop`` is set; the socket is removed at the end.

    ``on_ready`` is called when connections are accepted, and again when somebody has removed the
    socket and it was made anew. Requests in flight at the stop are answered (5 seconds at most).
    Raises StateError when the socket cannot be had.
    """
    listener = listen(socket_path)
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
    server = _Server(config, socket_path, on_ready, stop)
    try:
        await server.serve(sockets=[listener])
    finally:
        listener.close()
        if server.in_place():  # not a successor's
            socket_path.unlink(missing_ok=True)
