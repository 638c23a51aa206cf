# SPDX-License-Identifier: Apache-2.0
"""Revisions: changes that are recorded, and ways back from them, while clients are served."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from typing import Any

import pytest

from dsrlb.cli.client import Client
from dsrlb.errors import Overtaken
from tests.lab.instance import Instance, config
from tests.lab.plain import VIPS, Plain, addresses
from tests.lab.revisions import BOTH, ONE, TWO, history, results, served_by
from tests.lab.traffic import Load, ask, connect, request

MAGLEV = BOTH.replace("port = 8000\n", 'port = 8000\nalgorithm = "maglev"\n')


def test_every_change_is_a_revision(plain: Plain, balancer: Instance) -> None:
    balancer.start(BOTH)
    first = balancer.done("config", "show")
    v4, _ = addresses("r1")
    said = balancer.done("real", "set", "web", v4, "--weight", "3")
    assert said.splitlines()[-1] == (
        f"revision 2 is running; back to 1: dsrlb --instance {balancer.name} rollback"
    )
    balancer.done("apply", balancer.write(ONE), "--adopt-vip")
    rows = history(balancer)
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert [row["result"] for row in rows] == ["applied"] * 3
    assert [row["what"] for row in rows] == [
        f"run -c {balancer.file}",
        f"real set web {v4} weight=3",
        f"apply {balancer.file}",
    ]
    assert {(row["uid"], row["user"]) for row in rows} == {(0, "root")}
    assert [row["running"] for row in rows] == [False, False, True]
    assert balancer.done("config", "show", "1") == first
    assert (balancer.state / "config.toml").read_text() == balancer.done("config", "show")
    said = balancer.done("apply", str(balancer.file))
    assert said.startswith("no changes")
    assert len(history(balancer)) == 3
    assert "-address" in balancer.done("diff", "1", "--text").replace(" ", "")


def test_what_is_checked_beforehand_changes_nothing(balancer: Instance) -> None:
    """And is refused when it was meant for what ran before another change."""
    balancer.start(BOTH)
    client, change = Client(balancer.name), {"verb": "real-set", "service": "web"}
    change["address"] = addresses("r1")[0]
    edit: dict[str, Any] = {**change, "settings": {"weight": 3}}
    apply = {"toml": ONE, "filename": "<f>"}
    for path, body in (("/edit", edit), ("/apply", apply)):
        prepared = client.post(f"{path}/prepare", **body)
        assert (prepared["running"], prepared["way_back"], prepared["recorded"]) == (1, 1, True)
    assert balancer.done("config", "show") == balancer.done("config", "show", "1")
    assert client.post("/edit", **edit, expected=1)["revision"] == 2
    refused: tuple[tuple[str, dict[str, Any]], ...]
    refused = (("/edit", edit), ("/apply", apply), ("/rollback", {}))
    for path, body in refused:
        with pytest.raises(Overtaken, match="revision 2 runs by now, not 1 any more"):
            client.post(path, **body, expected=1)
    prepared = client.post("/rollback/prepare")
    assert (prepared["running"], prepared["way_back"]) == (2, 2)
    assert prepared["way_back_what"].startswith("real set web ")
    assert client.post("/rollback", expected=2)["revision"] == 3
    assert balancer.done("config", "show") == balancer.done("config", "show", "1")


def test_rollback_under_traffic(plain: Plain, balancer: Instance, load: Load) -> None:
    balancer.start(BOTH)
    load.start()
    more = BOTH.replace('name = "dns"', 'name = "names"')
    balancer.done("apply", balancer.write(more))
    balancer.done("service", "set", "web", "algorithm=maglev")
    load.progress(50)
    balancer.done("rollback")
    assert balancer.get("/services")[0]["algorithm"] == "round-robin"
    balancer.done("rollback", "1")
    assert [row["name"] for row in balancer.get("/services")] == ["web", "web", "dns", "dns"]
    load.progress(50)
    load.stop()
    assert load.errors == []
    assert [row["way_back"] for row in history(balancer)] == [None, 1, 2, 3, 4]
    unknown = balancer.dsrlb("rollback", "77")
    assert (unknown.returncode, "there is no revision 77" in unknown.stderr) == (1, True)


def test_what_is_not_confirmed_goes_back(plain: Plain, balancer: Instance, load: Load) -> None:
    """With the daemon there."""
    balancer.start(BOTH)
    load.start()
    said = balancer.done("apply", balancer.write(MAGLEV), "--confirm-within", "2s")
    assert "revision 2 is running for " in said
    assert "s, then 1 by itself; keep it: " in said
    _is_back(balancer, load)
    assert history(balancer)[-1]["user"] == "dsrlb"
    assert balancer.done("config", "show") == balancer.done("config", "show", "1")
    assert balancer.get("/status")["revisions"]["confirm"] is None


def test_other_changes_wait_for_the_confirmation(balancer: Instance) -> None:
    balancer.start(BOTH)
    balancer.done("apply", balancer.write(MAGLEV), "--confirm-within", "1h")
    balancer.wait_event(f"root: apply {balancer.file}: 2 changes, revision 2, configuration ")
    balancer.wait_event(", to be confirmed within 3600 s")
    confirm = balancer.get("/status")["revisions"]["confirm"]
    assert (confirm["revision"], confirm["way_back"]) == (2, 1)
    assert 3000 < confirm["seconds_left"] <= 3600
    dsrlb = f"dsrlb --instance {balancer.name}"
    assert f"waits for `{dsrlb} confirm`" in balancer.done("status")
    for refused in (
        balancer.dsrlb("real", "set", "web", addresses("r1")[0], "--weight", "3"),
        balancer.dsrlb("apply", balancer.write(ONE)),
    ):
        assert refused.returncode == 1
        assert "revision 2 waits for confirmation" in refused.stderr
        assert f"`{dsrlb} confirm` keeps it, `{dsrlb} rollback` goes back" in refused.stderr
    assert results(balancer) == ["applied", "waiting"]


def test_confirmed_and_rolled_back_before_the_end(plain: Plain, balancer: Instance) -> None:
    balancer.start(BOTH)
    saved = (balancer.state / "config.toml").read_text()
    balancer.done("apply", balancer.write(ONE), "--confirm-within", "1h")
    assert (balancer.state / "config.toml").read_text() == saved  # nobody said that it is good
    assert balancer.done("confirm") == "revision 2 is confirmed\n"
    assert (balancer.state / "config.toml").read_text() == balancer.done("config", "show", "2")
    assert history(balancer)[-1]["reason"] == "confirmed by root"
    again = balancer.dsrlb("confirm")
    assert (again.returncode, "nothing waits" in again.stderr) == (1, True)
    balancer.done("apply", balancer.write(TWO), "--confirm-within", "1h")
    balancer.done("rollback")
    assert results(balancer) == ["applied", "applied", "reverted", "applied"]
    assert served_by(plain) == {"r1"}
    plan = balancer.done("plan", str(balancer.file)).splitlines()
    assert plan[-1].startswith("existing flows: affected by ")
    assert "back to 4 then: " in plan[-1]


def _set_deadline(balancer: Instance, seconds: float) -> None:
    """What waits has so much time from now on. Without a daemon."""
    deadline = time.clock_gettime(time.CLOCK_BOOTTIME) + seconds
    with closing(sqlite3.connect(balancer.state / "revisions.db")) as database:
        database.execute("UPDATE revision SET deadline = ? WHERE number = 2", (deadline,))
        database.commit()


def test_not_confirmed_and_the_daemon_killed(plain: Plain, balancer: Instance, load: Load) -> None:
    """A start in time goes on waiting, and goes back at the deadline."""
    balancer.start(BOTH)
    load.start()
    balancer.done("apply", balancer.write(MAGLEV), "--confirm-within", "1h")
    balancer.kill()
    balancer.start()
    assert results(balancer) == ["applied", "waiting"]
    assert 3000 < balancer.get("/status")["revisions"]["confirm"]["seconds_left"] < 3600
    balancer.kill()
    _set_deadline(balancer, 5)
    balancer.start()
    _is_back(balancer, load)


def test_not_confirmed_and_the_daemon_killed_until_too_late(
    plain: Plain, balancer: Instance, load: Load
) -> None:
    balancer.start(BOTH)
    load.start()
    balancer.done("apply", balancer.write(MAGLEV), "--confirm-within", "1h")
    balancer.kill()
    _set_deadline(balancer, 0)
    assert history(balancer)[-1]["confirm_seconds"] == 0
    balancer.start()
    assert {row["algorithm"] for row in balancer.get("/services")} == {"round-robin"}
    _is_back(balancer, load)


def _is_back(balancer: Instance, load: Load) -> None:
    balancer.wait_event("automatic return from 2 to 1: not confirmed in time", 20)
    assert results(balancer) == ["applied", "reverted", "applied"]
    assert {row["algorithm"] for row in balancer.get("/services")} == {"round-robin"}
    load.progress(50)
    load.stop()
    assert load.errors == []


def test_after_another_boot_it_goes_back(balancer: Instance) -> None:
    """The boot's id is what tells; nobody could have confirmed since."""
    balancer.start(BOTH)
    balancer.done("apply", balancer.write(ONE), "--confirm-within", "1h")
    balancer.kill()
    with closing(sqlite3.connect(balancer.state / "revisions.db")) as database:
        database.execute("UPDATE revision SET boot = 'another' WHERE number = 2")
        database.commit()
    balancer.start()
    balancer.wait_event("automatic return from 2 to 1")
    assert results(balancer) == ["applied", "reverted", "applied"]


def test_rollback_without_a_daemon(plain: Plain, balancer: Instance) -> None:
    """The pinned maps are changed, a long connection goes on, the next daemon goes on with it."""
    balancer.start(BOTH)
    v4, _ = addresses("r2")
    balancer.done("real", "set", "web", v4, "--weight", "0")
    with connect(plain.client, VIPS[0]) as connection:
        assert ask(connection) == "r1"
        program = plain.lb.link()["xdp"]["prog"]["id"]
        balancer.kill()
        assert served_by(plain) == {"r1"}
        done = balancer.dsrlb("rollback")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("way back: `dsrlb --instance ")
        assert "rollback`, to revision 2 (real set web " in done.stdout.splitlines()[0]
        assert "revision 3 is running; back to 2" in done.stdout
        assert "no daemon runs" in done.stderr
        assert served_by(plain) == {"r1", "r2"}
        assert ask(connection) == "r1"
        assert plain.lb.link()["xdp"]["prog"]["id"]
        assert results(balancer) == ["applied"] * 3
        balancer.start()
        assert ask(connection) == "r1"
    assert program
    assert balancer.done("config", "show") == balancer.done("config", "show", "1")
    assert len(history(balancer)) == 3


def test_rollback_with_nothing_at_work(plain: Plain, balancer: Instance) -> None:
    """It is for the next start, then."""
    balancer.start(BOTH)
    balancer.done("apply", balancer.write(ONE))
    balancer.done("detach")
    balancer.wait()
    said = balancer.done("rollback")
    assert "revision 3 is recorded for the next start" in said
    assert not balancer.pins.exists()
    assert results(balancer) == ["applied", "applied", "pending"]
    balancer.start()
    assert served_by(plain) == {"r1", "r2"}
    assert results(balancer) == ["applied"] * 3


def test_rollback_to_what_cannot_run_here(plain: Plain, balancer: Instance) -> None:
    """With a daemon and without: refused, with the reason, and nothing changed."""
    balancer.start(BOTH)
    balancer.done("apply", balancer.write(config(vips=("10.78.0.101", "fd78::101"))))
    plain.lb.batch(f"address add {VIPS[0]}/32 dev eth0")
    shown = balancer.done("config", "show")
    for kill in (False, True):
        if kill:
            balancer.kill()
        refused = balancer.dsrlb("rollback")
        assert refused.returncode == 2
        assert "<revision 1>:" in refused.stderr
        assert f'service[0].vip = "{VIPS[0]}": ' in refused.stderr
        assert "revision 1 cannot run here now" in refused.stderr
        assert results(balancer) == ["applied", "applied"]
    balancer.start()
    assert balancer.done("config", "show") == shown


def test_new_real_servers_are_known_before_old_ones_leave(plain: Plain, balancer: Instance) -> None:
    """The balancer has never asked for r2's MAC address: nobody may meet a service without a real
    server meanwhile. Datagrams, as nobody repeats them."""
    one_packet = 'protocol = "udp"\none_packet = true\n'
    old, new = (text.replace('protocol = "udp"\n', one_packet) for text in (ONE, TWO))
    balancer.start(old, up=4)
    stop, lost = threading.Event(), []

    def asking(vip: str) -> None:
        while not stop.is_set():
            try:
                request(plain.client, vip, "udp")
            except OSError as error:
                lost.append(error)

    threads = [threading.Thread(target=asking, args=(vip,), daemon=True) for vip in VIPS]
    for thread in threads:
        thread.start()
    balancer.done("apply", balancer.write(new))
    for vip in VIPS:
        assert request(plain.client, vip, "udp", 4) == {"r2": 4}
    stop.set()
    for thread in threads:
        thread.join(10)
    assert lost == []
