# SPDX-License-Identifier: Apache-2.0
"""The way back from a change, asked for or by itself; and the words that changes are kept by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dsrlb.config import Config
from dsrlb.config.secrets import HIDDEN, secret
from dsrlb.config.sharing import sharing
from dsrlb.config.source import Origin, read, toml_text
from dsrlb.control.asking import Wanted
from dsrlb.control.revisions.authors import itself
from dsrlb.control.revisions.beginning import label, reverting
from dsrlb.control.revisions.change import Change
from dsrlb.control.revisions.confirm import expired
from dsrlb.control.revisions.kept import Kept
from dsrlb.control.revisions.log import KIND
from dsrlb.control.revisions.store import Revision
from dsrlb.errors import ConfigError
from dsrlb.printable import printable

if TYPE_CHECKING:
    from dsrlb.control.balancer import Balancer
    from dsrlb.control.views import AppliedView, PreparedView


def go_back(
    balancer: Balancer, number: int | None, wanted: Wanted, kept: Kept | None = None, what: str = ""
) -> AppliedView:
    """Apply a revision again, or (None) the way back of what runs, as a new revision. ``kept``: it
    may have been read before.

    Raises UnknownRevision, ConfigError when it is not valid (any more), and other DsrlbErrors;
    what runs goes on then.
    """
    target = balancer.log.target(number)
    change = _change(target, wanted, what)
    with runs_here(target.number):
        given = kept.take(_key(target)) if kept is not None else None
        return balancer.accept(*(given or _read(balancer, target)), change)


def prepare_back(
    balancer: Balancer, number: int | None, wanted: Wanted, kept: Kept
) -> PreparedView:
    """All of go_back() that changes nothing. Raises as that does."""
    target = balancer.log.target(number)
    with runs_here(target.number):
        config, origin = _read(balancer, target)
        config = sharing(config, balancer.config)  # so go_back() finds this very one known
        prepared = balancer.prepare(config, origin, _change(target, wanted))
    kept.put(_key(target), (config, origin))
    return prepared


def _change(target: Revision, wanted: Wanted, what: str = "") -> Change:
    what = what or f"rollback to {target.number}"
    return replace(change_of(wanted, what), to=target, ends_waiting=True)


def _read(balancer: Balancer, target: Revision) -> tuple[Config, Origin]:
    return read(balancer.log.text(target.number), label(target.number))


def _key(target: Revision) -> object:
    return "rollback", target.number


def change_of(wanted: Wanted, what: str) -> Change:
    """As the log has it; ``what``: the command or file."""
    return Change(
        *(wanted.author, what, wanted.adopt_vip, wanted.confirm_within), expected=wanted.expected
    )


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
    go_back(balancer, target.number, Wanted(itself()), what=told)
    balancer.events.add(KIND, told, "warning")


def words(change: Mapping[str, Any]) -> str:
    """An edit as its command has it: real set web 10.0.0.11 weight=0. Values that may be secret are
    left out: it is kept, and told to everybody."""
    parts = [*str(change["verb"]).split("-"), change["service"]]
    if change.get("address"):
        parts.append(change["address"])
    table = "service" if str(change["verb"]).startswith("service-") else "service.real"
    for key, value in change.get("settings", {}).items():
        shown = value if isinstance(value, str) else toml_text(value)
        parts.append(f"{key}={HIDDEN if secret(f'{table}.{key}') else shown}")
    return printable(" ".join(map(str, parts)))
