# SPDX-License-Identifier: Apache-2.0
"""Revisions that are damaged, of another version, or cannot be written: clients are served."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.lab.instance import Instance
from tests.lab.plain import Plain, addresses, run
from tests.lab.revisions import BOTH, ONE, TWO, history, results, served_by
from tests.lab.traffic import serves
from tests.waiting import wait_until


@contextmanager
def tmpfs(folder: Path, kilobytes: int) -> Iterator[None]:
    """A small disk of its own."""
    run("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "dsrlb-test", str(folder))
    try:
        yield
    finally:
        run("umount", str(folder))


def fill(folder: Path) -> None:
    """Leave no room."""
    with (folder / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))


def test_an_installation_of_before(plain: Plain, balancer: Instance) -> None:
    """config.toml and no database."""
    balancer.start(BOTH)
    balancer.kill()
    for file in (*balancer.state.glob("revisions.db*"), balancer.state / "history.json"):
        file.unlink()
    balancer.start()
    (row,) = history(balancer)
    assert (row["number"], row["result"]) == (1, "applied")
    assert row["what"] == "config.toml"
    balancer.done("apply", balancer.write(ONE))
    balancer.done("rollback")
    assert served_by(plain) == {"r1", "r2"}


def test_a_damaged_database(plain: Plain, balancer: Instance) -> None:
    """It is kept aside, and a new one begins with config.toml."""
    balancer.start(BOTH)
    balancer.done("apply", balancer.write(ONE))
    balancer.kill()
    for file in balancer.state.glob("revisions.db-*"):
        file.unlink()
    (balancer.state / "revisions.db").write_text("no database at all\n" * 1000)
    balancer.start(up=4)
    balancer.wait_event("the history was lost: ")
    (aside,) = balancer.state.glob("revisions.db.corrupt-*")
    assert aside.read_text().startswith("no database")
    assert str(aside) in balancer.done("status").replace("\n", "").replace(" ", "")
    (row,) = history(balancer)
    assert "the history was lost" in row["what"]
    assert served_by(plain) == {"r1"}


def test_neither_database_nor_file(plain: Plain, balancer: Instance) -> None:
    """What runs is not wiped for a configuration of no matter when; the way out is named."""
    balancer.start(BOTH)
    balancer.kill()
    for file in balancer.state.glob("revisions.db-*"):
        file.unlink()
    (balancer.state / "revisions.db").write_text("no database at all\n" * 1000)
    (balancer.state / "config.toml").write_text("[balancer")
    refused = balancer.dsrlb("run")
    assert refused.returncode == 1
    assert "the history was lost" in refused.stderr
    assert "What runs goes on as it is" in refused.stderr
    assert f"`dsrlb --instance {balancer.name} run -c FILE` goes on with FILE" in refused.stderr
    assert serves(plain.client)
    balancer.start(BOTH)
    assert served_by(plain) == {"r1", "r2"}


def test_a_database_of_a_newer_version(plain: Plain, balancer: Instance) -> None:
    balancer.start(BOTH)
    balancer.kill()
    with sqlite3.connect(balancer.state / "revisions.db") as database:
        database.execute("PRAGMA user_version = 9")
    refused = balancer.dsrlb("run")
    assert refused.returncode == 1
    assert "has layout 9, this version knows 1" in refused.stderr
    assert serves(plain.client)


def test_a_full_disk(plain: Plain, balancer: Instance) -> None:
    """Changes are refused before anything is touched; every way back goes, and is recorded; the
    daemon, and another one, go on."""
    balancer.state.mkdir(parents=True)
    with tmpfs(balancer.state, 600):
        balancer.start(BOTH)
        balancer.done("apply", balancer.write(ONE), "--confirm-within", "2s")
        fill(balancer.state)
        balancer.wait_event("automatic return from 2 to 1: not confirmed in time")
        assert served_by(plain) == {"r1", "r2"}
        refused = balancer.dsrlb("apply", balancer.write(TWO))
        assert (refused.returncode, "the change cannot be recorded" in refused.stderr) == (1, True)
        assert "for the way back" in balancer.get("/status")["revisions"]["trouble"]
        balancer.kill()
        balancer.start()
        assert results(balancer) == ["applied", "reverted", "applied"]
        balancer.stop()
        fill(balancer.state)  # also what SQLite has left
        balancer.start()
        (balancer.state / "filler").unlink()
        wait_until("there is room", lambda: not balancer.get("/status")["revisions"]["trouble"], 10)
        balancer.done("apply", balancer.write(TWO))
        assert served_by(plain) == {"r2"}
        balancer.stop()
        fill(balancer.state)
        balancer.done("rollback")
        assert served_by(plain) == {"r1", "r2"}
        balancer.start()
        assert served_by(plain) == {"r1", "r2"}
        assert results(balancer)[3:] == ["applied", "applied"]
        balancer.kill()


def test_a_full_disk_that_keeps_nothing(plain: Plain, balancer: Instance) -> None:
    """Somebody took what was kept as well: the way back is in force, and recorded later."""
    balancer.state.mkdir(parents=True)
    with tmpfs(balancer.state, 600):
        balancer.start(BOTH)
        balancer.done("apply", balancer.write(ONE))
        (balancer.state / "reserve").unlink()
        fill(balancer.state)
        told = balancer.done("rollback")
        assert "in force, and not recorded: the history cannot be written" in told
        assert served_by(plain) == {"r1", "r2"}
        refused = balancer.dsrlb("real", "disable", "web", addresses("r1")[0])
        assert (refused.returncode, "nothing was changed" in refused.stderr) == (1, True)
        assert served_by(plain) == {"r1", "r2"}
        trouble = balancer.get("/status")["revisions"]["trouble"]
        assert "not recorded yet: a start before that begins with revision 2" in trouble
        (balancer.state / "filler").unlink()
        balancer.wait_event("recorded now: rollback to 1, revision 3")
        assert balancer.get("/status")["revisions"]["trouble"] == ""
        balancer.kill()
