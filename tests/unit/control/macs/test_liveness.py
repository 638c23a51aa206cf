# SPDX-License-Identifier: Apache-2.0
"""Who left how many questions unanswered, and who is asked next."""

from __future__ import annotations

from ipaddress import ip_address

from dsrlb.control.macs.liveness import MISSES, PER_ROUND, ROUND_SECONDS, Liveness
from dsrlb.net.links import IPAddress
from dsrlb.net.neighbours import Place

A: Place = (2, ip_address("10.0.0.1"))
B: Place = (2, ip_address("fd00::1"))


def rounds(
    live: Liveness, ages: list[dict[Place, float]], start: float = 100.0
) -> list[set[Place]]:
    """A and B are asked at ``start`` and after every round; ``ages``: what the kernel says at each
    round's end. Returns who is found silent, by round."""
    found = []
    now = start
    for confirmed in ages:
        live.asked(live.turn([A, B]), now)
        now += ROUND_SECONDS
        found.append(live.judge(confirmed, now))
    return found


def test_answers() -> None:
    """An answer comes a moment after its question."""
    assert rounds(Liveness(), [{A: 0.39, B: 0.4}] * 10) == [set()] * 10


def test_silence() -> None:
    ages = [{A: 0.4 * n, B: 0.4} for n in range(1, 6)]
    assert rounds(Liveness(), ages) == [set(), set(), set(), {A}, set()]


def test_a_lost_answer() -> None:
    ages = [{A: age, B: 0.4} for age in (0.4, 0.8, 1.2, 0.4, 0.8, 1.2, 0.4)]
    assert rounds(Liveness(), ages) == [set()] * 7


def test_a_late_answer() -> None:
    """To the question before the last one."""
    assert rounds(Liveness(), [{A: 0.1, B: 0.4}] * 5) == [set()] * 5


def test_whom_the_kernel_does_not_believe() -> None:
    """It asks by itself, and says so."""
    assert rounds(Liveness(), [{B: 0.4}] * 10) == [set()] * 10
    ages = [{A: 0.8, B: 0.4}, {A: 1.2, B: 0.4}, {B: 0.4}, {A: 0.8, B: 0.4}, {A: 1.2, B: 0.4}]
    assert rounds(Liveness(), ages) == [set()] * 5


def test_silent_again_after_as_many_questions() -> None:
    found = rounds(Liveness(), [{A: 100.0, B: 0.4}] * 3 * MISSES)
    assert [bool(silent) for silent in found] == ([False] * (MISSES - 1) + [True]) * 3


def test_nobody_is_judged_before_having_had_time() -> None:
    """Rounds that follow one another at once are one question."""
    live = Liveness()
    for number in range(10):
        live.asked([A], 100 + number / 100)
        assert live.judge({A: 50.0}, 100 + number / 100 + 0.001) == set()
    live.asked([A], 100.2)
    assert live.judge({A: 0.25}, 100.25) == set()  # answered the first of them
    assert rounds(live, [{A: 50.0, B: 0.4}] * (MISSES - 1), 101.0) == [set()] * (MISSES - 1)


def test_a_daemon_that_was_stopped_blames_nobody() -> None:
    """The answer came right after the question, a minute ago."""
    live = Liveness()
    for number in range(2 * MISSES):
        live.asked([A], 100.0 + 60 * number)
        assert live.judge({A: 60.0}, 160.0 + 60 * number) == set()


def test_who_is_no_real_any_more_is_forgotten() -> None:
    live = Liveness()
    rounds(live, [{A: 100.0, B: 0.4}] * (MISSES - 1))
    live.turn([B])
    assert rounds(live, [{A: 100.0, B: 0.4}] * (MISSES - 1), 200.0) == [set()] * (MISSES - 1)


def test_turns() -> None:
    """Those who missed a question at once, in half of a round at most; the others in turn."""
    places: list[Place] = [(2, ip_address(0x0A000000 + number)) for number in range(3 * PER_ROUND)]
    live = Liveness()
    answers = dict.fromkeys(places, 0.0)
    now = 100.0
    seen: list[Place] = []
    for _ in range(3):
        turn = live.turn(places)
        assert len(turn) == PER_ROUND
        live.asked(turn, now)
        now += ROUND_SECONDS
        silent = dict.fromkeys(turn[:5], 100.0) if not seen else {}
        live.judge(answers | silent, now)
        seen += turn
    assert set(seen[:5]) <= set(seen[PER_ROUND : 2 * PER_ROUND])
    assert len(set(seen)) == 3 * PER_ROUND - 5


def test_one_dead_among_many_is_found_a_turn_and_a_few_rounds_later() -> None:
    """However its death falls into the turn: asked by the end of it, then in every round."""
    places: list[Place] = [(2, ip_address(0x0A000000 + number)) for number in range(250)]
    turn = -(-len(places) // PER_ROUND)
    for dead in (places[0], places[100], places[-1]):
        live = Liveness()
        confirmed = dict.fromkeys(places, 0.0)
        now = 100.0
        found = 0
        for number in range(3 * turn):
            live.asked(live.turn(places), now)
            now += ROUND_SECONDS
            if number >= turn:  # dead from here on, after a whole turn in which all answered
                confirmed[dead] = confirmed[dead] + ROUND_SECONDS + 1.0
            if dead in live.judge(confirmed, now):
                found = number + 1 - turn
                break
        assert 0 < found <= turn + MISSES


def test_turns_of_many_cost_no_more_than_those_of_few() -> None:
    """A round looks at those whom it asks, and not at all: of 65,536 as of 100."""

    class Counted(tuple[int, IPAddress]):
        looked = 0

        def __hash__(self) -> int:
            Counted.looked += 1
            return super().__hash__()

    looked = []
    for count in (100, 65_536):
        places = [Counted((2, ip_address(0x0A000000 + number))) for number in range(count)]
        live = Liveness()
        live.asked(live.turn(places), 100.0)
        Counted.looked = 0
        for number in range(1, 10):
            live.judge(dict.fromkeys(live.waiting, 0.1), 100.0 + number * ROUND_SECONDS)
            live.asked(live.turn(places), 100.0 + number * ROUND_SECONDS)
        looked.append(Counted.looked)
    assert looked[0] == looked[1]


def test_who_is_new_is_next() -> None:
    places: list[Place] = [(2, ip_address(0x0A000000 + number)) for number in range(2 * PER_ROUND)]
    live = Liveness()
    live.asked(live.turn(places), 100.0)
    assert live.turn([*places, B])[0] == B


def test_those_who_missed_one_take_turns() -> None:
    """More of them than half of a round: none is asked twice before each was."""
    places: list[Place] = [(2, ip_address(0x0A000000 + number)) for number in range(PER_ROUND)]
    live = Liveness()
    now = 100.0
    live.asked(live.turn(places), now)
    live.judge(dict.fromkeys(places, 100.0), now + ROUND_SECONDS)
    turns = []
    for number in range(1, 3):
        turns.append(live.turn(places))
        live.asked(turns[-1], now + number * ROUND_SECONDS)
    assert [len(turn) for turn in turns] == [PER_ROUND // 2] * 2
    assert set(turns[0]) | set(turns[1]) == set(places)


def test_who_cannot_be_asked_keeps_nobody_waiting() -> None:
    """By an interface that sends nothing, or from no address: more than there are in a round."""
    places: list[Place] = [(2, ip_address(0x0A000000 + number)) for number in range(2 * PER_ROUND)]
    live = Liveness()
    seen: set[Place] = set()
    for number in range(2):
        turn = live.turn(places)
        seen.update(turn)
        live.asked([place for place in turn if place in places[PER_ROUND:]], 100.0 + number)
    assert seen == set(places)
