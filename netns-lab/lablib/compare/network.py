# SPDX-License-Identifier: Apache-2.0
"""The lab of the comparison: its real servers are those of `lablib.compare.server`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from dsrlb.cli.client import Client
from dsrlb.errors import DsrlbError
from lablib.compare import reals
from lablib.compare.scenarios import DISTANCE, SCENARIOS
from lablib.lab import Lab
from lablib.shell import PYTHON, LabError, wait_until
from lablib.topology import PORTS, Node, Topology

CLIENTS = "10.84.1.0/24"
"""The clients' addresses: local to the client's node, behind which they are for all others."""
_POOL = "10.84.0.200/30"
_LOOSE = ("net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0")


def first_line(process: subprocess.Popen[str]) -> str:
    """What it says first; "" when it ends without a word."""
    assert process.stdout is not None
    line: str = process.stdout.readline()
    return line


class CompareLab(Lab):
    """A lab with real servers of different speed."""

    def __init__(self, topology: Topology) -> None:
        wanted = {name for one in SCENARIOS for name in (one.slow, *one.far) if name}
        missing = sorted(wanted - {node.name for node in topology.role("real")})
        if missing:
            raise LabError(f"{topology.name} has no real server {missing[0]}; take algorithms")
        super().__init__(topology)
        self._servers: dict[str, subprocess.Popen[str]] = {}

    @property
    def weights(self) -> dict[str, int]:
        """The true weights, by real server: links are made by them."""
        return self.topology.shares["web"]

    @property
    def names(self) -> dict[str, str]:
        """Real servers by address."""
        return {str(node.address(4)): node.name for node in self.topology.role("real")}

    def configure(self, algorithm: str, weights: Mapping[str, int]) -> None:
        """Set the algorithm, and the weights of real servers that have another."""
        for name, row in self.rows().items():
            if row["weight"] != weights[name]:
                self.dsrlb("real", "set", "web", row["address"], "--weight", str(weights[name]))
        self.dsrlb("service", "set", "web", f"algorithm={algorithm}")

    def rows(self) -> dict[str, dict[str, Any]]:
        """What `dsrlb reals web --json` says, by real server, without a process for it."""
        try:
            rows = Client(self.topology.instance).get("/reals", service="web")
        except DsrlbError as error:
            raise LabError(error.message) from error
        return {self.names[row["address"]]: row for row in rows}

    def slow_down(self, real: str, factor: float) -> None:
        """Let the workers of a real server take that many times as long from now on."""
        commands = self._servers[real].stdin
        assert commands is not None
        commands.write(f"{factor}\n")
        commands.flush()

    @contextmanager
    def far(self, names: Iterable[str]) -> Iterator[None]:
        """Let these real servers be far away, meanwhile."""
        with ExitStack() as stack:
            for name in names:
                stack.enter_context(self._distant(name))
            yield

    @contextmanager
    def _distant(self, real: str) -> Iterator[None]:
        argv = [PYTHON, "-m", "lablib.compare.distance", str(DISTANCE), _POOL]
        argv.append(self.topology.balancer.mac)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with self.popen(real, argv, text=True, **pipes) as process:
            if first_line(process) != "ready\n":
                raise LabError(f"{real} could not be moved away; its words are above")
            yield

    def popen(self, node: str, argv: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a command on a node; an interrupt from the terminal is not for it."""
        return super().popen(node, argv, **{"start_new_session": True, **options})

    def down(self) -> list[str]:
        """Remove everything of this lab; returns what there was."""
        for server in self._servers.values():
            if server.stdin is not None:
                server.stdin.close()
        self._servers.clear()
        return super().down()

    def _start_reals(self) -> None:
        for node in self.topology.role("real"):
            self.exec(node.name, ["sysctl", "-qw", *_LOOSE])
            self.exec(node.name, reals.shaper(reals.link(self.weights[node.name])))
            self._servers[node.name] = self._start_server(node)
        for node in self.topology.role("real"):
            wait_until(f"{node.name} listens", partial(self._listens, node))
        route = ["ip", "route", "add", "local", CLIENTS, "dev", "lo"]
        self.exec(self.topology.client.name, route)

    def _start_server(self, node: Node) -> subprocess.Popen[str]:
        folder = self.folder / node.name
        folder.mkdir(parents=True, exist_ok=True)
        place = [str(node.address(4)), str(PORTS["web"])]
        argv = [PYTHON, "-m", "lablib.compare.server", *place, str(reals.WORKERS)]
        with (folder / "server.out").open("wb") as out:
            return self.popen(
                node.name, argv, stdin=subprocess.PIPE, stdout=out, stderr=out, text=True
            )

    def _listens(self, node: Node) -> bool:
        return bool(self.exec(node.name, ["ss", "-Hlnt", f"sport = {PORTS['web']}"]).stdout)
