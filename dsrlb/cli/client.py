# SPDX-License-Identifier: Apache-2.0
"""The command line's way to the daemon: HTTP over its Unix socket, with the standard library."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dsrlb.errors import ConfigError, DsrlbError, NotRunning, Overtaken, Problem
from dsrlb.paths import for_instance

_ASK_SECONDS = 30.0
_PIECE = 1 << 16
_CHANGE_SECONDS = 180.0  # an apply may have to compile and to make large maps


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over AF_UNIX."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("dsrlb", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket (http.client calls this)."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Client:
    """Asks the daemon of one instance.

    Every method raises NotRunning when there is none, ConfigError when it refuses a configuration
    and DsrlbError, with the daemon's words, for other refusals.
    """

    def __init__(self, instance: str) -> None:
        self._instance = instance
        self._path = for_instance(instance).socket

    def get(self, path: str, **query: str | int | None) -> Any:
        """Return the decoded answer of a GET; parameters that are None are left out."""
        given = {name: value for name, value in query.items() if value is not None}
        target = f"{path}?{urlencode(given)}" if given else path
        return self._decoded("GET", target, None, _ASK_SECONDS)

    def stream(self, path: str, **query: str | int | list[str] | None) -> Iterator[bytes]:
        """The lines of a GET's answer, without their ends, as they come; the whole of it is never
        held. Nothing is asked before the first one is taken."""
        given = {name: value for name, value in query.items() if value is not None}
        target = f"{path}?{urlencode(given, doseq=True)}" if given else path
        with self._answering("GET", target, None, _ASK_SECONDS) as response:
            if response.status >= 400:
                raise _refusal(_json(response.read(), target), response.status)
            rest = b""
            while piece := response.read1(_PIECE):
                *lines, rest = (rest + piece).split(b"\n")
                yield from lines
            if rest:
                yield rest

    def post(self, path: str, **body: Any) -> Any:
        """Return the decoded answer of a POST of a JSON object."""
        return self._decoded("POST", path, body, _CHANGE_SECONDS)

    def _decoded(self, method: str, target: str, body: Any, timeout: float) -> Any:
        status, kind, raw = self._exchange(method, target, body, timeout)
        if kind.startswith("text/plain") and status < 400:
            return raw.decode()
        answer = _json(raw, target)
        if status >= 400:
            raise _refusal(answer, status)
        return answer

    def _exchange(
        self, method: str, target: str, body: Any, timeout: float
    ) -> tuple[int, str, bytes]:
        with self._answering(method, target, body, timeout) as response:
            return response.status, response.headers.get("Content-Type", ""), response.read()

    @contextmanager
    def _answering(
        self, method: str, target: str, body: Any, timeout: float
    ) -> Iterator[http.client.HTTPResponse]:
        """The answer, to be read inside; errors of the connection become errors for people."""
        raw = None if body is None else json.dumps(body, default=str).encode()
        headers = {"Content-Type": "application/json"} if raw is not None else {}
        connection = _UnixConnection(self._path, timeout)
        try:
            connection.connect()
            with suppress(BrokenPipeError, ConnectionResetError):  # it may be answered already
                connection.request(method, target, raw, headers)
            response = connection.getresponse()
            if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
                message = "the daemon has as many connections as it takes"
                raise DsrlbError(message, hint="see who holds them, or try again later")
            yield response
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise _not_running(self._instance) from error
        except PermissionError as error:
            raise DsrlbError(f"{self._path}: permission denied; dsrlb needs root") from error
        except TimeoutError as error:
            message = f"the daemon did not answer within {timeout:g} s"
            raise DsrlbError(message, hint="its log may say why") from error
        except (OSError, http.client.HTTPException) as error:
            message = f"the daemon went away while it was asked ({error})"
            raise DsrlbError(message, hint="its log may say why") from error
        finally:
            connection.close()


def _json(raw: bytes, target: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError as error:
        raise DsrlbError(f"the daemon's answer to {target} is not JSON") from error


def _not_running(instance: str) -> NotRunning:
    """Says also whether traffic still flows without the daemon."""
    from dsrlb.control import offline

    try:
        hint = offline.describe(instance)
    except DsrlbError as error:
        hint = error.message
    return NotRunning(f"dsrlb is not running (instance {instance})", hint)


def _refusal(answer: Any, status: int) -> DsrlbError:
    if answer.get("problems"):
        return ConfigError([Problem(**problem) for problem in answer["problems"]], answer["hint"])
    kind = Overtaken if status == HTTPStatus.PRECONDITION_FAILED else DsrlbError
    return kind(answer["error"], answer["hint"])
