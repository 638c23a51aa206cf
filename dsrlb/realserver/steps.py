# SPDX-License-Identifier: Apache-2.0
"""Changes to a host, and reading what is there.

A step is shown as the shell command that does the same, so that a dry run can be pasted.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from dsrlb.errors import NetError

IPAddress = IPv4Address | IPv6Address

PROC_SYS = Path("/proc/sys")
_PACKAGES = {"ip": "iproute2", "nft": "nftables", "unshare": "util-linux"}


class Step(Protocol):
    """One change."""

    def shell(self) -> str:
        """The command that does the same, or a comment where there is none."""

    def run(self) -> None:
        """Do it. Raises NetError."""


@runtime_checkable
class Preparing(Protocol):
    """A step that needs something which may not be had; asked before any change."""

    def prepare(self) -> None:
        """Get it. Raises DsrlbError."""


@dataclass(frozen=True, slots=True)
class Sysctl:
    """Write a kernel setting; ``key`` has slashes, for interface names have dots (eth0.20)."""

    key: str
    value: str

    @property
    def interface(self) -> str:
        """Whose setting it is; "all" is one, too."""
        return self.key.split("/")[-2]

    def shell(self) -> str:
        """The command that does the same."""
        key = self.key if "." in self.interface else self.key.replace("/", ".")
        return shlex.join(["sysctl", "-w", f"{key}={self.value}"])

    def run(self) -> None:
        """Do it. Raises NetError."""
        try:
            (PROC_SYS / self.key).write_text(self.value)
        except OSError as error:
            hint = "run as root" if isinstance(error, PermissionError) else ""
            raise NetError(f"{self.shell()}: {error.strerror}", hint=hint) from error


@dataclass(frozen=True, slots=True)
class Command:
    """Run a command."""

    arguments: tuple[str, ...]

    def shell(self) -> str:
        """The command."""
        return shlex.join(self.arguments)

    def run(self) -> None:
        """Do it. Raises NetError with the command's own words."""
        output(self.arguments)


class NoCommandError(NetError):
    """A program that is needed is not installed."""


def output(arguments: Sequence[str]) -> str:
    """What a command prints. Raises NetError with its words when it fails."""
    name = arguments[0]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        hint = f"install {_PACKAGES.get(name, name)}"
        raise NoCommandError(f"{name}: command not found", hint=hint) from error
    if done.returncode:
        words = done.stderr.strip() or f"exit code {done.returncode}"
        raise NetError(f"{shlex.join(arguments)}: {words}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Assigned:
    """An address on an interface. ``lasting``: seen from everywhere, and no temporary one."""

    interface: str
    prefix: int
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Host:
    """The interfaces of this network namespace: whether each is up, and the addresses.

    ``lower``: for those that stand on another one here, its name (VLANs, but also veths).
    """

    up: dict[str, bool]
    addresses: dict[IPAddress, tuple[Assigned, ...]]
    mtu: dict[str, int] = field(default_factory=dict)
    lower: dict[str, str] = field(default_factory=dict)

    @property
    def interfaces(self) -> list[str]:
        """All but the loopback."""
        return [name for name in self.up if name != "lo"]


def read_host() -> Host:
    """Ask `ip` for interfaces and addresses. Raises NetError."""
    host = Host({}, {})
    links: list[dict[str, Any]] = json.loads(output(["ip", "-json", "address", "show"]) or "[]")
    for link in filter(None, links):
        name = link["ifname"]
        host.up[name] = "UP" in link["flags"]
        host.mtu[name] = link["mtu"]
        if "link" in link:
            host.lower[name] = link["link"]
        for entry in link["addr_info"]:
            if "local" in entry:
                address = ip_address(entry["local"])
                lasting = entry["scope"] == "global" and not entry.get("temporary")
                found = Assigned(name, entry["prefixlen"], lasting)
                host.addresses[address] = (*host.addresses.get(address, ()), found)
    return host


def read_sysctl(key: str) -> str | None:
    """A setting's value, or None where this kernel has no such setting."""
    try:
        return (PROC_SYS / key).read_text().strip()
    except OSError:
        return None
