# SPDX-License-Identifier: Apache-2.0
"""https: http through TLS."""

from __future__ import annotations

import socket
import ssl
from functools import cache

from dsrlb.health.checks.http import HttpProbe, request
from dsrlb.health.checks.probe import MOST_READ, Done, wrong
from dsrlb.health.loop import READ, WRITE, Loop
from dsrlb.health.protocol import Check, Target


@cache
def context(verify: bool) -> ssl.SSLContext:
    """How a connection is made. ``verify``: by this host's authorities; without it any certificate
    will do. They are read once, so new ones count from the next start of the process."""
    if verify:
        return ssl.create_default_context()
    # Without authorities: OpenSSL would look for a chain to one all the same, for a third of the
    # handshake's time.
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.check_hostname = False
    found.verify_mode = ssl.CERT_NONE
    return found


def server_name(check: Check) -> str | None:
    """What SNI says and, with `verify`, what the certificate has to be for. None: nothing."""
    name = check.sni or check.host
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    return name.rstrip(".") or None  # RFC 6066, 3: without a dot at the end


def is_name(name: str) -> bool:
    """Can it be asked for? What cannot would have ssl leave the socket open."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return not name.startswith(".")


def tls_reason(error: ssl.SSLError) -> str:
    """What is wrong, in OpenSSL's words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    return f"TLS: {(error.reason or str(error)).lower().replace('_', ' ')}"


class HttpsProbe(HttpProbe):
    """The handshake first; then as without TLS."""

    __slots__ = ("_open", "_tls")

    def __init__(self, loop: Loop, target: Target, timeout: float, done: Done) -> None:
        super().__init__(loop, target, timeout, done)
        self._tls: ssl.SSLSocket | None = None
        self._open = False

    def connected(self, channel: socket.socket) -> None:
        check = self.target.check
        name = server_name(check)
        if name is None and check.verify:
            name = self.target.vip or self.target.address
        if name is not None and not is_name(name):
            self.finish(wrong(f"TLS: {name!r} is no name to ask for"))
            return
        self.wait(0)  # wrap_socket() moves the descriptor into another object, or closes it
        tls = context(check.verify).wrap_socket(
            channel, server_hostname=name, do_handshake_on_connect=False
        )
        self._channel = self._tls = tls
        self._go_on(tls)

    def readable(self, channel: socket.socket) -> None:
        if self._tls is not None:
            self._go_on(self._tls)

    def _go_on(self, tls: ssl.SSLSocket) -> None:
        """As far as it goes now. May raise OSError."""
        try:
            if not self._open:
                tls.do_handshake()
                self._open = True
                tls.send(request(self.target))
            self._read(tls)
        except ssl.SSLWantReadError:
            self.wait(READ)
        except ssl.SSLWantWriteError:
            self.wait(WRITE)
        except ssl.SSLError as error:
            self.finish(wrong(tls_reason(error)))

    def _read(self, tls: ssl.SSLSocket) -> None:
        """All that is there: what TLS has read already, no descriptor will tell of."""
        while self._tls is tls:
            outcome = self._exchange.add(tls.recv(MOST_READ))
            if outcome is not None:
                self.finish(outcome)

    def release(self) -> None:
        self._tls = None
        super().release()
