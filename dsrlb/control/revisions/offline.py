# SPDX-License-Identifier: Apache-2.0
"""Revisions without the daemon: look at them, and go back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dsrlb.config import Config, digest, dump, parse
from dsrlb.config.source import read
from dsrlb.control import start
from dsrlb.control.health.admin import AdminStates
from dsrlb.control.health.admin import saved as saved_orders
from dsrlb.control.hostchecks import HostCheck
from dsrlb.control.offline import pinned
from dsrlb.control.plan import view
from dsrlb.control.revisions import history
from dsrlb.control.revisions.authors import Author
from dsrlb.control.revisions.beginning import Attempt, label
from dsrlb.control.revisions.change import Change
from dsrlb.control.revisions.confirm import expired
from dsrlb.control.revisions.log import RevisionLog
from dsrlb.control.revisions.rollback import runs_here
from dsrlb.control.revisions.store import Revision, Store
from dsrlb.control.revisions.wayback import applied_view, planned_view, prepared_view, ran
from dsrlb.control.state import State
from dsrlb.control.views import AppliedView, PlanView, PreparedView, RevisionRow
from dsrlb.errors import StateError, UnknownRevision
from dsrlb.observe.events import EventLog
from dsrlb.paths import Paths, for_instance


class SavedRevisions:
    """The log on the disk, only read. Implements history.Revisions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def running(self) -> Revision | None:
        """What ran last."""
        return self._store.running()

    def latest(self, limit: int | None) -> list[Revision]:
        """The newest ones, newest first."""
        return self._store.latest(limit)

    def get(self, number: int) -> Revision:
        """One by its number; raises UnknownRevision."""
        found = self._store.get(number)
        if found is None:
            raise UnknownRevision(f"there is no revision {number}", hint="dsrlb history")
        return found

    def text(self, number: int) -> str:
        """The configuration of one that is there."""
        return self._store.text(number)


@contextmanager
def saved(instance: str) -> Iterator[SavedRevisions]:
    """The revisions of an instance; StateError when there are none, or they cannot be read."""
    path = for_instance(instance).revisions
    if not path.exists():
        raise StateError(f"no revisions: {path} is not there", hint="dsrlb run -c FILE")
    store = Store(path, writable=False)
    try:
        yield SavedRevisions(store)
    finally:
        store.close()


def _locked(instance: str) -> tuple[Paths, State, RevisionLog]:
    """An instance for this process alone, to its end. Raises StateError while a daemon runs."""
    paths = for_instance(instance)
    events = EventLog()
    state = State(paths, events)
    state.lock()
    return paths, state, RevisionLog(paths, state, events)


def confirm(instance: str, author: Author) -> RevisionRow:
    """Keep the revision that waits for confirmation. Raises StateError, also when its time is over:
    the next start goes back, and what ran then is known by that."""
    _, _, log = _locked(instance)
    waiting = log.waiting
    if waiting is not None and expired(waiting):
        number = waiting.number
        raise StateError(
            f"revision {number} was not confirmed in time: the next start goes back to "
            f"{waiting.way_back}",
            hint=f"`dsrlb run`; `dsrlb rollback {number}` makes it the running one then",
        )
    return history.row(log.confirm(author), log.running)


def rollback(
    instance: str,
    number: int | None,
    adopt_vip: bool,
    author: Author,
    prepared: Callable[[PreparedView], None],
) -> AppliedView:
    """Apply an earlier revision to the pinned maps as `dsrlb run` would, and end: the program stays
    attached, flows stay. Where nothing is pinned it is recorded for the next start, as pending.
    ``adopt_vip``: as for `dsrlb run`, which has to be told again where it is recorded;
    ``prepared`` is called when all is checked and nothing is changed yet.

    Raises StateError while a daemon runs, UnknownRevision, ConfigError for one that cannot run
    here, and what a start may raise; what runs goes on then.
    """
    paths, state, log = _locked(instance)
    target = log.target(number)
    change = Change(author, f"rollback to {target.number}", adopt_vip, to=target, ends_waiting=True)
    attempt = Attempt(label(target.number), change, text=log.text(target.number))
    before = ran(log, state)
    with runs_here(target.number):
        config, origin = read(attempt.text, attempt.name)
        changes, host = view(before, config, saved_orders(paths.orders)), HostCheck(instance)
        host.check(config, origin, adopt_vip, before, runs=pinned(paths))
        obstacle = host.obstacle(before, config) if before is not None else ""
        prepared(prepared_view(changes, log, change, obstacle))
        if pinned(paths):
            balancer, _ = start.begin(paths, state, log, [attempt], float)
            balancer.dataplane.close()
            return applied_view(changes, log, obstacle)
    ran_before = (dump(before), digest(before)) if before is not None else None
    admin = AdminStates(paths.orders, log.events, state.reserve)
    with admin.recalled(before, config, target.number):
        revision = log.begin(change, dump(config), digest(config), ran_before)
        if revision is None or revision.result != "pending":
            message = f"this cannot be recorded for the next start: {log.trouble}"
            raise StateError(message, "nothing was changed; see to the disk, then try again")
    return {**applied_view(changes, log, obstacle), "revision": revision.number}


def plan(instance: str, after: Config) -> PlanView:
    """What leads from what ran last to a configuration. Raises StateError, and ConfigError when
    what ran is nothing that this version reads."""
    paths = for_instance(instance)
    standing = saved_orders(paths.orders)
    if paths.revisions.exists():
        with saved(instance) as log:
            if log.running is not None:
                name = label(log.running.number)
                before = parse(log.text(log.running.number), name)
                return planned_view(view(before, after, standing), log.running)
    text = State(paths).saved_config()
    last = parse(text, str(paths.saved_config)) if text is not None else None
    return view(last, after, standing)
