# SPDX-License-Identifier: Apache-2.0
"""What was said of real servers that are removed, and come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsrlb.config import Config, Group, Service
from dsrlb.control import smallfiles
from dsrlb.control.desired.contents import RealId
from dsrlb.control.health import admin as admin_module
from dsrlb.control.health.admin import AdminStates
from dsrlb.control.reserve import Reserve
from dsrlb.errors import StateError
from dsrlb.observe.events import EventLog
from tests.unit.control.health import services as s

ALL = s.config()
FEW = s.config(weights=(1,))


class Book:
    """The orders of an instance that goes from revision to revision."""

    def __init__(self, path: Path, events: EventLog) -> None:
        self.path, self.events = path, events
        self.admin = AdminStates(path, events)
        self.config: Config = ALL
        self.number = 1
        self.oldest = 1

    def again(self) -> None:
        """Another daemon."""
        self.admin = AdminStates(self.path, self.events)

    def goes(self, config: Config, to: int | None = None) -> None:
        """A change: an apply, or a rollback."""
        with self.admin.recalled(self.config, config, to):
            self.number += 1
        self.config = config
        self.admin.follow(config, lambda: (self.oldest, self.number))
        self.again()

    def state(self, real: RealId = s.R12) -> str:
        order = self.admin.of(real)
        return "" if order is None else f"{order.state} by {order.who}"

    def drain(self, who: str = "ann") -> None:
        self.admin.give("drain", who, [("web", [str(s.R12.address)])])


@pytest.fixture
def book(tmp_path: Path, events: EventLog) -> Book:
    found = Book(tmp_path / "admin.json", events)
    found.drain()
    return found


def test_going_back_brings_it_back(book: Book) -> None:
    order = book.admin.of(s.R12)
    book.goes(FEW)
    assert book.state() == ""
    book.goes(ALL, to=1)
    assert book.admin.of(s.R12) == order  # since when, and by whom
    told = [event.message for event in book.events.since(0)]
    assert told[0] == "web: 10.0.0.12 was drained, which goes with it; a rollback brings it back"
    assert told[1].startswith("web: 10.0.0.12 is drained again (by ann, since 20")
    book.goes(FEW, to=2)
    assert book.state() == ""
    book.goes(ALL, to=3)
    assert book.state() == "drain by ann"


def test_without_a_history_nothing_is_promised(book: Book) -> None:
    book.admin.follow(FEW, lambda: None)
    assert book.state() == ""
    told = [event.message for event in book.events.since(0)]
    assert told == ["web: 10.0.0.12 was drained, which goes with it"]


def test_who_adds_it_anew_begins_fresh(book: Book) -> None:
    book.goes(FEW)
    book.goes(ALL)
    assert book.state() == ""
    book.goes(FEW)
    book.goes(ALL, to=3)  # where it had begun fresh
    assert book.state() == ""


def test_of_several_removals_the_first_behind_it_counts(book: Book) -> None:
    book.goes(FEW)  # 2
    book.goes(ALL)  # 3
    book.drain("bob")
    book.goes(FEW)  # 4
    book.goes(ALL, to=3)
    assert book.state() == "drain by bob"
    book.goes(FEW, to=4)
    book.goes(ALL, to=1)
    assert book.state() == "drain by ann"


def test_who_is_there_stays_as_it_is(book: Book) -> None:
    book.goes(FEW)
    book.goes(ALL)
    book.goes(s.config(weights=(2, 1, 1)), to=1)
    assert book.state() == ""


def test_what_is_older_than_the_kept_revisions_is_forgotten(book: Book) -> None:
    book.goes(FEW)
    book.oldest = 2
    book.goes(s.config(weights=(2,)))
    assert book.path.read_text() == "[]"


def test_numbers_of_a_history_that_was_lost(book: Book) -> None:
    book.number = 50
    book.goes(FEW)
    book.number = 1
    book.goes(s.config(weights=(2,)))
    assert book.path.read_text() == "[]"


def test_a_way_back_that_breaks_off(book: Book) -> None:
    book.goes(FEW)
    with pytest.raises(ZeroDivisionError), book.admin.recalled(FEW, ALL, 1):
        assert book.state() == "drain by ann"
        raise ZeroDivisionError
    assert book.state() == ""
    book.goes(ALL, to=1)
    assert book.state() == "drain by ann"


def test_a_way_back_in_which_the_daemon_is_killed(book: Book) -> None:
    """The next one finishes it, or goes on with what ran."""
    for finished in (True, False):
        book.goes(FEW)
        way = book.admin.recalled(FEW, ALL, 1)
        way.__enter__()
        book.again()
        book.number += 1
        if finished:
            book.config = ALL
            book.admin.follow(ALL, lambda: (1, book.number))
            assert book.state() == "drain by ann"
        else:
            book.admin.follow(FEW, lambda: (1, book.number))
            assert book.state() == ""
            book.goes(ALL)
            assert book.state() == ""


def test_services_that_stay_are_not_walked_through_again(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    make = admin_module._addresses._make

    def made(of: Group | Service) -> frozenset[str]:
        looked.append(of)
        return make(of)

    monkeypatch.setattr(admin_module._addresses, "_make", made)
    many = s.config(weights=(1, 1))
    for _ in range(3):
        book.admin.follow(many, lambda: (1, 1))
    assert looked == [many.service[0]]


def full(*_: object) -> None:
    raise StateError("the disk is full")


def test_what_cannot_be_written_holds_all_the_same(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And keeps nobody from going back. It is written with the next change."""
    book.goes(FEW)
    with monkeypatch.context() as patched:
        patched.setattr("dsrlb.control.smallfiles.write_atomically", full)
        with book.admin.recalled(FEW, ALL, 1):
            pass
        told = [event.message for event in book.events.since(0)[-2:]]
        assert told[0].startswith("the disk is full; ")
        assert told[1].startswith("web: 10.0.0.12 is drained again")
        assert book.state() == "drain by ann"
    book.admin.follow(ALL, lambda: (1, 3))
    book.again()
    assert book.state() == "drain by ann"


def test_what_could_not_be_written_is_written_though_nothing_changes(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once."""
    with monkeypatch.context() as patched:
        patched.setattr(smallfiles, "write_atomically", full)
        book.admin.follow(FEW, lambda: (1, 2))
    book.admin.follow(FEW, lambda: (1, 2))
    assert '"removed": 2' in book.path.read_text()
    monkeypatch.setattr(smallfiles, "write_atomically", full)
    count = len(book.events.since(0))
    book.admin.follow(FEW, lambda: (1, 2))
    assert len(book.events.since(0)) == count


def test_a_full_disk_has_room_for_it(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    book.goes(FEW)
    reserve, write = Reserve(book.path.with_name("reserve")), smallfiles.write_atomically
    reserve.hold()
    admin = AdminStates(book.path, book.events, reserve)
    monkeypatch.setattr(
        smallfiles, "write_atomically", lambda *of: full() if reserve.held else write(*of)
    )
    with admin.recalled(FEW, ALL, 1):
        pass
    book.again()
    assert book.state() == "drain by ann"
