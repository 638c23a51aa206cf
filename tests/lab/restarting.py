# SPDX-License-Identifier: Apache-2.0
"""A network for every mode and method, with checked services, in which daemons come and go."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.lab.instance import Instance
from tests.lab.plain import PORT, Namespace
from tests.lab.routed import Routed
from tests.lab.shapes import BESIDE, SERIES, Virtual, config
from tests.lab.translated import MODES, UNSERVED, Translated
from tests.waiting import wait_until

DSR = ("l2dsr", "dscp", "ipip", "gue")
EVERY = (*DSR, *MODES)
"""Modes, and for mode l3dsr its methods."""
_CHECKED = 'health = { type = "tcp", interval = "500ms", timeout = "400ms", fall = 2, rise = 2 }'
_UNCHECKED = 'health.type = "none"\n'
_numbers = count(1)


def checked(text: str, port: int) -> str:
    """The configuration with checks of its TCP services on a port."""
    services = text.split("[[service]]\n")
    wanted = [
        one.replace(_UNCHECKED, "").replace('protocol = "tcp"\n', f'protocol = "tcp"\n{_CHECKED}\n')
        if f"\nport = {port}\n" in one and 'protocol = "tcp"' in one
        else one
        for one in services[1:]
    ]
    return "[[service]]\n".join([services[0], *wanted])


def resized(text: str, capacity: int) -> str:
    """The configuration with another balancer.flow_capacity."""
    return re.sub(r"(?m)^flow_capacity = .*$", f"flow_capacity = {capacity}", text)


def _dsr_config(virtual: Virtual, network: Routed) -> str:
    """A TCP service that is served, and one that is not; both checked."""
    text = config([virtual], network.shape.places["lb"])
    served = text.replace(f"port = {[PORT, UNSERVED]}", f"port = {PORT}")
    _, _, service = served.partition(f'[[service]]\nname = "{virtual}-tcp"\n')
    service = service.partition("[[service]]\n")[0]
    closed = f'[[service]]\nname = "closed"\n{service}'.replace(
        f"port = {PORT}\n", f"port = {UNSERVED}\n"
    )
    return checked(checked(served + closed, PORT), UNSERVED)


class Watched:
    """A balancer with a checked service ("served") and another one whose real servers are down."""

    def __init__(self, network: Routed, text: str, served: str, closed: str) -> None:
        self.client: Namespace = network.client
        self.balancer: Instance = network.balancer
        self.text = text
        self.served = served
        self._closed = closed

    def _rows(self, service: str) -> list[dict[str, Any]]:
        rows = self.balancer.get("/reals")
        return [row for row in rows if row["service"] == service]

    def wait_up(self) -> None:
        """Wait until the served service has all its real servers."""

        def up() -> bool:
            rows = self.balancer.get("/services")
            mine = [row for row in rows if row["name"] == self.served]
            return bool(mine) and all(row["reals_up"] == row["reals"] == 2 for row in mine)

        wait_until("all real servers are up", up)

    def wait_checked(self) -> None:
        """Wait until the checks have found who serves and who does not."""

        def found() -> bool:
            up, down = self._rows(self.served), self._rows(self._closed)
            return (
                len(up) == len(down) == 4
                and all(row["state"] == "up" and row["verdict"] == "ok" for row in up)
                and all(row["state"] == "down" and row["verdict"] == "port-closed" for row in down)
            )

        wait_until("the checks have spoken", found, 20)

    def news(self) -> list[str]:
        """What daemons have said of who goes down or comes up."""
        lines = self.balancer.log().splitlines()
        return [line for line in lines if " is down" in line or line.endswith(" is up")]

    def open_flows(self, *, most: bool = False) -> int:
        """Of the family that has fewer; ``most``: of the other one."""
        flows = self.balancer.get("/status")["flows"]
        found = [int(flows[family]["open"]) for family in ("ipv4", "ipv6")]
        return max(found) if most else min(found)


@contextmanager
def watched(method: str, folder: Path, *, checks: bool = True) -> Iterator[Watched]:
    """The network, with its servers running and the balancer not yet started; removed behind it.

    Without ``checks`` the configuration says nothing of them, as one of a release that had none.
    """
    tag = f"{os.getpid()}-{method.replace('-', '')}w{next(_numbers)}"
    network = (
        Routed(tag, folder, BESIDE if method == "l2dsr" else SERIES)
        if method in DSR
        else Translated(tag, folder, method)
    )
    try:
        network.up()
        if isinstance(network, Translated):
            network.start_servers()
            text = checked(checked(network.config(), PORT), UNSERVED)
            made = Watched(network, text, f"tcp-{PORT}", f"tcp-{UNSERVED}")
        else:
            virtual = Virtual(method, 100)
            network.prepare([virtual])
            network.serve([virtual])
            made = Watched(network, _dsr_config(virtual, network), f"{virtual}-tcp", "closed")
        if not checks:
            made.text = made.text.replace(_UNCHECKED, "").replace(f"{_CHECKED}\n", "")
        yield made
    finally:
        network.down()
