# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the daemon at random moments of a change, while clients ask every service.

Two configurations have the same services, give new flows to other real servers (the flows of those
that get none go on) and by another algorithm: who answers tells which of the two a service is at
that moment, and so does its record in the maps.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from dsrlb.cli.client import Client
from dsrlb.control.maps import installed as installed_state
from dsrlb.dataplane import artifact
from dsrlb.dataplane.algorithms import by_number
from dsrlb.dataplane.maps import MapSet
from dsrlb.errors import DsrlbError
from tests import scale
from tests.lab.instance import CACHE, Instance, real
from tests.lab.plain import MORE_VIPS, PORT, VIPS, Namespace, Plain, addresses
from tests.lab.traffic import request, syn_retransmissions
from tests.waiting import wait_until

_SIDES = {"odd": ("r1", "r3"), "even": ("r2", "r4")}
_ALGORITHMS = {"odd": "weighted-round-robin", "even": "maglev"}
_OTHER = {"odd": "even", "even": "odd"}
_CAPACITY = 10_000
_PAUSE = 0.002


def _config(side: str) -> str:
    """A TCP and a UDP service for each VIP, all on one side."""
    text = f'[balancer]\ninterfaces = ["eth0"]\nflow_capacity = {_CAPACITY}\n'
    text += '[[group]]\nname = "all"\n' + "".join(
        real(host, f"weight = {int(host in _SIDES[side])}") for host in ("r1", "r2", "r3", "r4")
    )
    for number, vip in enumerate((*VIPS, *MORE_VIPS)):
        for protocol in ("tcp", "udp"):
            text += f'[[service]]\nname = "{protocol}-{number}"\nvip = "{vip}"\n'
            text += f'protocol = "{protocol}"\nport = {PORT}\nmode = "l2dsr"\ngroup = "all"\n'
            text += f'algorithm = "{_ALGORITHMS[side]}"\n'
            # Ports of clients come again, and a UDP flow stays where it is for a minute.
            text += "one_packet = true\n" if protocol == "udp" else ""
    return text


class Watch:
    """Asks every service all the time, and keeps who answered, in order."""

    def __init__(self, client: Namespace) -> None:
        self._client = client
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], list[str]] = {}
        self.errors: list[str] = []
        self.asked = 0

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask during the block."""
        services = [(vip, name) for vip in (*VIPS, *MORE_VIPS) for name in ("tcp", "udp")]
        self._seen = {service: [] for service in services}
        threads = [
            threading.Thread(target=self._ask, args=service, daemon=True) for service in services
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(10)
                assert not thread.is_alive()

    def _ask(self, vip: str, protocol: str) -> None:
        while not self._stop.wait(_PAUSE):
            try:
                (name,) = request(self._client, vip, protocol)
            except OSError as error:
                with self._lock:
                    self.errors.append(f"{protocol} {vip}: {error}")
                return
            with self._lock:
                self.asked += 1
                self._seen[vip, protocol].append(name)

    def take(self) -> dict[tuple[str, str], list[str]]:
        """Who answered since the last call, with one answer more of each service at least."""
        before = {service: len(names) for service, names in self._seen.items()}
        wait_until(
            "every service answers once more",
            lambda: (
                self.errors
                or all(len(names) > before[key] + 1 for key, names in self._seen.items())
            ),
        )
        assert self.errors == []
        with self._lock:
            taken = {service: names[:] for service, names in self._seen.items()}
            for names in self._seen.values():
                names.clear()
        return taken


def _sides(names: list[str]) -> list[str]:
    """The sides that answered, in order, without repetition."""
    sides = ["odd" if name in _SIDES["odd"] else "even" for name in names]
    return [side for n, side in enumerate(sides) if n == 0 or side != sides[n - 1]]


def _in_the_maps(pins: Path) -> dict[str, str]:
    """Which side each service is by its record; fails for one that is neither."""
    built = artifact.build(cache=CACHE)
    found = {}
    with closing(MapSet(built, pins, _CAPACITY)) as maps:
        for identity, service in installed_state.read(maps).services.items():
            content = service.content
            shares = zip(content.schedule, content.weights, strict=True)
            hosts = {str(one.address) for one, weight in shares if weight}
            is_now = (hosts, by_number()[content.algorithm].name)
            family = 0 if identity.family == 4 else 1
            sides = [
                side
                for side in _SIDES
                if is_now == ({addresses(host)[family] for host in _SIDES[side]}, _ALGORITHMS[side])
            ]
            assert sides, f"{identity} is a mixture: {is_now}"
            found[identity.name] = sides[0]
    return found


def _apply(name: str, text: str) -> None:
    """The daemon may die meanwhile."""
    with suppress(DsrlbError):
        Client(name).post("/apply", toml=text, filename="<test>")


def _history(balancer: Instance) -> list[dict[str, Any]]:
    """Newest first."""
    rows: list[dict[str, Any]] = json.loads(balancer.done("history", "--json"))
    return rows


def _side_of(balancer: Instance, number: int) -> str:
    text = balancer.done("config", "show", str(number))
    return "odd" if _ALGORITHMS["odd"] in text else "even"


def _apply_seconds(balancer: Instance) -> float:
    """How long a change takes, there and back again."""
    began = time.monotonic()
    for side in ("even", "odd"):
        Client(balancer.name).post("/apply", toml=_config(side), filename="<test>")
    return (time.monotonic() - began) / 2


@pytest.mark.soak
@pytest.mark.reals("r1", "r2", "r3", "r4")
def test_killed_at_random_moments(plain: Plain, balancer: Instance) -> None:
    """Each service is one or the other at every moment and changes once at most, nobody loses a
    request, and the log says what the maps hold."""
    rounds, chance = scale.count("lab_kills"), random.Random(20240501)
    balancer.start(_config("odd"), up=16)
    watch, began = Watch(plain.client), time.monotonic()
    longest = 1.2 * _apply_seconds(balancer)
    repeated = syn_retransmissions(plain.client)
    now = "odd"
    seen: set[str] = set()
    with watch.asking():
        watch.take()
        for count in range(4 * rounds):
            if count >= rounds and "pending" in seen:
                break
            newest = _history(balancer)[0]["number"]
            change = threading.Thread(
                target=_apply, args=(balancer.name, _config(_OTHER[now])), daemon=True
            )
            change.start()
            pause = threading.Event()
            pause.wait(chance.uniform(0, longest))
            balancer.kill()
            change.join(10)
            now = _check_after_the_kill(balancer, now, newest, seen)
            for service, names in watch.take().items():
                assert len(_sides(names)) <= 2, f"round {count}, {service}: {_sides(names)}"
            balancer.start(up=16)
            for service, names in watch.take().items():
                assert len(_sides(names)) <= 2, f"round {count}, {service}: {_sides(names)}"
                assert _sides(names)[-1] == now
            rows = _history(balancer)
            assert {row["result"] for row in rows} == {"applied"}
            assert _side_of(balancer, rows[0]["number"]) == now
            assert set(_in_the_maps(balancer.pins).values()) == {now}
    lost = syn_retransmissions(plain.client) - repeated
    scale.record(
        "kill -9 during apply", rounds, rounds, lost + len(watch.errors), time.monotonic() - began
    )
    assert (watch.errors, lost) == ([], 0)
    assert "pending" in seen, f"no kill came in the middle of a change: {seen}"


def _check_after_the_kill(balancer: Instance, was: str, newest: int, seen: set[str]) -> str:
    """The log against the maps, with nobody there to repair them; returns the side to come."""
    row, sides = _history(balancer)[0], _in_the_maps(balancer.pins)
    if row["number"] == newest:
        seen.add("old")
        assert set(sides.values()) == {was}
        return was
    seen.add(row["result"])
    if row["result"] == "applied":
        assert set(sides.values()) == {_OTHER[was]}
    else:
        assert row["result"] == "pending"
    return _OTHER[was]
