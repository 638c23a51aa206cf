# SPDX-License-Identifier: Apache-2.0
"""The two kinds of change to a host, and reading what is there.

A step is shown as the shell command that does the same, so that a dry run can be pasted.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

from dsrlb.errors import NetError

IPAddress = IPv4Address | IPv6Address

PROC_SYS = Path("/proc/sys")


@dataclass(frozen=True, slots=True)
class Sysctl:
    """Write a kernel setting; ``key`` has slashes, for interface names have dots (eth0.20)."""

    key: str
    value: str

    def shell(self) -> str:
        """The command that does the same."""
        interface = self.key.split("/")[-2]
        key = self.key if "." in interface else self.key.replace("/", ".")
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
        _run(self.arguments)


Step = Sysctl | Command


def _run(arguments: Sequence[str]) -> str:
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise NetError(f"{arguments[0]}: command not found", hint="install iproute2") from error
    if done.returncode:
        words = done.stderr.strip() or f"exit code {done.returncode}"
        raise NetError(f"{shlex.join(arguments)}: {words}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Assigned:
    """An address on an interface."""

    interface: str
    prefix: int


@dataclass(frozen=True, slots=True)
class Host:
    """The interfaces of this network namespace: whether each is up, and the addresses."""

    up: dict[str, bool]
    addresses: dict[IPAddress, tuple[Assigned, ...]]

    @property
    def interfaces(self) -> list[str]:
        """All but the loopback."""
        return [name for name in self.up if name != "lo"]


def read_host() -> Host:
    """Ask `ip` for interfaces and addresses. Raises NetError."""
    up: dict[str, bool] = {}
    addresses: dict[IPAddress, tuple[Assigned, ...]] = {}
    links: list[dict[str, Any]] = json.loads(_run(["ip", "-json", "address", "show"]) or "[]")
    for link in filter(None, links):
        name = link["ifname"]
        up[name] = "UP" in link["flags"]
        for entry in link["addr_info"]:
            if "local" in entry:
                address = ip_address(entry["local"])
                found = Assigned(name, entry["prefixlen"])
                addresses[address] = (*addresses.get(address, ()), found)
    return Host(up, addresses)


def read_sysctl(key: str) -> str | None:
    """A setting's value, or None where this kernel has no such setting."""
    try:
        return (PROC_SYS / key).read_text().strip()
    except OSError:
        return None
