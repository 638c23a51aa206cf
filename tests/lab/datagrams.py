# SPDX-License-Identifier: Apache-2.0
"""Sockets of UDP, and what the network tells them of their datagrams."""

from __future__ import annotations

import select
import socket
from dataclasses import dataclass
from ipaddress import ip_address

from tests.lab.plain import PORT

# From linux/in.h, linux/in6.h
_RECEIVE_ERRORS = {4: (socket.IPPROTO_IP, 11), 6: (socket.IPPROTO_IPV6, 25)}
_TIME_TO_LIVE = {4: (socket.IPPROTO_IP, 2), 6: (socket.IPPROTO_IPV6, 16)}
_TIME_EXCEEDED = {4: 11, 6: 3}


@dataclass(frozen=True)
class Told:
    """An ICMP error: its type and code, and who sent it."""

    kind: int
    code: int
    offender: str


def datagrams(family: int, place: tuple[str, int] | None = None) -> socket.socket:
    """A socket, bound to an address and port if there is one."""
    channel = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    channel.settimeout(3)
    if place is not None:
        channel.bind(place)
    return channel


def listen_for_errors(channel: socket.socket, family: int) -> None:
    """Have the kernel keep the ICMP errors for told()."""
    channel.setsockopt(*_RECEIVE_ERRORS[family], 1)


def limit_hops(channel: socket.socket, family: int, hops: int) -> None:
    """Send with this TTL."""
    channel.setsockopt(*_TIME_TO_LIVE[family], hops)


def told(channel: socket.socket, family: int) -> Told | None:
    """The ICMP error that comes within three seconds; None: data came, or nothing."""
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    events = dict(poll.poll(3000)).get(channel.fileno(), 0)
    if not events & select.POLLERR:
        return None
    _, ((_, _, error),), _, _ = channel.recvmsg(2000, 200, socket.MSG_ERRQUEUE)
    # struct sock_extended_err, 16 bytes, and who sent the error, as a struct sockaddr_in or _in6
    offender = str(ip_address(error[20:24] if family == 4 else error[24:40]))
    return Told(error[5], error[6], offender)


def answer(vip: str, hops: int, port: int = PORT) -> str:
    """Ask with so few hops: who answers? A real server by its name, else by its address."""
    family = ip_address(vip).version
    with datagrams(family) as channel:
        listen_for_errors(channel, family)
        limit_hops(channel, family, hops)
        channel.sendto(b"who", (vip, port))
        error = told(channel, family)
        if error is None:
            return channel.recv(100).decode()
    assert error.kind == _TIME_EXCEEDED[family], error
    return error.offender
