# SPDX-License-Identifier: Apache-2.0
"""What operators have said of single real servers: drained, disabled. It outlives the daemon and
is no part of the configuration, so that a file that is applied does not undo it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from dsrlb.config import Config, Service
from dsrlb.config.values import IPAddress
from dsrlb.control.desired.contents import RealId
from dsrlb.control.health.condition import State
from dsrlb.control.planflows import Standing, unknown
from dsrlb.control.state import write_atomically
from dsrlb.errors import StateError
from dsrlb.observe.events import EventLog, now_text

AdminState = Literal["drain", "disabled"]
_STATES = ("drain", "disabled")
_Key = tuple[str, str]  # service, address


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody said, and when (ISO time)."""

    state: AdminState
    who: str
    since: str


class AdminStates:
    """Of one instance, kept in a file."""

    def __init__(self, path: Path, events: EventLog) -> None:
        """A file that cannot be read is put aside, and told of: nobody is drained then."""
        self._path = path
        self._events = events
        self._moved: set[str] = set()
        try:
            self._orders = _read(path)
        except StateError as error:
            aside = path.with_suffix(".unreadable")
            path.replace(aside)
            message = f"{error.message}; it is {aside} now, and nobody is drained or disabled"
            events.add("admin", message, "error")
            self._orders = {}

    def take_moved(self) -> set[str]:
        """The services, by name, of whose real servers something else was said since the last
        call."""
        moved, self._moved = self._moved, set()
        return moved

    def of(self, real: RealId) -> Order | None:
        """What was said of a real server; None: nothing."""
        if not self._orders:
            return None
        return self._orders.get((real.service.name, str(real.address)))

    def give(
        self, state: AdminState | None, who: str, reals: Iterable[tuple[str, Iterable[str]]]
    ) -> None:
        """Say it of real servers, each a service and its addresses; None takes back what was said.
        What was said already keeps its time. Raises StateError; nothing is changed then."""
        orders = dict(self._orders)
        for service, addresses in reals:
            for address in addresses:
                present = orders.pop((service, address), None)
                if state is not None:
                    same = present is not None and present.state == state
                    fresh = Order(state, who, now_text())
                    orders[service, address] = present if same and present else fresh
        self._keep(orders)

    def forget_others(self, config: Config) -> None:
        """Of real servers that the configuration has no more. It is in force, also where that
        cannot be written."""
        if not self._orders:
            return
        services = {name for name, _ in self._orders}
        known = {
            (service.name, str(address))
            for service in config.service
            if service.name in services
            for real in config.reals_of(service)
            for address in real.address
        }
        try:
            self._keep({key: order for key, order in self._orders.items() if key in known})
        except StateError as error:
            self._events.add("admin", error.message, "error")

    def _keep(self, orders: dict[_Key, Order]) -> None:
        if orders == self._orders:
            return
        rows = [
            {"service": service, "address": address, **asdict(order)}
            for (service, address), order in orders.items()
        ]
        write_atomically(self._path, json.dumps(rows, indent=1))
        before, self._orders = self._orders, orders
        both = before.keys() | orders.keys()
        self._moved.update(key[0] for key in both if before.get(key) != orders.get(key))


def saved(path: Path) -> Standing:
    """For plans without a daemon, which knows more."""
    try:
        orders = _read(path)
    except StateError:
        return unknown

    def standing(service: Service, address: IPAddress) -> State | None:
        order = orders.get((service.name, str(address)))
        return None if order is None else order.state

    return standing


def _read(path: Path) -> dict[_Key, Order]:
    try:
        rows = json.loads(path.read_bytes())
        return {(row["service"], row["address"]): _order(row) for row in rows}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, LookupError, TypeError) as error:
        raise StateError(f"{path} is damaged ({error})") from error


def _order(row: dict[str, str]) -> Order:
    if row["state"] not in _STATES:
        raise ValueError(f"state {row['state']!r}")
    return Order("drain" if row["state"] == "drain" else "disabled", row["who"], row["since"])
