# SPDX-License-Identifier: Apache-2.0
"""A host with a service of its own, a peer beside it, and tcpdump at both ends of the wire."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from lablib.capture import read_pcap
from tests.lab.foreign.names import (
    ADVERTISED6,
    DETOUR4,
    HOST4,
    HOST6,
    HOST_MAC,
    MOVED4,
    MOVED6,
    OTHER_MAC,
    PEER4,
    PEER6,
    PEER_MAC,
    PORT,
    REALS,
    ROUTER6,
    STATION4,
    STATION6,
    STATION_MAC,
    TWIN4,
    TWIN6,
)
from tests.lab.plain import PREFIX, Namespace, kill_in, run
from tests.waiting import wait_until

ECHO = Path(__file__).with_name("echo.py")
# What tcpdump shows is what was on the wire.
_OFF = ("rx", "tx", "sg", "gso", "tso", "gro", "rxvlan", "txvlan")
_TCPDUMP = ("tcpdump", "-ieth0", "-Qin", "-n", "-U", "-s0", "-B65536", "--immediate-mode", "-w")
_MARK = bytes.fromhex("0200000000ee0200000000ee88b5")
_BATCH = 200  # of a veth's queue of 256
_DROPPED = re.compile(r"(\d+) packets? dropped by kernel")

_SYSCTL = (
    *(f"net.ipv6.conf.{where}.accept_dad=0" for where in ("all", "default")),
    "net.ipv6.conf.default.router_solicitations=0",
    "net.ipv6.auto_flowlabels=0",
    # Without limits of ICMP the answers do not depend on time.
    "net.ipv4.icmp_ratelimit=0",
    "net.ipv4.icmp_ratemask=0",
    "net.ipv6.icmp.ratelimit=0",
    "net.ipv6.icmp.ratemask=255",
    "net.ipv4.tcp_invalid_ratelimit=0",
    "net.ipv4.ipfrag_time=600",
    "net.ipv6.ip6frag_time=600",
    # A host on an ordinary segment that believes what it is told.
    *(f"net.ipv4.conf.{where}.secure_redirects=0" for where in ("all", "default")),
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
)


class Capture:
    """tcpdump of what an interface receives."""

    def __init__(self, where: Namespace, file: Path) -> None:
        self._file = file
        self._errors = file.with_suffix(".log")
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(where.enter(*_TCPDUMP, str(file)), stderr=errors)
        wait_until("tcpdump listens", lambda: "listening" in self._errors.read_text())

    def frames(self) -> list[bytes]:
        """What was captured so far."""
        return [frame.data for frame in read_pcap(self._file)] if self._file.stat().st_size else []

    def has(self, frame: bytes) -> bool:
        """Is there this frame among what was captured?"""
        return frame in self._file.read_bytes()

    def stop(self) -> None:
        """End it; it must have captured everything."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(10)
        found = _DROPPED.search(self._errors.read_text())
        assert found is not None
        assert found[1] == "0", found[0]

    def kill(self) -> None:
        """End it at once, if it goes on."""
        self._process.kill()
        self._process.wait()


class Segment:
    """Two namespaces and the wire between them, alike in every run."""

    def __init__(self, tag: str, folder: Path) -> None:
        self.host = Namespace(f"{PREFIX}{tag}-host")
        self.peer = Namespace(f"{PREFIX}{tag}-peer")
        self._folder = folder
        self._marks = 0
        self._echo: subprocess.Popen[str] | None = None
        self._raw: socket.socket | None = None
        self._captures: list[Capture] = []

    def up(self) -> None:
        """Build it, start the host's service and the captures."""
        both = (self.host, self.peer)
        run("ip", "-batch", "-", given="\n".join(f"netns add {one.name}" for one in both))
        for one in both:
            one.run("sysctl", "-qw", *_SYSCTL)
        one_queue = "numtxqueues 1 numrxqueues 1"  # frames stay in order
        near = f"link add eth0 address {HOST_MAC} {one_queue} netns {self.host.name} type veth"
        far = f"peer name eth0 address {PEER_MAC} {one_queue} netns {self.peer.name}"
        run("ip", *f"{near} {far}".split())
        for one in both:
            one.run("ethtool", "-K", "eth0", *(word for name in _OFF for word in (name, "off")))
        self.host.run("sysctl", "-qw", "net.ipv4.neigh.eth0.locktime=0")
        self._address()
        command = self.host.enter(sys.executable, str(ECHO), str(PORT), HOST4, HOST6, TWIN4, TWIN6)
        self._echo = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._echo.stdout is not None
        assert self._echo.stdout.readline() == "ready\n"
        for one in both:
            wait_until(f"{one.name} hears groups", partial(self._hears_groups, one))
        self._raw = self.peer.call(self._open)

    def _address(self) -> None:
        mine = [(PEER4, PEER6), *REALS]
        self.peer.batch(
            "link set lo up",
            *(f"address add {v4}/24 dev eth0" for v4, _ in mine),
            *(f"address add {v6}/64 dev eth0 nodad" for _, v6 in mine),
            "link set eth0 up",
        )
        permanent = [STATION4, STATION6, ROUTER6, DETOUR4]
        self.host.batch(
            "link set lo up",
            f"address add {HOST4}/24 dev eth0",
            f"address add {HOST6}/64 dev eth0 nodad",
            f"address add {TWIN4}/32 dev lo",
            f"address add {TWIN6}/128 dev lo nodad",  # else it is tentative for a moment
            "link set eth0 up",
            f"route add default via {STATION4}",
            *(f"neighbour add {one} lladdr {STATION_MAC} dev eth0" for one in permanent),
            *(
                f"neighbour add {one} lladdr {OTHER_MAC} nud stale dev eth0"
                for one in (MOVED4, MOVED6)
            ),
        )
        self.peer.batch(
            f"route add {TWIN4} via {HOST4}",
            *(f"route add {one} via {HOST6}" for one in (TWIN6, ADVERTISED6)),
        )

    @staticmethod
    def _hears_groups(one: Namespace) -> bool:
        """The kernel makes this route when it has told itself that there is a carrier."""
        return "ff00::/8" in one.run("ip", "-6", "route", "show", "table", "local")

    @staticmethod
    def _open() -> socket.socket:
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sender.bind(("eth0", 0))
        return sender

    def capture(self) -> tuple[Capture, Capture]:
        """Start to capture what the host receives, and what the peer receives of it."""
        for name, where in (("host", self.host), ("peer", self.peer)):
            number = len(self._captures)
            self._captures.append(Capture(where, self._folder / f"{number}-{name}.pcap"))
        return self._captures[-2], self._captures[-1]

    def send(self, frames: Iterable[bytes], at_host: Capture) -> None:
        """Send frames as they are; returns when the host has received them."""
        assert self._raw is not None
        waiting = list(frames)
        own = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(own)})  # each CPU has a queue of its own towards the host
        try:
            while waiting:
                for frame in waiting[:_BATCH]:
                    self._raw.send(frame)
                del waiting[:_BATCH]
                self._mark(at_host)
        finally:
            os.sched_setaffinity(0, own)

    def _mark(self, at_host: Capture) -> None:
        """Send a frame that nobody else sends, and wait for it."""
        assert self._raw is not None
        self._marks += 1
        mark = _MARK + self._marks.to_bytes(4, "big") + bytes(42)
        self._raw.send(mark)
        wait_until("the host has received the frames", lambda: at_host.has(mark))

    @staticmethod
    def is_mark(frame: bytes) -> bool:
        """Is the frame one of those that send() sends of itself?"""
        return frame.startswith(_MARK)

    def shown(self, *words: str) -> Any:
        """What `ip -json` shows on the host."""
        return json.loads(self.host.run("ip", "-json", *words))

    def path_mtu(self, address: str) -> int:
        """The MTU that the host has learned of the way to an address; 0: none."""
        (route,) = self.shown("route", "get", address)
        metrics: list[dict[str, int]] = route.get("metrics", [])
        return next((metric["mtu"] for metric in metrics if "mtu" in metric), 0)

    def queue(self) -> str:
        """What the host's end of the wire counts: frames, and those that it has dropped."""
        return self.host.run("ethtool", "-S", "eth0")

    def down(self) -> None:
        """Remove everything, whatever there is of it."""
        for capture in self._captures:
            capture.kill()
        if self._raw is not None:
            self._raw.close()
        if self._echo is not None:
            self._echo.kill()
            self._echo.communicate()
        for one in (self.host, self.peer):
            if Path("/run/netns", one.name).exists():
                kill_in(one.name)
                subprocess.run(["ip", "netns", "del", one.name], capture_output=True, check=False)
