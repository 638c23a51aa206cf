# SPDX-License-Identifier: Apache-2.0
"""The way back from a change, asked for or by itself; and the words that changes are kept by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dsrlb.config.secrets import HIDDEN, secret
from dsrlb.config.source import read
from dsrlb.control.revisions.authors import Author, itself
from dsrlb.control.revisions.beginning import label, reverting
from dsrlb.control.revisions.change import Change
from dsrlb.control.revisions.confirm import expired
from dsrlb.control.revisions.log import KIND
from dsrlb.errors import ConfigError
from dsrlb.printable import printable

if TYPE_CHECKING:
    from dsrlb.control.balancer import Balancer
    from dsrlb.control.views import AppliedView


def go_back(
    balancer: Balancer,
    number: int | None,
    author: Author,
    what: str = "",
    adopt_vip: bool = False,
    confirm_within: int | None = None,
) -> AppliedView:
    """Apply a revision again, or (None) the way back of what runs, as a new revision.
    ``adopt_vip``: VIPs that are this host's addresses leave its interfaces.

    Raises UnknownRevision, ConfigError when it is not valid (any more), and other DsrlbErrors;
    what runs goes on then.
    """
    target = balancer.log.target(number)
    name = label(target.number)
    change = Change(
        author,
        what or f"rollback to {target.number}",
        adopt_vip,
        confirm_within=confirm_within,
        to=target,
        ends_waiting=True,
    )
    with runs_here(target.number):
        config, origin = read(balancer.log.text(target.number), name)
        return balancer.accept(config, origin, change)


@contextmanager
def runs_here(number: int) -> Iterator[None]:
    """Have refusals of a revision's configuration name it."""
    try:
        yield
    except ConfigError as error:
        hint = f"revision {number} cannot run here now; `dsrlb history` lists others"
        raise ConfigError(error.problems, error.hint or hint) from error


def revert_expired(balancer: Balancer) -> None:
    """Go back from what nobody confirmed in time; nothing when that is not so (any more).

    Raises DsrlbError when the way back is refused; what runs goes on then, and waits.
    """
    waiting = balancer.log.waiting
    if waiting is None or balancer.detached or not expired(waiting):
        return
    target = balancer.log.target(None)
    told = reverting(waiting, target)
    go_back(balancer, target.number, itself(), told)
    balancer.events.add(KIND, told, "warning")


def words(change: Mapping[str, Any]) -> str:
    """An edit as its command has it: real set web 10.0.0.11 weight=0. Values that may be secret are
    left out: it is kept, and told to everybody."""
    parts = [*str(change["verb"]).split("-"), change["service"]]
    if change.get("address"):
        parts.append(change["address"])
    table = "service" if str(change["verb"]).startswith("service-") else "service.real"
    for key, value in change.get("settings", {}).items():
        parts.append(f"{key}={HIDDEN if secret(f'{table}.{key}') else value}")
    return printable(" ".join(map(str, parts)))
