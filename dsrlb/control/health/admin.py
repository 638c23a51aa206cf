# SPDX-License-Identifier: Apache-2.0
"""What operators have said of single real servers: drained, disabled. It outlives the daemon and
is no part of the configuration, so that a file that is applied does not undo it.

What was said of a real server that is removed is kept for who goes back to a revision before that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from dsrlb.config import Config, Group, Service
from dsrlb.config.memo import ByIdentity
from dsrlb.config.values import IPAddress
from dsrlb.control import smallfiles
from dsrlb.control.desired.contents import RealId
from dsrlb.control.health.condition import State
from dsrlb.control.planflows import Standing, unknown
from dsrlb.control.reserve import Reserve
from dsrlb.errors import StateError
from dsrlb.observe.events import EventLog, now_text

AdminState = Literal["drain", "disabled"]
KIND = "health"
"""Of events about real servers."""
_STATES = ("drain", "disabled")
_TOLD = {"drain": "drained", "disabled": "disabled"}
_Key = tuple[str, str]  # service, address
_Past = tuple[str, str, int]  # and the revision that came when the real server was removed


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody said, and when (ISO time)."""

    state: AdminState
    who: str
    since: str


class AdminStates:
    """Of one instance, kept in a file."""

    def __init__(self, path: Path, events: EventLog, reserve: Reserve | None = None) -> None:
        """A file that cannot be read is put aside, and told of: nobody is drained then.
        ``reserve``: room for what a change makes of orders, if there is no other."""
        self._path = path
        self._events = events
        self._reserve = reserve
        self._unsaved = False
        self._moved: set[str] = set()

        def tell(message: str) -> None:
            events.add("admin", message, "error")

        without = "nobody is drained or disabled"
        self._orders, self._past = smallfiles.read(path, _parsed, without, tell) or ({}, {})

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
        self._keep(orders, self._past)

    def follow(self, config: Config, span: Callable[[], tuple[int, int] | None]) -> None:
        """``config`` runs, or ran when an earlier daemon was killed. What was said of real servers
        that it has no more is kept as long as one can go back to where they were. ``span``: the
        oldest and the latest revision; None: nobody knows."""
        if not self._orders and not self._past:
            return
        known = _present(config, self._orders)
        gone = {key: order for key, order in self._orders.items() if key not in known}
        there = {key: order for key, order in self._orders.items() if key in known}
        past = {
            key: order for key, order in self._past.items() if there.get(key[:2]) != order
        }  # what was taken up again is kept anew when they go once more
        numbers = span() if gone or past else None
        if numbers is not None:
            first, last = numbers
            kept = {(*key[:2], order) for key, order in past.items()}
            past |= {(*k, last): one for k, one in gone.items() if (*k, one) not in kept}
            past = {key: order for key, order in past.items() if first < key[2] <= last}
        self._follow(there, past)
        back = "; a rollback brings it back" if numbers is not None else ""
        for (service, address), order in gone.items():
            told = f"{service}: {address} was {_TOLD[order.state]}, which goes with it"
            self._events.add(KIND, f"{told}{back}")

    @contextmanager
    def recalled(self, before: Config | None, config: Config, to: int | None) -> Iterator[None]:
        """Around a change from ``before`` to ``config``. Where that goes back to the revision
        ``to``, real servers that come back are as they were when they were removed behind it."""
        orders = self._recalled(before, config, to) if to is not None and self._past else {}
        if not orders:
            yield
            return
        self._follow(self._orders | orders, self._past)
        try:
            yield
        except BaseException:  # whatever it was: they did not come back
            there = {key: one for key, one in self._orders.items() if key not in orders}
            self._follow(there, self._past)
            raise
        for (service, address), order in orders.items():
            told = f"{service}: {address} is {_TOLD[order.state]} again"
            self._events.add(KIND, f"{told} (by {order.who}, since {order.since})")

    def _recalled(self, before: Config | None, config: Config, to: int) -> dict[_Key, Order]:
        names = {key[:2] for key in self._past}
        back = _present(config, names) - (_present(before, names) if before is not None else set())
        found: dict[_Key, Order] = {}
        for key in sorted(self._past, key=lambda key: key[2], reverse=True):
            if key[2] > to and key[:2] in back and key[:2] not in self._orders:
                found[key[:2]] = self._past[key]  # of several removals the first behind it counts
        return found

    def _follow(self, orders: dict[_Key, Order], past: dict[_Past, Order]) -> None:
        """As _keep(), where the change goes on whether that can be written or not: it holds, and
        is written with a later change."""
        try:
            self._keep(orders, past)
            return
        except StateError as error:
            trouble = error.message
        try:
            if self._reserve is not None and self._reserve.spend():
                self._keep(orders, past)
                return
        except StateError as error:
            trouble = error.message
        told = "what is said of real servers holds until the daemon ends"
        self._events.add("admin", f"{trouble}; {told}", "error")
        self._unsaved = True
        self._hold(orders, past)

    def _keep(self, orders: dict[_Key, Order], past: dict[_Past, Order]) -> None:
        if (orders, past) == (self._orders, self._past) and not self._unsaved:
            return
        rows: list[dict[str, Any]] = [
            {"service": service, "address": address, **asdict(order)}
            for (service, address), order in orders.items()
        ]
        rows += [
            {"service": service, "address": address, "removed": number, **asdict(order)}
            for (service, address, number), order in past.items()
        ]
        try:
            smallfiles.write_atomically(self._path, json.dumps(rows, indent=1))
        except StateError as error:
            raise StateError(error.message, "nothing was changed; see to the disk") from error
        self._unsaved = False
        self._hold(orders, past)

    def _hold(self, orders: dict[_Key, Order], past: dict[_Past, Order]) -> None:
        before, self._orders, self._past = self._orders, orders, past
        both = before.keys() | orders.keys()
        self._moved.update(key[0] for key in both if before.get(key) != orders.get(key))


_addresses = ByIdentity[Group | Service, frozenset[str]](
    lambda element: frozenset(str(address) for real in element.real for address in real.address)
)


def _present(config: Config, among: Iterable[_Key]) -> set[_Key]:
    """Those of them that are real servers of the configuration."""
    groups = {group.name: group for group in config.group}
    services = {service.name: service for service in config.service}

    def there(key: _Key) -> bool:
        service = services.get(key[0])
        if service is None:
            return False
        return key[1] in _addresses(service if service.group is None else groups[service.group])

    return set(filter(there, among))


def saved(path: Path) -> Standing:
    """For plans without a daemon, which knows more."""
    try:
        orders, _ = _parsed(path.read_bytes())
    except (OSError, *smallfiles.DAMAGE):
        return unknown

    def standing(service: Service, address: IPAddress) -> State | None:
        order = orders.get((service.name, str(address)))
        return None if order is None else order.state

    return standing


def _parsed(raw: bytes) -> tuple[dict[_Key, Order], dict[_Past, Order]]:
    """Raises one of smallfiles.DAMAGE."""
    orders: dict[_Key, Order] = {}
    past: dict[_Past, Order] = {}
    for row in smallfiles.rows(raw):
        key = smallfiles.text(row["service"]), smallfiles.text(row["address"])
        if "removed" in row:
            past[*key, smallfiles.number(row["removed"])] = _order(row)
        else:
            orders[key] = _order(row)
    return orders, past


def _order(row: dict[str, Any]) -> Order:
    if row["state"] not in _STATES:
        raise ValueError(f"state {row['state']!r}")
    who, since = smallfiles.text(row["who"]), smallfiles.text(row["since"])
    return Order("drain" if row["state"] == "drain" else "disabled", who, since)
