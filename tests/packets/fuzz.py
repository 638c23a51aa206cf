# SPDX-License-Identifier: Apache-2.0
"""Program against model over services of all modes at once, both directions, for as long as wanted.

    python -m tests.packets.fuzz --time 10m [--seed N]
    python -m tests.packets.fuzz --replay build/fuzz/FILE

Frames come in episodes, each from a state without flows, out of a generator that is seeded with
the run's seed and the episode's number. In every other one real servers stop answering, are found
down, and come back. When program and model disagree, the episode is made as short as still shows
that, and kept for --replay.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dsrlb.control.desired.contents import RealId
from dsrlb.dataplane import bpf
from tests.packets import mixture, mixture_paired
from tests.packets.evidence import check
from tests.packets.harness import Program
from tests.packets.model import Model, Real
from tests.packets.standings import Standings
from tests.packets.twoway import Sent, TwoWay

FOLDER = Path(__file__).resolve().parents[2] / "build/fuzz"
EPISODE = 1000
"""Frames, at least."""
CHANGE = 0
"""In the place of an interface: what follows is no frame, but how a real server comes to stand."""

Reals = dict[tuple[str, str], Real]
Build = Callable[[], tuple[Model, Reals]]
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


@dataclass
class Difference(Exception):
    """Program and model disagree about the last of ``frames``."""

    frames: list[Sent]
    words: str

    def __str__(self) -> str:
        return self.words


def generator(seed: str | random.Random) -> TwoWay:
    """Frames for the services of mixture.py."""
    source = seed if isinstance(seed, random.Random) else random.Random(seed)
    natted = [
        address
        for number in mixture_paired.PLACES
        for address in (f"10.0.0.{number}", f"fd00::{number}")
    ]
    ports = (mixture.PORTS, mixture_paired.PORTS)
    return TwoWay(source, mixture.VIPS, ports, mixture.TUNNELS, natted)


class Engine:
    """A program with the services of mixture.py, and what became of the frames so far."""

    def __init__(self, program: Program, build: Build = mixture.build) -> None:
        self.program = program
        self._build = build
        self.frames = 0
        self.reasons: Counter[str] = Counter()
        self.kinds: Counter[tuple[str, int, str]] = Counter()
        self._changed = False
        mixture.configure(program)
        self._counted = self._traffic()

    def _traffic(self) -> dict[RealId, tuple[int, ...]]:
        names = ("packets", "bytes", "flows", "reply_packets", "reply_bytes")
        found = {}
        for identity, real in self.program.applier.installed.reals.items():
            total = self.program.maps["real_traffic"].get(real.index)
            assert total is not None
            found[identity] = tuple(int(total[name].sum()) for name in names)
        return found

    def _begin(self) -> tuple[Model, Reals, Standings]:
        if self._changed:
            mixture.configure(self.program)
            self._changed = False
        self.program.rewind()
        model, reals = self._build()
        return model, reals, Standings(self.program, model, reals)

    def _step(self, model: Model, standings: Standings, sent: Sent, number: int) -> None:
        link, frame = sent
        if link == CHANGE:
            self._changed = True
            standings.set(frame.decode())
            return
        expected = model.process(frame, link)
        check(f"fuzz-{number}", frame, expected, self.program.run(frame, link))
        self.reasons[expected.reason] += 1

    def _count(self, reals: Reals) -> None:
        """What is counted of each real server since the last time."""
        before, self._counted = self._counted, self._traffic()
        for identity, now in self._counted.items():
            real = reals[identity.service.name, str(identity.address)]
            grown = tuple(a - b for a, b in zip(now, before[identity], strict=True))
            said = (real.packets, real.bytes, real.new, real.reply_packets, real.reply_bytes)
            assert grown == said, f"{identity}: {grown} counted, {said} expected"
            load = self.program.load(identity)
            assert load == (real.open, real.pending), f"{identity}: {load} {real}"
        assert self.program.loads() == self.program.counted()

    def episode(self, make: TwoWay, frames: int = EPISODE, *, changes: bool = False) -> None:
        """Frames of a generator, and then the counters; Difference when there is one. With
        ``changes`` real servers come to stand another way now and then."""
        model, reals, standings = self._begin()
        sent: list[Sent] = []
        try:
            while len(sent) < frames:
                following = make.next(model)
                if changes and make.random.random() < 0.06:
                    following.insert(0, (CHANGE, standings.draw(make.random).encode()))
                for one in following:
                    sent.append(one)
                    self._step(model, standings, one, len(sent))
            self._count(reals)
        except AssertionError as error:
            self._counted = self._traffic()
            raise Difference(sent, str(error)) from error
        self.frames += len(sent)
        self.kinds += model.deliverer.forwarded

    def again(self, frames: Iterable[Sent]) -> str:
        """The difference that a list of frames shows, or ""."""
        model, reals, standings = self._begin()
        self._counted = self._traffic()
        try:
            for number, one in enumerate(frames):
                self._step(model, standings, one, number)
            self._count(reals)
        except AssertionError as error:
            return str(error)
        return ""

    def shortest(self, frames: list[Sent]) -> list[Sent]:
        """As few of the frames as still show a difference: ever smaller pieces are left out."""
        if not self.again(frames):
            return frames  # not by these frames alone
        size = len(frames) // 2
        while size:
            at = 0
            while at < len(frames):
                fewer = frames[:at] + frames[at + size :]
                if fewer and self.again(fewer):
                    frames = fewer
                else:
                    at += size
            size //= 2
        return frames


@dataclass
class Kept:
    """A failing sequence in a file. ``settings``: the keys of the program's hashes, which decide
    what it chooses."""

    seed: str
    words: str
    frames: list[Sent]
    settings: str
    path: Path = field(default_factory=Path)

    def write(self, folder: Path) -> Path:
        """Write it."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"seed-{self.seed}.json"
        frames = [[link, frame.hex()] for link, frame in self.frames]
        content = {"seed": self.seed, "error": self.words, "flow_settings": self.settings}
        path.write_text(json.dumps(content | {"frames": frames}, indent=1) + "\n")
        return path

    @classmethod
    def read(cls, path: Path) -> Kept:
        """Read one."""
        content: dict[str, Any] = json.loads(path.read_text())
        frames = [(int(link), bytes.fromhex(frame)) for link, frame in content["frames"]]
        return cls(content["seed"], content["error"], frames, content["flow_settings"], path)


def settings_of(program: Program) -> str:
    """The content of flow_settings."""
    settings = program.maps["flow_settings"]
    value = bpf.map_lookup(settings.fd, bytes(4), settings.layout.value_size)
    assert value is not None
    return value.hex()


def replay(engine: Engine, path: Path) -> str:
    """What the frames in a file show now, or ""."""
    kept = Kept.read(path)
    before = settings_of(engine.program)
    fd = engine.program.maps["flow_settings"].fd
    engine.program.forget_flows()
    bpf.map_update(fd, bytes(4), bytes.fromhex(kept.settings))
    try:
        return engine.again(kept.frames)
    finally:
        engine.program.forget_flows()
        bpf.map_update(fd, bytes(4), bytes.fromhex(before))


def run(engine: Engine, seed: int, more: Callable[[], bool], folder: Path = FOLDER) -> Path | None:
    """Episodes while ``more``; where a failing one is kept, or None."""
    number = 0
    while more():
        name = f"{seed}-{number}"
        try:
            engine.episode(generator(name), changes=number % 2 == 1)
        except Difference as found:
            frames = engine.shortest(found.frames)
            words = engine.again(frames) or found.words
            return Kept(name, words, frames, settings_of(engine.program)).write(folder)
        number += 1
    return None


def seconds(text: str) -> float:
    """ "90", "90s", "10m", "1h"."""
    found = re.fullmatch(r"(\d+)([smh]?)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text}: a time such as 90s, 10m or 1h")
    return int(found[1]) * _UNITS[found[2]]


def main(arguments: list[str] | None = None) -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="tests.packets.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--time", type=seconds, default=600.0, help="90s, 10m, 1h (default: 10m)")
    parser.add_argument("--seed", type=int, help="default: a random one, which is told")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="a sequence that was kept")
    given = parser.parse_args(arguments)
    with closing(Program()) as program:
        engine = Engine(program)
        if given.replay is not None:
            words = replay(engine, given.replay)
            print(words or f"{given.replay}: program and model agree now")
            return 1 if words else 0
        seed = secrets.randbelow(1 << 32) if given.seed is None else given.seed
        print(f"seed {seed}", flush=True)
        began = time.monotonic()
        kept = run(engine, seed, lambda: time.monotonic() - began < given.time)
        took = time.monotonic() - began
    if kept is not None:
        print(f"{Kept.read(kept).words}\nagain: python -m tests.packets.fuzz --replay {kept}")
        return 1
    print(f"{engine.frames} packets in {took:.0f} s, no difference; {dict(engine.reasons)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
