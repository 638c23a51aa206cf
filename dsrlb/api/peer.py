# SPDX-License-Identifier: Apache-2.0
"""Who is at the other end of the socket: SO_PEERCRED of unix(7), in every request's scope."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from dsrlb.api.bodies import Changing, Confirmable
from dsrlb.control.asking import Wanted
from dsrlb.control.revisions.authors import Author, of_uid

_UID = "dsrlb.uid"  # below "extensions", where ASGI has what servers add
_UCRED = struct.Struct("=iII")  # struct ucred: pid, uid, gid


_REQUEST_SECONDS = 30.0


class PeerProtocol(H11Protocol):
    """uvicorn's HTTP, with the uid of the process that connected. It is that of connect(2): who
    hands the connection on hands on what it may do.

    A request has to be there as a whole in some time, or the connection is closed: uvicorn waits
    for those who send a byte now and then, who would have all connections one day.
    """

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        channel: socket.socket = transport.get_extra_info("socket")
        raw = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        self.app = with_uid(self.app, _UCRED.unpack(raw)[1])
        self._expect()

    def _expect(self) -> None:
        """The next request."""
        self._forget()
        self._late = self.loop.call_later(_REQUEST_SECONDS, self._give_up)

    def _forget(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        """Close the connection, unless all of a request is there and its answer on its way."""
        cycle = self.cycle
        if cycle is None or cycle.more_body or cycle.response_complete:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing():
            self._expect()


def with_uid(app: ASGIApp, uid: int) -> Any:
    """The application, told by whom it is asked."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        extensions = {**scope.get("extensions", {}), _UID: uid}
        await app({**scope, "extensions": extensions}, receive, send)

    return asked


def author_of(request: Request, behind: str) -> Author:
    """Who asks; ``behind``: the name that the client gave beside it."""
    uid: int = request.scope["extensions"][_UID]
    return of_uid(uid, behind)


def wanted_by(request: Request, body: Changing) -> Wanted:
    """A change as its request has it."""
    within = body.confirm_within if isinstance(body, Confirmable) else None
    return Wanted(author_of(request, body.behind), body.adopt_vip, within, body.expected)
