# SPDX-License-Identifier: Apache-2.0
"""A running lab."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from lablib import daemons, network
from lablib.shell import (
    BUILD,
    PYTHON,
    LabError,
    environment,
    inside,
    run,
    wait_until,
)
from lablib.topology import PORTS, Node, Topology


class Lab:
    """The network of one topology; everything in it is found again by name."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.folder = BUILD / "lab" / topology.name
        self._balancer: subprocess.Popen[bytes] | None = None
        self._children: list[subprocess.Popen[Any]] = []

    # --- building and removing -------------------------------------------------------------

    def up(self, *, balancer: bool = True) -> None:
        """Build everything; what an earlier lab left goes first. Nothing stays if this fails."""
        self.down()
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            network.build(self.topology)
            self._start_reals()
            if balancer:
                self.start_balancer()
        except BaseException:
            self.down()
            raise

    def down(self) -> list[str]:
        """Remove everything of this lab; returns what there was."""
        for child in self._children:  # one that has not entered its namespace yet, too
            child.kill()
            child.wait()
        self._children.clear()
        removed = network.remove(self.topology.name)
        instance = self.topology.instance
        pins = Path("/sys/fs/bpf/dsrlb") / instance
        if pins.is_dir():
            for pin in pins.iterdir():
                pin.unlink()
            pins.rmdir()
            with suppress(OSError):  # another instance's pins are there
                pins.parent.rmdir()
            removed.append(str(pins))
        if self._socket.exists():
            self._socket.unlink()
            removed.append(str(self._socket))
        state = Path("/var/lib/dsrlb") / instance
        if state.is_dir():
            shutil.rmtree(state)
            removed.append(str(state))
        for node in self.topology.role("real"):
            var = self.folder / node.name / "var"
            if var.is_dir():
                shutil.rmtree(var)
                removed.append(str(var))
        self._balancer = None
        return removed

    @property
    def _socket(self) -> Path:
        """Where the balancer answers."""
        return Path(f"/run/dsrlb/{self.topology.instance}.sock")

    def is_up(self) -> bool:
        """Are all namespaces there?"""
        wanted = {self.topology.namespace(place) for place in self.topology.places}
        return wanted <= set(network.present(self.topology.name))

    # --- running things --------------------------------------------------------------------

    def environment(self, node: str) -> dict[str, str]:
        """What commands on a node get. A real server is a host of its own: so is its /var."""
        real = any(entry.name == node for entry in self.topology.role("real"))
        return environment(self.folder / node if real else None)

    def exec(
        self, node: str, argv: Sequence[str], *, check: bool = True, seconds: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on a node to its end."""
        namespace = self.topology.namespace(node)
        env = self.environment(node)
        return run(inside(namespace, argv), check=check, seconds=seconds, env=env)

    def popen(self, node: str, argv: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a command on a node."""
        namespace = self.topology.namespace(node)
        env = self.environment(node)
        child = subprocess.Popen(inside(namespace, argv), env=env, **options)
        self._children.append(child)
        return child

    @property
    def program(self) -> list[str]:
        """The product's command, for the lab's instance."""
        return [PYTHON, "-m", "dsrlb", "--instance", self.topology.instance]

    def dsrlb(self, *argv: str, node: str | None = None, check: bool = True) -> str:
        """Run the product's command line, on the balancer if no node is given; returns what it
        printed."""
        node = node or self.topology.balancer.name
        return self.exec(node, [*self.program, *argv], check=check).stdout

    # --- the parts -------------------------------------------------------------------------

    def _start_reals(self) -> None:
        vips = [word for vip in self.topology.vips for word in ("--vip", str(vip))]
        options = [*self._method(), *vips, "--interface", "eth0"]
        web, dns = self.topology.real_port("web"), self.topology.real_port("dns")
        if self.topology.outbound:
            self._serve(self.topology.client, PORTS["web"], PORTS["dns"])
        for node in self.topology.role("real"):
            if not self.topology.translates:
                self.dsrlb("real-server", "setup", *options, node=node.name)
            self._serve(node, web, dns)
        for node in self.topology.role("real"):
            self._wait_ready(node, web, dns)
        if self.topology.outbound:
            self._wait_ready(self.topology.client, PORTS["web"], PORTS["dns"])

    def _serve(self, node: Node, web: int, dns: int) -> None:
        folder = self.folder / node.name
        for argv in (daemons.nginx(node.name, folder, web), daemons.dnsmasq(node.name, dns)):
            self._start(node.name, argv, folder / f"{argv[0]}.out")

    def _wait_ready(self, node: Node, web: int, dns: int) -> None:
        ready = partial(self._ready, node.name, web, dns)
        wait_until(f"nginx and dnsmasq listen on {node.name}", ready)

    def _method(self) -> list[str]:
        """What tells `dsrlb real-server` how packets will come."""
        options = ["--mode", self.topology.mode]
        if self.topology.method is not None:
            options += ["--method", self.topology.method]
        if self.topology.dscp is not None:
            options += ["--dscp", str(self.topology.dscp)]
        return options

    def _start(self, node: str, argv: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a daemon on a node: it goes on when this program ends."""
        with log.open("ab") as out:
            return self.popen(
                node,
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _ready(self, node: str, web: int, dns: int) -> bool:
        listening = self.exec(node, ["ss", "-Hlntu"]).stdout.split("\n")
        places = {(line.split()[0], line.split()[4]) for line in listening if line}
        wanted = {("tcp", f"0.0.0.0:{web}"), ("tcp", f"[::]:{web}"), ("udp", f"0.0.0.0:{dns}")}
        return wanted <= places

    def start_balancer(self, *options: str) -> None:
        """Start `dsrlb run` and wait until every real is up."""
        log = self.folder / "dsrlb.log"
        argv = [*self.program, "run", "-c", str(self.topology.config), *options]
        self._balancer = self._start(self.topology.balancer.name, argv, log)
        wait_until("the balancer serves and every real is up", self._serving, 60)

    def _serving(self) -> bool:
        if self._balancer is not None and self._balancer.poll() is not None:
            words = (self.folder / "dsrlb.log").read_text()[-2000:]
            raise LabError(f"`dsrlb run` ended with {self._balancer.returncode}:\n{words}")
        if not self._socket.exists():  # a command would only keep the balancer from starting
            return False
        answer = self.dsrlb("reals", "--json", check=False)
        if not answer.strip():
            return False
        rows = json.loads(answer)
        return bool(rows) and all(row["state"] == "up" for row in rows)
