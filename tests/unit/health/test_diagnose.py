# SPDX-License-Identifier: Apache-2.0
"""Which evidence leads to which verdict, and whose silence is looked into when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dsrlb.health import doctor as doctors
from dsrlb.health.asking import Asker
from dsrlb.health.checks.probe import OK, Outcome, wrong
from dsrlb.health.claims import place_of
from dsrlb.health.diagnose import Case, Evidence, judge
from dsrlb.health.doctor import AGAIN_SECONDS, MOST_AT_ONCE, PER_SECOND, Doctor
from dsrlb.health.frames import Seen, packed
from dsrlb.health.loop import Loop
from dsrlb.health.protocol import Check, Method, Target, Verdict
from dsrlb.health.tap import Taps

REAL, VIP, OWN = "10.0.0.11", "192.0.2.10", "10.0.0.2"
LATE = Outcome("no-answer", "nothing came within 600 ms", late=True)
CONNECTED = Outcome("no-answer", "connected, but not answered", late=True, reached=True)
ALIVE = f"{REAL} answers ARP"


def _target(method: Method = "l2dsr", **more: Any) -> Target:
    check = Check("tcp", timeout=200)
    return Target(
        "1", "one", "198.18.0.1", 80, check, vip=VIP, real=REAL, method=method, source=OWN, **more
    )


@pytest.mark.parametrize(
    ("method", "evidence", "again", "verdict"),
    [
        ("l2dsr", {}, OK, "slow"),
        ("l2dsr", {}, wrong("status 503"), "wrong-answer"),
        ("l2dsr", {"alive": ALIVE}, Outcome("port-closed", "refused"), "port-closed"),
        ("l2dsr", {}, LATE, "unreachable"),
        ("l2dsr", {"alive": ALIVE}, LATE, "vip-missing"),
        ("l2dsr", {"alive": ALIVE, "vip_alive": True}, LATE, "no-answer"),
        ("l2dsr", {"alive": ALIVE}, CONNECTED, "no-answer"),
        ("dscp", {"own_address": True}, None, "rule-missing"),
        ("ipip", {"refused": True}, None, "decapsulation-missing"),
        ("gue", {"alive": ALIVE}, LATE, "vip-missing"),
        ("l2dsr", {"closed": True}, None, "port-closed"),
        ("nat", {"alive": ALIVE}, LATE, "no-answer"),
        ("nat", {}, LATE, "unreachable"),
    ],
)
def test_verdicts(
    method: Method, evidence: dict[str, Any], again: Outcome | None, verdict: Verdict
) -> None:
    found, detail = judge(_target(method), Evidence(**evidence), again, 0.4)
    assert found == verdict and detail


def test_an_answer_in_time_is_not_slow() -> None:
    found, detail = judge(_target(), Evidence(), OK, 0.1)
    assert found == "no-answer"
    assert detail == "nothing came within 200 ms, then an answer after 100 ms"


_SEGMENT = Seen("segment", packed(REAL), packed(OWN), b"", 6, 80, 61000)
_ENVELOPE = Seen("error", packed(REAL), packed(REAL), b"", 4)
_CLOSED = Seen("error", packed(VIP), packed(VIP), b"", 17, 61000, 80)


@pytest.mark.parametrize(
    ("method", "one", "wanted"),
    [
        ("l2dsr", Seen("neighbour", packed(REAL), mac=bytes(6)), Evidence(alive=ALIVE)),
        ("l2dsr", Seen("neighbour", packed(VIP), mac=bytes(6)), Evidence()),
        ("dscp", _SEGMENT, Evidence(own_address=True)),
        ("ipip", _SEGMENT, Evidence()),
        ("dscp", replace(_SEGMENT, sender=packed(VIP)), Evidence()),
        ("dscp", replace(_SEGMENT, to=packed(VIP)), Evidence()),
        ("dscp", replace(_SEGMENT, source_port=81), Evidence()),
        ("dscp", replace(_SEGMENT, destination_port=60999), Evidence()),
        ("ipip", _ENVELOPE, Evidence(refused=True)),
        ("ipip", replace(_ENVELOPE, protocol=41), Evidence(refused=True)),
        ("ipip", replace(_ENVELOPE, protocol=17), Evidence()),
        ("ipip", replace(_ENVELOPE, sender=packed(OWN)), Evidence()),
        ("ipip", replace(_ENVELOPE, to=packed(VIP)), Evidence()),
        ("gue", replace(_ENVELOPE, protocol=17), Evidence(refused=True)),
        (
            "dscp",
            replace(_CLOSED, sender=packed(REAL), to=packed(REAL)),
            Evidence(own_address=True),
        ),
        ("l2dsr", replace(_CLOSED, sender=packed(REAL), to=packed(REAL)), Evidence()),
        ("gue", _ENVELOPE, Evidence()),
        ("l2dsr", _ENVELOPE, Evidence()),
        ("l2dsr", _CLOSED, Evidence(closed=True)),
        ("l2dsr", replace(_CLOSED, destination_port=81), Evidence()),
        ("l2dsr", replace(_CLOSED, to=packed(REAL)), Evidence()),
    ],
)
def test_evidence(method: Method, one: Seen, wanted: Evidence) -> None:
    found = Evidence()
    found.note(_target(method), one)
    assert found == wanted


class FakeCase:
    """A look that is over when a test says so."""

    cases: list[FakeCase]

    def __init__(self, loop: Any, asker: Any, taps: Any, target: Target, found: Any) -> None:
        self.target, self.found, self.cancelled = target, found, False
        self.cases.append(self)

    def start(self) -> None:
        """Nothing."""

    def cancel(self) -> None:
        self.cancelled = True


class FakeWatch:
    """A target that is silent."""

    def __init__(self, name: str) -> None:
        self.target = replace(_target(), id=name)
        self.silent = True
        self.told: list[tuple[str, str]] = []

    def found(self, verdict: str, detail: str) -> None:
        self.told.append((verdict, detail))


class Practice:
    """A doctor, a clock, and cases that take as long as a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.loop = Loop(lambda: self.now)
        FakeCase.cases = []
        monkeypatch.setattr(doctors, "Case", FakeCase)
        self.doctor = Doctor(self.loop, Asker(self.loop, 1), Taps(self.loop))

    def silent(self, *watches: FakeWatch) -> None:
        for watch in watches:
            self.doctor.silent(watch)  # type: ignore[arg-type]

    def go(self, seconds: float) -> None:
        until = self.now + seconds
        self.loop.step(0)
        while self.now < until - 1e-9:
            self.now = min(self.now + 0.005, until)
            self.loop.step(0)


@pytest.fixture
def practice(monkeypatch: pytest.MonkeyPatch) -> Practice:
    return Practice(monkeypatch)


def test_one_that_stays_silent(practice: Practice) -> None:
    """It is looked at at once, and again after a minute."""
    watch = FakeWatch("1")
    practice.silent(watch, watch)
    practice.go(0.5)
    practice.silent(watch)
    practice.go(0.5)
    (case,) = FakeCase.cases
    case.found("vip-missing", "why")
    assert watch.told == [("vip-missing", "why")]
    for _ in range(round(AGAIN_SECONDS) - 2):
        practice.silent(watch)
        practice.go(1)
    assert len(FakeCase.cases) == 1
    practice.go(2)
    practice.silent(watch)
    practice.go(0.1)
    assert len(FakeCase.cases) == 2
    practice.loop.close()


def test_one_that_answered_in_between(practice: Practice) -> None:
    watch = FakeWatch("1")
    practice.silent(watch)
    practice.go(1)
    FakeCase.cases[0].found("no-answer", "")
    practice.doctor.answered("1")
    practice.silent(watch)
    practice.go(1)
    assert len(FakeCase.cases) == 2
    practice.loop.close()


def test_many_at_once(practice: Practice) -> None:
    """They are bounded, per second and at once; who is not silent any more is passed over."""
    watches = [FakeWatch(str(number)) for number in range(300)]
    practice.silent(*watches)
    practice.go(1)
    assert 0.8 * PER_SECOND <= len(FakeCase.cases) <= PER_SECOND + 1
    practice.go(10)
    assert len(FakeCase.cases) == MOST_AT_ONCE
    for watch in watches[MOST_AT_ONCE : MOST_AT_ONCE + 100]:
        watch.silent = False
    for case in list(FakeCase.cases):
        case.found("no-answer", "")
    practice.go(1)
    began = [int(case.target.id) for case in FakeCase.cases[MOST_AT_ONCE:]]
    assert began[0] == MOST_AT_ONCE + 100 and len(began) >= 0.8 * PER_SECOND
    practice.loop.close()


def test_forgotten(practice: Practice) -> None:
    one, other, third = (FakeWatch(str(number)) for number in range(3))
    practice.silent(one, other, third)
    practice.go(0)
    practice.doctor.forget("0")
    practice.doctor.forget("1")
    assert FakeCase.cases[0].cancelled
    practice.go(1)
    assert [case.target.id for case in FakeCase.cases] == ["0", "2"]
    practice.doctor.close()
    assert FakeCase.cases[1].cancelled
    practice.loop.close()


def test_it_cannot_be_looked_into() -> None:
    """The interface is not there, or who looks may not."""
    loop, told = Loop(), list[tuple[str, str]]()
    asker = Asker(loop, 1)
    target = replace(_target(), interface="nowhere0")
    Case(loop, asker, Taps(loop), target, lambda *found: told.append(found)).start()
    ((verdict, detail),) = told
    assert verdict == "no-answer"
    assert detail.startswith("nothing came; it could not be looked into: ")
    asker.close()
    loop.close()


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({}, ("eth0", VIP)),
        ({"method": "dscp"}, ("eth0", VIP)),
        ({"method": "nat"}, None),
        ({"routed": True}, None),
        ({"mac": ""}, None),
        ({"interface": ""}, None),
        ({"source": ""}, None),
    ],
)
def test_where_it_is_asked_who_answers(
    changed: dict[str, Any], place: tuple[str, str] | None
) -> None:
    target = replace(_target(), **{"interface": "eth0", "mac": "02:00:00:00:00:0b", **changed})
    assert place_of(target) == place
