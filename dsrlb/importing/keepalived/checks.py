# SPDX-License-Identifier: Apache-2.0
"""Checkers of keepalived.conf(5), as health tables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from dsrlb.config.values import IPAddress, millis_text
from dsrlb.importing.keepalived.blocks import Statement
from dsrlb.importing.keepalived.urls import read_url
from dsrlb.importing.keepalived.values import Values
from dsrlb.importing.report import Place

_HEX = re.compile(r"[0-9A-Fa-f]{1,2}")
_FASTEST, _SLOWEST = 100, 3_600_000
_MILLIS = 1000

_SOURCES = "checks leave by the way of clients' packets"
_LOST = {
    "bindto": _SOURCES,
    "bind_if": _SOURCES,
    "bind_port": _SOURCES,
    "fwmark": _SOURCES,
    "log_all_failures": "events tell changes",
    "warmup": "checks are spread by jitter",
    "http_protocol": "requests are HTTP/1.1",
    "fast_recovery": "one url is asked for",
    "tls_compliant": "how a connection ends does not count",
    "helo_name": "no HELO is sent",
    "misc_dynamic": "an exit code does not change weights: 0 is good, all others are not",
    "user": "programs are run as nobody",
    "min_reply_length": "an answer's length does not count",
    "max_reply_length": "an answer's length does not count",
    "dynamic": "a file does not change weights",
}
_KINDS = {
    "TCP_CHECK": "tcp",
    "HTTP_GET": "http",
    "SSL_GET": "https",
    "SMTP_CHECK": "tcp",
    "DNS_CHECK": "dns",
    "MISC_CHECK": "command",
    "PING_CHECK": "icmp",
    "UDP_CHECK": "udp",
    "BFD_CHECK": "icmp",
    "FILE_CHECK": "none",
}
CHECKERS = tuple(_KINDS)
_RETRIES = {"DNS_CHECK": 3, "MISC_CHECK": 0}
_PORTS = {"SMTP_CHECK": 25}


@dataclass(frozen=True, slots=True)
class Timing:
    """Times in milliseconds; None: not given. A virtual server's are the defaults of its real
    servers, theirs those of their checkers."""

    interval: int = 60_000
    timeout: int | None = None
    retries: int | None = None

    def take(self, statement: Statement, values: Values) -> Timing:
        """With what a statement says."""
        keyword = statement.keyword
        if keyword in ("retry", "nb_get_retry"):  # the latter's former name
            retries = values.number(statement, 0, 1 << 31)
            return self if retries is None else replace(self, retries=retries)
        if keyword == "delay_before_retry":
            values.lost(statement, "a failed check is repeated after interval, like all others")
            return self
        millis = values.millis(statement)
        if millis is None:
            return self
        if keyword == "delay_loop":
            interval = max(_FASTEST, min(millis, _SLOWEST))
            if interval != millis:
                values.near(statement, f"{millis_text(interval)} is the nearest that can be")
            return replace(self, interval=interval)
        return replace(self, timeout=millis)


TIMING = ("delay_loop", "connect_timeout", "retry", "delay_before_retry")


@dataclass(slots=True)
class Check:
    """How a real server is asked: a health table, but for its port."""

    place: Place
    label: str
    table: dict[str, Any]
    port: int = 0
    """0: the real server's."""


@dataclass(slots=True)
class _Draft:
    """A checker while its statements are read."""

    kind: str
    real: IPAddress
    virtualhost: str
    table: dict[str, Any]
    timing: Timing
    port: int = 0
    urls: int = 0
    dead: bool = False


class Checks:
    """Reads checkers."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def read(
        self, block: Statement, real: IPAddress, timing: Timing, virtualhost: str
    ) -> Check | None:
        """A checker's block; None, and told, for one that cannot be carried over."""
        kind = block.keyword
        one = _Draft(kind, real, virtualhost, {"type": _KINDS[kind]}, timing, _PORTS.get(kind, 0))
        for statement in block.inner:
            self._statement(one, statement)
        self._finish(one, block)
        if one.dead or one.table["type"] == "none":
            return None
        return Check(block.place, kind, {**one.table, **self._times(one, block)}, one.port)

    def _statement(self, one: _Draft, statement: Statement) -> None:
        keyword = statement.keyword
        special = self._special(one.kind).get(keyword)
        if special is not None:
            special(one, statement)
        elif keyword in (*TIMING, "nb_get_retry"):
            one.timing = one.timing.take(statement, self._values)
        elif keyword == "connect_port":
            self._connect_port(one, statement)
        elif keyword == "connect_ip":
            self._connect_ip(one, statement)
        elif keyword == "alpha":
            alpha(statement, self._values)
        elif keyword == "host" and one.kind == "SMTP_CHECK":
            for inner in statement.inner:
                self._statement(one, inner)
        elif keyword in _LOST:
            self._values.lost(statement, _LOST[keyword])
        else:
            self._values.unknown(statement)

    def _special(self, kind: str) -> dict[str, Callable[[_Draft, Statement], None]]:
        """Keywords of one kind of checker."""
        if kind in ("HTTP_GET", "SSL_GET"):
            return {
                "url": self._url,
                "virtualhost": self._virtualhost,
                "enable_sni": self._ignored,  # a host that is a name is always sent
                "sni_name": self._sni_name,
            }
        if kind == "DNS_CHECK":
            return {"type": self._record, "name": self._query}
        if kind == "MISC_CHECK":
            return {"misc_path": self._command, "misc_timeout": self._misc_timeout}
        if kind == "UDP_CHECK":
            return {"payload": self._payload, "require_reply": self._reply}
        if kind in ("BFD_CHECK", "FILE_CHECK"):
            return dict.fromkeys(("name", "track_file", "weight"), self._ignored)
        return {}

    def _ignored(self, one: _Draft, statement: Statement) -> None:
        """Nothing to do: told with the whole checker, or so by itself."""

    def _connect_port(self, one: _Draft, statement: Statement) -> None:
        text = self._values.one(statement)
        one.port = (self._values.port(statement, text) if text else None) or one.port

    def _connect_ip(self, one: _Draft, statement: Statement) -> None:
        address = self._values.address(statement)
        if address is not None and address != one.real:
            self._values.lost(statement, "a real server is asked by the way of clients' packets")

    def _virtualhost(self, one: _Draft, statement: Statement) -> None:
        one.virtualhost = self._values.one(statement) or one.virtualhost

    def _sni_name(self, one: _Draft, statement: Statement) -> None:
        one.table["sni"] = self._values.one(statement) or ""

    def _url(self, one: _Draft, statement: Statement) -> None:
        one.urls += 1
        if one.urls > 1:
            self._values.lost(statement, "one url is asked for, the first")
            return
        asked = read_url(statement, self._values, _LOST)
        one.table.update(asked.table)
        one.virtualhost = asked.virtualhost or one.virtualhost

    def _record(self, one: _Draft, statement: Statement) -> None:
        one.table["record"] = (self._values.one(statement) or "SOA").upper()

    def _query(self, one: _Draft, statement: Statement) -> None:
        one.table["query"] = self._values.one(statement) or "."

    def _command(self, one: _Draft, statement: Statement) -> None:
        try:
            words = [word for value in statement.values[:1] for word in shlex.split(value)]
        except ValueError:
            words = []
        if not words or not words[0].startswith("/"):
            self._values.lost(statement, "a program by its absolute path, and its arguments")
            one.dead = True
            return
        # Without quotes the arguments are words of their own.
        one.table["command"] = [*words, *statement.values[1:]]
        self._values.near(statement, "programs are run as nobody, in an environment of their own")

    def _misc_timeout(self, one: _Draft, statement: Statement) -> None:
        millis = self._values.millis(statement)
        if millis is not None:
            one.timing = replace(one.timing, timeout=millis)

    def _payload(self, one: _Draft, statement: Statement) -> None:
        raw = _bytes(statement.values)
        if raw is None:
            self._values.lost(statement, "bytes in hexadecimal")
        else:
            one.table["send"] = f"hex:{raw}"

    def _reply(self, one: _Draft, statement: Statement) -> None:
        if not statement.values:
            return
        raw = _bytes(statement.values)
        if raw is None:
            self._values.near(statement, "any answer is good: bytes that may differ are not known")
        else:
            one.table["expect"] = f"hex:{raw}"

    def _finish(self, one: _Draft, block: Statement) -> None:
        """What follows from all statements together."""
        table, near = one.table, self._values.near
        if one.kind in ("HTTP_GET", "SSL_GET"):
            table.setdefault("status", ["200-299"])
            if not one.urls:
                self._values.lost(block, "there is no url that could be asked for")
                one.dead = True
            if one.virtualhost:
                table["host"] = one.virtualhost
        elif one.kind == "SMTP_CHECK":
            table["expect"] = "220"
            near(block, "the greeting is waited for; no HELO is sent")
        elif one.kind == "DNS_CHECK":
            table.setdefault("record", "SOA")
            table.setdefault("query", ".")
            near(block, "an answer without records is no good one")
        elif one.kind == "MISC_CHECK" and "command" not in table:
            if not one.dead:
                self._values.lost(block, "misc_path is missing")
            one.dead = True
        elif one.kind == "UDP_CHECK":
            self._finish_udp(one, block)
        elif one.kind == "BFD_CHECK":
            near(block, "an echo request tells whether the host is there")
        elif one.kind == "FILE_CHECK":
            self._values.lost(block, "no checks by files; health.command may read one")

    def _finish_udp(self, one: _Draft, block: Statement) -> None:
        if "send" not in one.table:
            self._values.lost(block, "udp checks need what is to be sent, and an answer to it")
            one.dead = True
        elif not any(inner.keyword == "require_reply" for inner in block.inner):
            self._values.near(block, "an answer has to come: silence is no good sign here")

    def _times(self, one: _Draft, block: Statement) -> dict[str, Any]:
        """interval, timeout, rise and fall."""
        timing = one.timing
        default = timing.interval if one.kind == "MISC_CHECK" else 5 * _MILLIS
        timeout = default if timing.timeout is None else timing.timeout
        retries = _RETRIES.get(one.kind, 1) if timing.retries is None else timing.retries
        interval = timing.interval
        timeout = self._timeout(block, timeout, interval)
        fall = min(retries + 1, 100)
        if fall != retries + 1:
            self._values.report.near(block.place, f"retry {retries}", "fall is 100 at most")
        return {
            "interval": millis_text(interval),
            "timeout": millis_text(timeout),
            "rise": 1,
            "fall": fall,
        }

    def _timeout(self, block: Statement, millis: int, interval: int) -> int:
        """The nearest one that can be."""
        near = max(_FASTEST, min(millis, interval))
        if near != millis:
            label = f"timeout of {block.keyword}, {millis_text(millis)}"
            why = f"{millis_text(near)} is the nearest that can be"
            self._values.report.near(block.place, label, why)
        return near


def alpha(statement: Statement, values: Values) -> None:
    """Real servers that count as down until they were asked."""
    if values.flag(statement):
        values.lost(statement, "who never answered is taken out by the first check that fails")


def _bytes(words: list[str]) -> str | None:
    """Bytes as hexadecimal digits: pairs, or single digits between spaces; None: something else."""
    digits = []
    for word in words:
        for part in (word[i : i + 2] for i in range(0, len(word), 2)):
            if not _HEX.fullmatch(part):
                return None
            digits.append(part.zfill(2).lower())
    return "".join(digits) or None
