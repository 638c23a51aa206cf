# SPDX-License-Identifier: Apache-2.0
"""A real server and a client beside it on one segment, for `dsrlb real-server`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.lab.plain import SERVER
from tests.waiting import wait_until

DSRLB = str(Path(sys.executable).with_name("dsrlb"))
CACHE = os.environ.get("DSRLB_CACHE_DIR") or "/var/cache/dsrlb"
PORT = 8000
VIP4, VIP6 = "10.77.0.100", "fd77::100"
OTHER4, OTHER6 = "10.77.0.101", "fd77::101"
CLIENT4, CLIENT6 = "10.77.0.1", "fd77::1"
REAL4, REAL6 = "10.77.0.2", "fd77::2"
BOTH = ("--vip", VIP4, "--vip", VIP6)
# Addresses are there at once, and who does not answer is soon known.
_SYSCTL = (
    "net.ipv6.conf.all.accept_dad=0",
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv6.conf.eth0.accept_dad=0",
    "net.ipv4.neigh.eth0.retrans_time_ms=100",
    "net.ipv6.neigh.eth0.retrans_time_ms=100",
)


def run(*arguments: str) -> str:
    """Run a command that must succeed; returns what it printed."""
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Namespace:
    """A network namespace by name, and where dsrlb keeps its state when run in it."""

    name: str
    root: Path

    def enter(self, *arguments: str) -> tuple[str, ...]:
        return ("nsenter", f"--net=/run/netns/{self.name}", *arguments)

    def run(self, *arguments: str) -> str:
        return run(*self.enter(*arguments))

    def python(self, program: str, *arguments: str) -> str:
        return self.run(sys.executable, "-c", program, *arguments)

    def dsrlb(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `dsrlb real-server`; ``more`` is of the environment."""
        command = self.enter(DSRLB, "real-server", *arguments)
        own = {"DSRLB_ROOT": str(self.root), "DSRLB_CACHE_DIR": CACHE}
        environment = {**os.environ, **own, **more}
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, env=environment, check=False
        )

    def done(self, *arguments: str) -> str:
        """Run `dsrlb real-server`, which must succeed; returns what it printed."""
        result = self.dsrlb(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def settings(self) -> str:
        """Everything that setup may touch, and the rest of /proc/sys/net, byte for byte."""
        address = self.run("ip", "address") + self.run("nft", "list", "ruleset")
        sysctl = self.run("sysctl", "-a", "--pattern", r"^net\.ipv[46]\.conf\.")
        # stable_secret cannot be read before it is written; lifetimes of ours are all "forever".
        return address + "".join(sorted(sysctl.splitlines(keepends=True)))

    def link(self, name: str = "eth0") -> dict[str, Any]:
        """What `ip link` shows of an interface."""
        (found,) = json.loads(self.run("ip", "-json", "link", "show", name))
        assert isinstance(found, dict)
        return found

    def lacking(self, *arguments: str) -> list[str]:
        """Names of what `real-server check` finds missing."""
        found = self.dsrlb("check", *arguments, "--json")
        assert found.stdout, found.stderr
        names = [piece["name"] for piece in json.loads(found.stdout) if not piece["ok"]]
        assert found.returncode == bool(names)
        return names


@contextmanager
def segment_in(folder: Path) -> Iterator[tuple[Namespace, Namespace]]:
    """A client and a real server, joined by a veth pair. The loopbacks are up."""
    client = Namespace(f"dsrlb-rs-client-{os.getpid()}", folder / "client")
    real = Namespace(f"dsrlb-rs-real-{os.getpid()}", folder / "real")
    both = (client, real)
    try:
        for one in both:
            run("ip", "netns", "add", one.name)
        pair = ("link", "add", "eth0", "netns", client.name, "type", "veth")
        run("ip", *pair, "peer", "name", "eth0", "netns", real.name)
        for number, one in enumerate(both, start=1):
            one.run("sysctl", "-qw", *_SYSCTL)
            one.run("ip", "address", "add", f"10.77.0.{number}/24", "dev", "eth0")
            one.run("ip", "address", "add", f"fd77::{number}/64", "dev", "eth0", "nodad")
            for link in ("lo", "eth0"):
                one.run("ip", "link", "set", link, "up")
        for one in both:
            wait_until("addresses ready", partial(_settled, one))
        yield both
    finally:
        for one in both:
            subprocess.run(["ip", "netns", "del", one.name], capture_output=True, check=False)


@contextmanager
def serving(real: Namespace) -> Iterator[None]:
    """TCP and UDP services on both VIPs of a real server, as server.py has them."""
    command = real.enter(*SERVER, "real", str(PORT), VIP4, VIP6)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield
        finally:
            server.kill()


def _settled(one: Namespace) -> bool:
    """No address is tentative any more, link-local ones included."""
    shown = one.run("ip", "-6", "address", "show", "dev", "eth0")
    return "fe80::" in shown and "tentative" not in shown
