# SPDX-License-Identifier: Apache-2.0
"""A plain network, and a balancer that runs in it, for all tests that need no start of their own.

A test with the mark `lasting` gets these, and begins with `balancer.serve(TEXT)`. It puts back what
it changes of the network; where it does not, or fails, the next one gets others.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.lab.instance import Instance
from tests.lab.plain import Namespace, Plain


class Lasting:
    """``tag``: the names of everything begin with it."""

    def __init__(self, tag: str, folder: Path) -> None:
        self._tag = tag
        self._folder = folder
        self._number = 0
        self._network: Plain | None = None
        self._balancer: Instance | None = None
        self._before: list[Any] = []

    def network(self) -> Plain:
        """The network, built where there is none."""
        if self._network is None:
            self._number += 1
            folder = self._folder / str(self._number)
            folder.mkdir()
            self._network = Plain(f"{self._tag}{self._number}", folder)
            self._network.up()
            self._before = _found(self._network)
        return self._network

    def balancer(self) -> Instance:
        """The balancer, which runs unless it is the network's first test."""
        if self._balancer is None:
            network = self.network()
            self._balancer = Instance(f"t-{network.tag}", network.lb, network.folder)
        return self._balancer

    def is_as_it_was(self) -> bool:
        """Does the balancer run, and has everybody the addresses and the server that it had?"""
        made, runs = self._network, self._balancer is not None and self._balancer.runs
        return made is not None and runs and made.all_serve() and _found(made) == self._before

    def remove(self) -> None:
        """Remove both, whatever there is of them."""
        if self._balancer is not None:
            self._balancer.remove()
        if self._network is not None:
            self._network.down()
        self._network = self._balancer = None


def _found(network: Plain) -> list[Any]:
    """Interfaces that are up, with their addresses, but for those that the kernel makes."""
    return [(host, _addresses(one)) for host, one in network.hosts.items()]


def _addresses(one: Namespace) -> list[Any]:
    return [
        (
            link["ifname"],
            link["address"],
            "UP" in link["flags"],
            sorted(at["local"] for at in link["addr_info"] if at["scope"] != "link"),
        )
        for link in json.loads(one.run("ip", "-json", "address", "show"))
        if link["ifname"] in ("lo", "eth0")
    ]
