# SPDX-License-Identifier: Apache-2.0
"""Listens on an interface for what real servers say about themselves, and asks there.

One AF_PACKET socket for each interface, as long as somebody wants to know; the kernel's filter lets
in ARP replies, neighbour advertisements, ICMP "unreachable", and TCP and UDP to ports of probes.
Packets that the fast path takes never get here.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Callable

from dsrlb.health.frames import FIRST_PROBE_PORT, Seen, question, seen
from dsrlb.health.loop import READ, Loop

_ALL = 3  # ETH_P_ALL
_SOL_PACKET, _IGNORE_OUTGOING = 263, 23
_ATTACH_FILTER = 26
_AT_A_TIME = 64
_CAPTURED = 256

# Classic BPF (linux/filter.h), over a packet without its link's header.
_LDB, _LDH, _LDXB_MSH = 0x30, 0x28, 0xB1  # byte, half word at k; 4 * (byte at k & 15) to X
_LDB_X, _LDH_X = 0x50, 0x48  # at X + k
_JEQ, _JGE, _JSET, _RET = 0x15, 0x35, 0x45, 0x06
_PROTOCOL = 0xFFFFF000  # SKF_AD_OFF + SKF_AD_PROTOCOL: the EtherType
_YES, _NO = "yes", "no"

# label, code, k, where to if it is so, where to if not ("": the next one)
_Line = tuple[str, int, int, str, str]
_FILTER: tuple[_Line, ...] = (
    ("", _LDH, _PROTOCOL, "", ""),
    ("", _JEQ, 0x0806, "arp", ""),
    ("", _JEQ, 0x0800, "ipv4", ""),
    ("", _JEQ, 0x86DD, "ipv6", _NO),
    ("arp", _LDH, 6, "", ""),
    ("", _JEQ, 2, _YES, _NO),
    ("ipv4", _LDXB_MSH, 0, "", ""),
    ("", _LDB, 9, "", ""),
    ("", _JEQ, 1, "icmp", ""),
    ("", _JEQ, 6, "ports", ""),
    ("", _JEQ, 17, "ports", _NO),
    ("icmp", _LDB_X, 0, "", ""),
    ("", _JEQ, 3, _YES, _NO),
    ("ports", _LDH, 6, "", ""),
    ("", _JSET, 0x1FFF, _NO, ""),
    ("", _LDH_X, 2, "", ""),
    ("", _JGE, FIRST_PROBE_PORT, _YES, _NO),
    ("ipv6", _LDB, 6, "", ""),
    ("", _JEQ, 58, "icmpv6", ""),
    ("", _JEQ, 6, "ports6", ""),
    ("", _JEQ, 17, "ports6", _NO),
    ("icmpv6", _LDB, 40, "", ""),
    ("", _JEQ, 1, _YES, ""),
    ("", _JEQ, 4, _YES, ""),
    ("", _JEQ, 136, _YES, _NO),
    ("ports6", _LDH, 42, "", ""),
    ("", _JGE, FIRST_PROBE_PORT, _YES, _NO),
    (_YES, _RET, _CAPTURED, "", ""),
    (_NO, _RET, 0, "", ""),
)


def program() -> bytes:
    """The filter as struct sock_filter[]."""
    places = {line[0]: place for place, line in enumerate(_FILTER) if line[0]}

    def away(to: str, place: int) -> int:
        return places[to] - place - 1 if to else 0

    return b"".join(
        struct.pack("HBBI", code, away(yes, place), away(no, place), k)
        for place, (_, code, k, yes, no) in enumerate(_FILTER)
    )


def attach_filter(channel: socket.socket) -> None:
    """Let in what `_FILTER` does. Raises OSError."""
    code = program()
    kept = ctypes.create_string_buffer(code, len(code))
    described = struct.pack("HL", len(code) // 8, ctypes.addressof(kept))
    channel.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, described)


Told = Callable[[Seen], None]


class Tap:
    """One interface. ``mac``: its own address."""

    def __init__(self, loop: Loop, interface: str) -> None:
        """``interface``: "" is all of them, on which nothing can be asked. Raises OSError."""
        self._loop = loop
        self._listeners: dict[Told, None] = {}
        flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        self._channel = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | flags, 0)
        try:
            attach_filter(self._channel)
            self._channel.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
            self._channel.bind((interface, _ALL))
        except OSError:
            self._channel.close()
            raise
        self._interface = interface
        self.mac: bytes = self._channel.getsockname()[4] if interface else b""
        loop.watch(self._channel.fileno(), READ, self._read)

    def listen(self, told: Told) -> None:
        """Tell of every packet."""
        self._listeners[told] = None

    def leave(self, told: Told) -> bool:
        """Not any more; returns whether anybody listens yet."""
        self._listeners.pop(told, None)
        return bool(self._listeners)

    def ask(self, target: bytes, source: bytes) -> None:
        """Who has an address? As from ``source``, of the same family. Raises OSError."""
        if len(self.mac) == 6 and len(target) == len(source):
            kind, to, packet = question(target, source, self.mac)
            self._channel.sendto(packet, (self._interface, kind, 0, 0, to))

    def close(self) -> None:
        """Close the socket."""
        self._loop.forget(self._channel.fileno())
        self._channel.close()

    def _read(self, events: int) -> None:
        for _ in range(_AT_A_TIME):
            try:
                data, where = self._channel.recvfrom(_CAPTURED)
            except OSError:  # nothing more; or the interface went down, which others find out
                return
            found = seen(where[1], data)
            if found is not None:
                for told in list(self._listeners):
                    told(found)


class Taps:
    """By interface, those that somebody listens at."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._open: dict[str, Tap] = {}

    def listen(self, interface: str, told: Told) -> Tap:
        """Listen at an interface. Raises OSError."""
        tap = self._open.get(interface)
        if tap is None:
            tap = self._open[interface] = Tap(self._loop, interface)
        tap.listen(told)
        return tap

    def leave(self, interface: str, told: Told) -> None:
        """Not any more."""
        tap = self._open.get(interface)
        if tap is not None and not tap.leave(told):
            del self._open[interface]
            tap.close()
