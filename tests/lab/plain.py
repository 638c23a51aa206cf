# SPDX-License-Identifier: Apache-2.0
"""A small plain network: a client, reals and balancers on one switch, each a namespace.

Nothing of netns-lab is used: this is what `dsrlb run` finds on an ordinary segment.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from dsrlb.dataplane import bpffs
from dsrlb.dataplane.maps import unpin_all
from tests.waiting import wait_until

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
# Without what is installed: server.py needs none of it, and to look for it takes a Python longest.
SERVER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("server.py")))
DSRLB = (sys.executable, "-m", "dsrlb")
PREFIX = "dsrlb-t"
PORT = 8000
VIPS = ("10.78.0.100", "fd78::100")
MORE_VIPS = ("10.78.0.101", "fd78::101")
HOSTS = {"client": 1, "lb": 2, "lb2": 3, "r1": 11, "r2": 12, "r3": 13, "r4": 14}
REALS = ("r1", "r2")  # the real servers that there are unless more are asked for

# Senders must compute checksums and cut segments themselves: XDP forwards frames as they are.
OFFLOADS_OFF = ("tx", "off", "gso", "off", "tso", "off", "txvlan", "off")
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_SYSCTL = (
    "net.ipv6.conf.all.accept_dad=0",
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv6.conf.all.keep_addr_on_down=1",
    "net.ipv6.conf.default.keep_addr_on_down=1",
    "net.ipv6.conf.all.router_solicitations=0",
    "net.ipv6.conf.default.router_solicitations=0",
)


def addresses(host: str) -> tuple[str, str]:
    """The IPv4 and the IPv6 address of a host of the plain network."""
    return f"10.78.0.{HOSTS[host]}", f"fd78::{HOSTS[host]}"


def run(*arguments: str, given: str | None = None) -> str:
    """Run a command that must succeed; returns what it printed."""
    done = subprocess.run(
        arguments, input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


def _into(namespace: str) -> None:
    """Move the calling thread into a network namespace."""
    descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), namespace)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Namespace:
    """A network namespace by name."""

    name: str

    def enter(self, *arguments: str) -> tuple[str, ...]:
        """The command line that runs a command inside."""
        return ("nsenter", f"--net=/run/netns/{self.name}", *arguments)

    def run(self, *arguments: str) -> str:
        """Run a command inside, which must succeed; returns what it printed."""
        return run(*self.enter(*arguments))

    def forwards(self, does: bool) -> None:
        """Whether it sends on what is for others."""
        keys = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
        self.run("sysctl", "-qw", *(f"{key}={does:d}" for key in keys))

    def batch(self, *lines: str) -> None:
        """Run many `ip` commands inside at once."""
        run("ip", "-n", self.name, "-batch", "-", given="\n".join(lines))

    def thread(self, work: Callable[[], None]) -> threading.Thread:
        """Start a thread inside: the sockets it makes are this namespace's."""

        def enter_and_work() -> None:
            _into(self.name)
            work()

        thread = threading.Thread(target=enter_and_work, name=self.name, daemon=True)
        thread.start()
        return thread

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function inside; returns what it returns, raises what it raises."""
        results: list[T] = []
        errors: list[BaseException] = []

        def work() -> None:
            try:
                results.append(function(*arguments))
            except BaseException as error:  # handed to the caller
                errors.append(error)

        self.thread(work).join()
        if errors:
            raise errors[0]
        return results[0]

    def link(self, name: str = "eth0") -> dict[str, Any]:
        """What `ip link` shows of an interface."""
        (found,) = json.loads(self.run("ip", "-details", "-json", "link", "show", name))
        assert isinstance(found, dict)
        return found

    def mac(self, name: str = "eth0") -> str:
        """The MAC address of an interface."""
        return str(self.link(name)["address"])


def kill_in(namespace: str) -> None:
    """End the processes in a namespace, each by its id."""
    found = subprocess.run(
        ["ip", "netns", "pids", namespace], capture_output=True, text=True, check=False
    )
    own = os.getpid()
    for pid in map(int, found.stdout.split()):
        if pid != own:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _remove_tree(place: Path) -> None:
    """A folder, of which another process may be removing the same; a test of full disks that was
    killed has left something mounted there."""
    while place.is_mount():
        run("umount", str(place))
    while place.exists():
        with suppress(FileNotFoundError):
            shutil.rmtree(place)


def remove_instance(name: str) -> None:
    """Remove everything that an instance keeps on the host."""
    for folder in ("/sys/fs/bpf/dsrlb", "/var/lib/dsrlb"):
        place = Path(folder, name)
        if place.is_dir():
            if folder.startswith("/sys"):
                unpin_all(place)
                bpffs.remove_parent(place)
            else:
                _remove_tree(place)
    Path(f"/run/dsrlb/{name}.sock").unlink(missing_ok=True)


_as_real_server: list[str] = []


def _dry_run(one: Namespace, root: Path) -> str:
    """The commands of `real-server setup`, which takes a Python longer than they take."""
    vips = [text for vip in (*VIPS, *MORE_VIPS) for text in ("--vip", vip)]
    command = (*DSRLB, "real-server", "setup", "--mode", "l2dsr", *vips, "--interface", "eth0")
    return one.run("env", f"DSRLB_ROOT={root}", *command, "--dry-run")


class Plain:
    """The network. ``tag`` makes the names of its namespaces its own; ``reals``: of HOSTS."""

    def __init__(self, tag: str, folder: Path, reals: Sequence[str] = REALS) -> None:
        self.tag = tag
        self.folder = folder
        self.reals = tuple(reals)
        self.switch = Namespace(f"{PREFIX}{tag}-sw")
        hosts = ("client", "lb", "lb2", *self.reals)
        self.hosts = {host: Namespace(f"{PREFIX}{tag}-{host}") for host in hosts}
        self.client, self.lb, self.lb2, self.r1, self.r2, *_ = self.hosts.values()
        self._servers: list[subprocess.Popen[str]] = []

    def up(self) -> None:
        """Build it: namespaces, links, addresses, reals with their servers."""
        everything = (self.switch, *self.hosts.values())
        run("ip", "-batch", "-", given="\n".join(f"netns add {one.name}" for one in everything))
        for one in everything:
            one.run("sysctl", "-qw", *_SYSCTL)
        self.switch.batch(
            "link set lo up",
            "link add br0 type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
            "link set br0 up",
        )
        for host in self.hosts:
            self.plug(host)
        setups = [self._setup(host) for host in self.reals]
        for setup in setups:
            _, errors = setup.communicate(timeout=60)
            assert setup.returncode == 0, errors
        self._servers = [self._serve(host) for host in self.reals]
        for server in self._servers:
            _wait_ready(server)

    def plug(self, host: str, mac: str = "") -> None:
        """Give a host its interface: a veth into the switch, addresses, nothing offloaded."""
        one = self.hosts[host]
        kind = f"{f'address {mac} ' if mac else ''}netns {one.name} type veth"
        end = f"peer name {host} netns {self.switch.name}"
        run("ip", *f"link add eth0 {kind} {end}".split())
        v4, v6 = addresses(host)
        one.run(
            "ethtool", "-K", "eth0", *["tx", "off", "gso", "off", "tso", "off", "txvlan", "off"]
        )
        one.batch(
            "link set lo up",
            f"address add {v4}/24 dev eth0",
            f"address add {v6}/64 dev eth0 nodad",
            "link set eth0 up",
        )
        self.switch.batch(f"link set {host} master br0", f"link set {host} up")

    def wait_forwarding(self, host: str) -> None:
        """Wait until frames pass the host's switch port: the kernel tells a carrier with delay."""

        def forwards() -> bool:
            shown = json.loads(self.switch.run("bridge", "-json", "link", "show", "dev", host))
            up = self.hosts[host].link()["operstate"] == "UP"
            return up and bool(shown) and shown[0]["state"] == "forwarding"

        wait_until(f"{host} is reachable", forwards)

    def unplug(self, host: str) -> None:
        """Take a host's interface away."""
        self.hosts[host].batch("link del eth0")

    def _setup(self, host: str) -> subprocess.Popen[str]:
        """Make a host a real server, by the commands that a dry run tells: the same for all."""
        one = self.hosts[host]
        if not _as_real_server:
            _as_real_server.append(_dry_run(one, self.folder / host))
        return subprocess.Popen(
            one.enter("sh", "-ec", _as_real_server[0]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _serve(self, host: str) -> subprocess.Popen[str]:
        command = (*SERVER, host, str(PORT), *VIPS, *MORE_VIPS)
        return subprocess.Popen(
            self.hosts[host].enter(*command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def stop_server(self, host: str) -> None:
        """End the server of a real server; nobody listens there any more."""
        server = self._servers[self.reals.index(host)]
        server.kill()
        server.communicate()

    def start_server(self, host: str) -> None:
        """Have one again, where it was ended."""
        server = self._servers[self.reals.index(host)] = self._serve(host)
        _wait_ready(server)

    @contextmanager
    def without_server(self, host: str) -> Iterator[None]:
        """Nobody listens on a real server for a while."""
        self.stop_server(host)
        try:
            yield
        finally:
            self.start_server(host)

    def all_serve(self) -> bool:
        """Has every real server its server?"""
        return all(server.poll() is None for server in self._servers)

    def down(self) -> None:
        """Remove everything, whatever there is of it."""
        for server in self._servers:
            server.kill()
            server.communicate()
        for one in (self.switch, *self.hosts.values()):
            if Path("/run/netns", one.name).exists():
                kill_in(one.name)
                subprocess.run(["ip", "netns", "del", one.name], capture_output=True, check=False)


def _wait_ready(server: subprocess.Popen[str]) -> None:
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"


def remove_stale(alive: Callable[[int], bool]) -> None:
    """Remove what test processes that were killed have left."""

    def ended(name: str) -> bool:
        owner = name.split("-")[0]
        return owner.isdigit() and not alive(int(owner))

    for namespace in listed("/run/netns", PREFIX):
        if ended(namespace.removeprefix(PREFIX)):
            kill_in(namespace)
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)
    for folder in ("/sys/fs/bpf/dsrlb", "/var/lib/dsrlb"):
        for prefix in ("t-", "lab-t"):
            for instance in listed(folder, prefix):
                if ended(instance.removeprefix(prefix)):
                    remove_instance(instance)
    bpffs.remove_parent(Path("/sys/fs/bpf/dsrlb/any"))


def listed(folder: str, prefix: str) -> list[str]:
    """Names in a folder that start with ``prefix``."""
    place = Path(folder)
    return [path.name for path in place.glob(f"{prefix}*")] if place.is_dir() else []


def processes_of(words: Iterable[str]) -> list[str]:
    """Command lines of running processes that hold one of the words."""
    wanted = [word.encode() for word in words]
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = place.read_bytes()
            if any(word in line for word in wanted):
                found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found
