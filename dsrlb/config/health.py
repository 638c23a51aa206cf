# SPDX-License-Identifier: Apache-2.0
"""What a configuration may say about health: how real servers are asked, and when that counts."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from dsrlb.config.values import Millis, Model, SecondsOrOff, as_tuple

HealthType = Literal["tcp", "http", "https", "udp", "dns", "icmp", "command", "none"]

CONNECTING = ("tcp", "http", "https")
"""Checks that open a TCP connection."""

LONGEST_PAYLOAD = 1024
"""Bytes of `send` and `expect`."""

_STATUS = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")
_HOST = re.compile(r"[A-Za-z0-9_.:\[\]-]{1,253}")
_NAME = re.compile(r"(\.|([A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?)")
_WANTED_STATUS = 'an HTTP status such as 200, or a range such as "200-399"'


def _status(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(_WANTED_STATUS)
    match = _STATUS.fullmatch(str(value))
    if match is None or int(match[1]) > int(match[2] or match[1]):
        raise ValueError(_WANTED_STATUS)
    return str(value)


def _visible(value: str) -> str:
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("ASCII without spaces and control characters")
    return value


def _path(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError('a path that begins with "/", such as "/healthz"')
    return _visible(value)


def _host(value: str) -> str:
    if value and not _HOST.fullmatch(value):
        raise ValueError('a host name such as "www.example.com"')
    return value


def _query(value: str) -> str:
    if value and (not _NAME.fullmatch(value) or len(value) > 253):
        raise ValueError('a domain name such as "example.com", or "." for the root')
    return value


def payload_bytes(text: str) -> bytes:
    """`send` and `expect` as bytes: "hex:0a1b" is those bytes, all else is text, UTF-8. Raises
    ValueError."""
    if text.startswith("hex:"):
        return bytes.fromhex(text[4:])
    return text.encode()


def _payload(value: str) -> str:
    try:
        raw = payload_bytes(value)
    except ValueError as error:
        raise ValueError('text, or bytes such as "hex:0a1b"') from error
    if len(raw) > LONGEST_PAYLOAD:
        raise ValueError(f"at most {LONGEST_PAYLOAD} bytes")
    return value


def _command(value: tuple[str, ...]) -> tuple[str, ...]:
    if value and not value[0].startswith("/"):
        raise ValueError('a program by its absolute path, and its arguments: ["/usr/bin/check"]')
    if any("\0" in part for part in value):
        raise ValueError("no zero bytes")
    return value


_Payload = Annotated[str, AfterValidator(_payload)]
_Statuses = Annotated[
    tuple[Annotated[str, BeforeValidator(_status)], ...], BeforeValidator(as_tuple)
]
_Command = Annotated[
    tuple[Annotated[str, Field(max_length=4096)], ...],
    BeforeValidator(as_tuple),
    AfterValidator(_command),
]


class Health(Model):
    """How real servers are asked whether they serve. In modes l2dsr and l3dsr at the VIP, by the
    way that clients' packets take to them."""

    type: HealthType = Field(
        "tcp",
        description="tcp: a connection opens; http, https: and a request is answered as status and "
        "body say; udp: a packet is answered; dns: a query is; icmp: an echo request is; command: "
        "a program says so; none: nobody is asked. Without this table: tcp for tcp services that "
        'have a port besides "any", else none',
    )
    port: int = Field(
        0, strict=True, ge=0, le=65535, description="0: the first port of the service"
    )
    interval: Millis = Field(2000, description="from one check to the next; 100ms to 1h")
    timeout: Millis = Field(1000, description="for the whole check; not more than interval")
    jitter: int = Field(
        10,
        strict=True,
        ge=0,
        le=50,
        description="percent by which each interval is longer or shorter, at random",
    )
    rise: int = Field(
        2, strict=True, ge=1, le=100, description="good checks in a row that bring it up again"
    )
    fall: int = Field(3, strict=True, ge=1, le=100, description="failed ones that take it out")
    startup_grace: SecondsOrOff = Field(
        0,
        description="for this long after it is added a real server's failed checks do not count, "
        "until one succeeded; without it the first one that fails takes out who never answered",
    )
    flap_count: int = Field(
        6,
        strict=True,
        ge=0,
        le=1000,
        description="so many changes between up and down within flap_window, and it is held down "
        "until its checks have been good for flap_hold; 0: off",
    )
    flap_window: SecondsOrOff = Field(120, description="see flap_count")
    flap_hold: SecondsOrOff = Field(60, description="see flap_count")
    path: Annotated[str, Field(max_length=2048), AfterValidator(_path)] = Field(
        "/", description="what is asked for (http, https)"
    )
    method: Literal["GET", "HEAD"] = Field("GET", description="of the request (http, https)")
    host: Annotated[str, AfterValidator(_host)] = Field(
        "", description="the Host header (http, https); empty: the VIP"
    )
    sni: Annotated[str, AfterValidator(_host)] = Field(
        "", description="server name of the TLS handshake (https); empty: host, if it is a name"
    )
    verify: bool = Field(
        False,
        strict=True,
        description="the certificate has to be valid for sni or host, by this host's authorities "
        "(https)",
    )
    status: _Statuses = Field(
        ("200-399",), min_length=1, max_length=16, description="good answers (http, https)"
    )
    body: Annotated[str, Field(max_length=LONGEST_PAYLOAD)] = Field(
        "", description="text that the first 64 KiB of the answer's body hold (http, https)"
    )
    send: _Payload = Field(
        "", description='sent first (tcp, udp): text, or bytes such as "hex:0a1b"'
    )
    expect: _Payload = Field(
        "",
        description="what the answer holds (tcp, udp); empty: any answer (udp), or none (tcp)",
    )
    query: Annotated[str, AfterValidator(_query)] = Field("", description="the name (dns)")
    record: Literal["A", "AAAA", "NS", "SOA", "TXT", "MX", "CNAME", "PTR", "SRV"] = Field(
        "A", description="kind of record that is asked for (dns)"
    )
    rcode: Literal["NOERROR", "NXDOMAIN", "any"] = Field(
        "NOERROR",
        description="the answer's code that is good (dns); NOERROR: with at least one record",
    )
    command: _Command = Field(
        (),
        max_length=64,
        description="a program, by its absolute path, and its arguments (command); exit code 0 is "
        "good. It is run as nobody, with the environment in OPERATIONS.md",
    )
