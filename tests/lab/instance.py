# SPDX-License-Identifier: Apache-2.0
"""A dsrlb balancer as its user runs it: the command in a namespace, its files, its answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dsrlb.cli.client import Client
from dsrlb.paths import for_instance
from tests.lab.plain import DSRLB, PORT, ROOT, VIPS, Namespace, addresses, remove_instance
from tests.waiting import wait_until

CACHE = ROOT / "build/cache"


def real(host: str, more: str = "") -> str:
    """The table of a real in both families."""
    v4, v6 = addresses(host)
    return f'[[group.real]]\naddress = ["{v4}", "{v6}"]\n{more}\n'


def config(
    reals: Sequence[str] = (real("r1"), real("r2")),
    vips: Sequence[str] = VIPS,
    balancer: str = "",
    health: str = 'health.type = "none"',
) -> str:
    """A configuration with one TCP and one UDP service over the reals."""
    text = f'[balancer]\ninterfaces = ["eth0"]\nflow_capacity = 10000\n{balancer}\n'
    text += f'[[group]]\nname = "both"\n{health}\n' + "".join(reals)
    for name, protocol in (("web", "tcp"), ("dns", "udp")):
        text += (
            f'[[service]]\nname = "{name}"\nvip = {json.dumps(list(vips))}\n'
            f'protocol = "{protocol}"\nport = {PORT}\nmode = "l2dsr"\ngroup = "both"\n'
        )
    return text


class Instance:
    """One `dsrlb --instance NAME` in a namespace."""

    def __init__(self, name: str, namespace: Namespace, folder: Path) -> None:
        self.name = name
        self.namespace = namespace
        self.pins = Path("/sys/fs/bpf/dsrlb", name)
        self.state = Path("/var/lib/dsrlb", name)
        self.file = folder / f"{name}.toml"
        self.cache = CACHE
        self.environment: dict[str, str] = {}
        self.release = ROOT
        """The folder of the release whose commands are run."""
        self._log = folder / f"{name}.log"
        self._client = Client(name)
        self._process: subprocess.Popen[bytes] | None = None
        self._since = 0

    def command(self, *arguments: str, through: Sequence[str] = ()) -> tuple[str, ...]:
        """The command line of a dsrlb command; ``through``: how to enter the namespace."""
        line = (*DSRLB, "--instance", self.name, *arguments)
        return (*through, *line) if through else self.namespace.enter(*line)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "DSRLB_CACHE_DIR": str(self.cache), **self.environment}

    def dsrlb(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; ``given``: its standard input."""
        return subprocess.run(
            self.command(*arguments),
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            env=self._environment(),
            cwd=self.release,
            check=False,
        )

    def popen(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command; the caller waits for its end."""
        return subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment(),
            cwd=self.release,
        )

    def signal(self, number: int) -> None:
        """Send the daemon a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def done(self, *arguments: str) -> str:
        """Run a command that must succeed; returns what it printed."""
        result = self.dsrlb(*arguments)
        assert result.returncode == 0, f"{arguments}: {result.stdout}{result.stderr}"
        return result.stdout

    def write(self, text: str) -> str:
        """Write the configuration file; returns its name."""
        self.file.write_text(text)
        return str(self.file)

    @property
    def pid(self) -> int:
        """The daemon's process id (as it says: `nsenter` and `ip netns exec` become it)."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Does the daemon run?"""
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        """What the daemon has written."""
        return self._log.read_text() if self._log.exists() else ""

    def told(self) -> str:
        """What became of packets, and the end of the log: why something else failed."""
        rows = self.get("/stats")
        reasons = {(row["interface"], k): v for row in rows for k, v in row["reasons"].items() if v}
        return f"{reasons}\n{self.log()[-4000:]}"

    def start(
        self, text: str | None = None, *options: str, through: Sequence[str] = (), up: int = 8
    ) -> None:
        """`run`, with a configuration file if there is a text, until it answers.

        ``up``: how many reals must get flows at least, as count_up() counts.
        """
        assert self._process is None
        self._since = 0
        given = ("-c", self.write(text)) if text is not None else ()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command("run", *given, *options, through=through),
                stderr=log,
                env=self._environment(),
                cwd=self.release,
            )
        wait_until(f"{self.name} answers", self._answers, 60)
        wait_until(f"{up} reals are up", lambda: self.count_up() >= up, 5)

    def serve(self, text: str, up: int = 8) -> None:
        """Start it, or give one that runs a configuration as if it began with that: nothing is left
        of flows and of what services counted, and events are those from here on."""
        if self._process is None:
            self.start(text, up=up)
            return
        filename = self.write(text)
        self._client.post("/apply", toml=text.partition("[[group]]")[0], filename=filename)
        self._client.post("/flows/drop", all=True)
        self._since = self.get("/events")[-1]["id"]
        self._client.post("/apply", toml=text, filename=filename)
        wait_until(f"{up} reals are up", lambda: self.count_up() >= up, 5)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"dsrlb ended:\n{self.log()}"
        return self._listens() and bool(self.get("/status")["pid"] == self._process.pid)

    def _listens(self) -> bool:
        """Without the client: where nobody does, it looks on every interface to say what runs."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(for_instance(self.name).socket)) == 0

    def count_up(self) -> int:
        """How many reals get flows, summed over the rows of `services`."""
        return sum(int(row["reals_up"]) for row in self.get("/services"))

    def get(self, path: str) -> Any:
        """Ask the daemon over its socket."""
        return self._client.get(path)

    def events(self) -> list[str]:
        """The messages of the events."""
        return [event["message"] for event in self.get(f"/events?since={self._since}")]

    def wait_event(self, text: str, seconds: float = 10.0) -> None:
        """Wait for an event whose message holds ``text``."""
        wait_until(f"event {text!r}", lambda: any(text in e for e in self.events()), seconds)

    def new_flows(self, service: str) -> int:
        """Flows that were scheduled for a service, in both families."""
        rows = self.get("/services")
        return sum(int(row["new"]) for row in rows if row["name"] == service)

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Wait for the daemon's end; returns its exit code."""
        assert self._process is not None
        code = self._process.wait(20)
        self._process = None
        return code

    def remove(self) -> None:
        """End the daemon and remove what it left."""
        if self._process is not None:
            self.kill()
        remove_instance(self.name)
