# SPDX-License-Identifier: Apache-2.0
"""The daemon's event loop is kept from its work for no tenth of a second, whatever it is asked."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from dsrlb.cli.client import Client
from dsrlb.errors import ConfigError
from tests import scale
from tests.bench.large import REALS, address_of, network, text_of
from tests.lab.instance import Instance
from tests.waiting import wait_until

MOST_MS = 100
SERVICES = scale.count("lab_loop_services")
VIEWS = ("/reals", "/services", "/macs", "/status", "/stats", "/events", "/config", "/revisions")


class Pulse:
    """What the daemon says of its loop."""

    def __init__(self, instance: Instance, file: Path) -> None:
        self._file = file
        instance.environment["DSRLB_PULSE"] = str(file)

    def beats(self) -> int:
        """How often the loop could have been late."""
        return int(json.loads(self._file.read_text())["beats"]) if self._file.exists() else 0

    def late_ms(self) -> float:
        """The most that it was, up to now."""
        last = self.beats()
        wait_until("the loop goes on", lambda: self.beats() >= last + 100, 30)
        return float(json.loads(self._file.read_text())["late_ms"])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Instance, Pulse]]:
    """A balancer with thousands of real servers, none of which answers its checks."""
    with network(f"loop-{os.getpid()}") as (instance, _):
        pulse = Pulse(instance, tmp_path_factory.mktemp("loop") / "pulse.json")
        instance.start(text_of(0), up=0)
        client = Client(instance.name)
        client.post("/apply", toml=text_of(SERVICES, ""), filename="<test>")
        yield client, instance, pulse


def refused(client: Client, body: bytes) -> int:
    """The status that a body of JSON for /plan is answered with."""
    connection = http.client.HTTPConnection("dsrlb")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(client._path))
    with closing(connection):
        connection.request("POST", "/plan", body, {"Content-Type": "application/json"})
        return connection.getresponse().status


@pytest.mark.alone
def test_not_by_what_is_large(large: tuple[Client, Instance, Pulse], tmp_path: Path) -> None:
    """Bodies of 40 MB, and of the largest configuration; views that are streamed or compare; a way
    back, and a reload."""
    client, instance, pulse = large
    assert refused(client, b'{"toml":"' + b"#" * 40_000_000 + b'"}') == 413
    assert refused(client, b'{"toml":"' + b"\\n" * 20_000_000 + b'"}') == 413
    assert refused(client, b'{"toml":"","x":[' + b"1," * 20_000_000 + b"1]}") == 413
    comments = "# größer\n" * ((15 << 20) // len("# größer\n".encode()))
    assert client.post("/plan", toml=text_of(1) + comments, filename="<test>")["changes"]
    with pytest.raises(ConfigError):
        client.post("/plan", toml=comments + "x", filename="<test>")
    assert list(client.stream("/flows")) == []
    file = tmp_path / "large.toml"
    file.write_text(text_of(SERVICES, "", "round-robin"))
    client.post("/apply", toml=file.read_text(), filename=str(file))
    running = client.get("/revisions")[0]["number"]
    assert client.get("/diff", before=running - 1, after=running, text="true")["text"]
    client.post("/rollback")
    assert client.get("/status")["file_differs"]
    instance.signal(signal.SIGHUP)
    instance.wait_event(f"reload {file}", 60)
    assert not client.get("/status")["file_differs"]
    client.post("/rollback")
    late = pulse.late_ms()
    assert late < MOST_MS, f"the event loop was kept from its work for {late} ms"


@pytest.mark.alone
@pytest.mark.soak
def test_never_late(large: tuple[Client, Instance, Pulse]) -> None:
    """Lists of everything, changes, applies and a mass of news from checks, all at a time."""
    began = time.monotonic()
    client, instance, pulse = large
    with ThreadPoolExecutor(2) as pool:
        applied = pool.submit(
            client.post, "/apply", toml=text_of(SERVICES, "", "round-robin"), filename="<test>"
        )
        planned = pool.submit(client.post, "/plan", toml=text_of(1), filename="<test>")
        for view in VIEWS:
            client.get(view)
        assert applied.result()["changes"]
        assert planned.result()["changes"]
    for weight in (7, 8):
        what = {"verb": "real-set", "service": "s1", "address": address_of(17)}
        client.post("/edit", **what, settings={"weight": weight})
        client.post("/real/state", service="*", address=address_of(17), state="drain")
        client.post("/real/state", service="*", address=address_of(17), state="enabled")

    def all_down() -> bool:
        return instance.count_up() == 0

    wait_until("checks have found everybody down", all_down, 60)
    assert len(client.get("/reals")) == SERVICES * REALS
    client.post("/apply", toml=text_of(1, ""), filename="<test>")
    late = pulse.late_ms()
    seconds = time.monotonic() - began
    scale.record("loop", SERVICES * REALS, SERVICES * REALS, 0, seconds)
    assert late < MOST_MS, f"the event loop was kept from its work for {late} ms"
