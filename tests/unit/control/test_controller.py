# SPDX-License-Identifier: Apache-2.0
"""What the API's requests become: which configuration, read when, under which words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dsrlb.config import Config, dump, parse
from dsrlb.config.source import Origin
from dsrlb.control import controller as controlling
from dsrlb.control import rows
from dsrlb.control.asking import Wanted
from dsrlb.control.controller import DaemonController
from dsrlb.control.flows.query import FlowQuery
from dsrlb.control.revisions import kept as keeping
from dsrlb.control.revisions.change import Change
from dsrlb.control.sourcefile import SourceFile
from dsrlb.errors import NetError, StateError
from tests.unit.api.fakerows import TOML
from tests.unit.control.logs import ALICE, Logs

OTHER = TOML.replace("10.0.0.12", "10.0.0.13")
WANTED = Wanted(ALICE)
WEIGHT: dict[str, Any] = {
    "verb": "real-set",
    "service": "web",
    "address": "10.0.0.11",
    "settings": {"weight": 7},
}


class Balancer:
    """Accepts everything, unless it is ``broken``."""

    def __init__(self, logs: Logs) -> None:
        self.log, self.events, self.state = logs.open, logs.open.events, logs.state
        self.source_file = SourceFile()
        self.plans = SimpleNamespace(forget=lambda: self.steps.append("plan forgotten"))
        self.config = parse(TOML, "f")
        self.broken: Exception | None = None
        self.prepared: list[Config] = []
        self.changes: list[Change] = []
        self.steps: list[str] = []

    def prepare(self, config: Config, origin: Origin, change: Change) -> Any:
        self.prepared.append(config)
        return {}

    def accept(self, config: Config, origin: Origin, change: Change) -> Any:
        if self.broken is not None:
            raise self.broken
        self.changes.append(change)
        self.config = config
        self.log.applied(self.log.begin(change, dump(config), "d", None), dump(config))
        return {}

    def catch_up(self) -> None:
        self.steps.append("caught up")

    def detach(self) -> list[str]:
        if self.broken is not None:
            raise self.broken
        self.steps.append("detached")
        return ["done"]

    def stop(self) -> None:
        self.steps.append("stopped")


async def run(work: Callable[[], Any]) -> Any:
    """As the daemon does, without a thread."""
    return work()


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    found = Logs()
    found.apply(dump(parse(TOML, "f")))
    yield found
    found.open.close()


@pytest.fixture
def balancer(logs: Logs) -> Any:
    return Balancer(logs)


@pytest.fixture
def controller(logs: Logs, balancer: Any) -> DaemonController:
    return DaemonController(balancer, logs.paths, run, balancer.stop)


def done(*requests: Coroutine[Any, Any, Any]) -> list[Any]:
    """One behind the other."""

    async def all_of_them() -> list[Any]:
        return [await request for request in requests]

    return asyncio.run(all_of_them())


def test_what_was_prepared_is_applied(balancer: Any, controller: DaemonController) -> None:
    """That very object, and once."""
    done(
        controller.prepare_apply(OTHER, "/f", WANTED),
        controller.apply(OTHER, "/f", WANTED),
    )
    assert balancer.config is balancer.prepared[0]
    done(controller.prepare_edit(WEIGHT, WANTED), controller.edit(WEIGHT, WANTED))
    assert balancer.config is balancer.prepared[1]
    assert balancer.config.service[0].real[0].weight == 7


def test_another_text_is_not_what_was_prepared(balancer: Any, controller: DaemonController) -> None:
    done(
        controller.prepare_apply(OTHER, "/f", WANTED),
        controller.apply(TOML, "/f", WANTED),
    )
    assert balancer.config == parse(TOML, "f")


def test_an_edit_is_one_of_what_runs_by_then(balancer: Any, controller: DaemonController) -> None:
    done(
        controller.prepare_edit(WEIGHT, WANTED),
        controller.apply(OTHER, "/f", WANTED),
        controller.edit(WEIGHT, WANTED),
    )
    reals = [(str(real.address[0]), real.weight) for real in balancer.config.service[0].real]
    assert reals == [("10.0.0.11", 7), ("10.0.0.13", 1)]


def test_what_nobody_comes_for_goes_by_itself(
    balancer: Any, controller: DaemonController, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (controlling, keeping):
        monkeypatch.setattr(module, "KEPT_SECONDS", 0.0)

    async def prepared() -> None:
        await controller.prepare_apply(OTHER, "/f", WANTED)
        assert controller._kept._found is not None
        while not balancer.steps:
            await asyncio.sleep(0)
        assert controller._kept._found is None

    asyncio.run(asyncio.wait_for(prepared(), 10))


def test_the_file_is_remembered_that_is_in_force(
    balancer: Any, controller: DaemonController, tmp_path: Path
) -> None:
    done(controller.apply(OTHER, str(tmp_path / "one"), WANTED))
    assert balancer.state.source() == tmp_path / "one"
    done(controller.apply(TOML, "<stdin>", WANTED))
    assert balancer.state.source() == tmp_path / "one"
    balancer.broken = StateError("eth0 said no")
    with pytest.raises(StateError, match="eth0 said no"):
        done(controller.apply(OTHER, str(tmp_path / "two"), WANTED))
    assert balancer.state.source() == tmp_path / "one"


def test_a_file_that_cannot_be_remembered_ends_no_change(
    balancer: Any, controller: DaemonController
) -> None:
    done(controller.apply(OTHER, "/a\x1bb", WANTED))
    assert balancer.config == parse(OTHER, "f")
    (event,) = balancer.events.since(0)
    assert (event.kind, event.level) == ("apply", "warning")
    assert "is not remembered" in event.message


def test_no_secret_in_what_is_recorded(balancer: Any, controller: DaemonController) -> None:
    health = {"type": "http", "path": "/?token=s3cret"}
    change = {"verb": "service-set", "service": "web", "settings": {"health": health}}
    done(controller.edit(change, Wanted(ALICE, expected=1)))
    (wanted,) = balancer.changes
    assert (wanted.what, wanted.author) == ("service set web health=***", ALICE)
    assert wanted.expected == 1
    assert balancer.config.service[0].health.path == "/?token=s3cret"


def test_what_is_shown_is_what_checks_have_said(
    balancer: Any, controller: DaemonController, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("services", "reals"):
        monkeypatch.setattr(rows, name, lambda *_: balancer.steps.copy())
    assert done(controller.services()) == [["caught up"]]
    balancer.steps.clear()
    assert done(controller.reals(None)) == [["caught up"]]


def test_who_dropped_flows_is_told(
    balancer: Any, controller: DaemonController, monkeypatch: pytest.MonkeyPatch
) -> None:
    balancer.keeper = SimpleNamespace(tables=())
    balancer.dataplane = SimpleNamespace(reaper=lambda: None)
    found = SimpleNamespace(search=lambda: None)
    monkeypatch.setattr(controller, "_reals", lambda: None)
    monkeypatch.setattr(controlling, "Selection", lambda *_: found)
    monkeypatch.setattr(controlling, "drop", lambda *_: 1234)
    assert done(controller.drop_flows(FlowQuery(), ALICE)) == [1234]
    assert [event.message for event in balancer.events.since(0)] == [
        "alice dropped 1,234 flows (all)"
    ]


def test_a_daemon_ends_when_everything_is_off_the_host(
    balancer: Any, controller: DaemonController
) -> None:
    balancer.broken = NetError("eth0 said no")
    with pytest.raises(NetError):
        done(controller.detach())
    assert balancer.steps == []
    balancer.broken = None
    assert done(controller.detach()) == [["done"]]
    assert balancer.steps == ["detached", "stopped"]
