# SPDX-License-Identifier: Apache-2.0
"""The control plane's times: commands, starts, changes, and what the daemon takes when idle.

Through the real command line, in a network namespace of its own: ``python -m tests.bench.control``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.bench import health, large
from tests.bench.checking import answerer
from tests.bench.timings import Row, cpu_seconds, memory, row
from tests.lab.instance import Instance
from tests.lab.plain import ROOT, Namespace, run
from tests.waiting import wait_until

ROUNDS = 11
SIZES = (1, 100, 1000)
"""Services, each with two real servers."""

_IDLE_SECONDS = 62.0  # with all that is done once a minute
_COMPILED_ROUNDS = 2  # a start that compiles everything takes seconds
_LARGE_ROUNDS = 3  # of changes of more than 100 services
_IMPORTS = {
    "python alone": "pass",
    "import of the command line": "import dsrlb.cli.main, dsrlb.cli.nouns",
}
_PREFIX = "10.70"
_WEIGHTS = (2, 1)


def _timed(work: Callable[..., object], *arguments: str) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def _config(services: int, weight: int = 1) -> str:
    """TOML; ``weight``: of the first real server of all."""
    lines = ["[balancer]", 'interfaces = ["eth0"]', "announce = false"]
    for number in range(services):
        vip = f"10.71.{number // 250}.{number % 250 + 1}"
        lines += ["[[service]]", f'name = "s{number}"', f'vip = "{vip}"', 'protocol = "tcp"']
        lines += ["port = 80", 'mode = "l2dsr"', 'health.type = "none"']
        for real in (2 * number, 2 * number + 1):
            lines += ["[[service.real]]", f'address = "{_real(real)}"']
            lines += ['mac = "02:00:00:00:00:01"', f"weight = {1 if real else weight}"]
    return "\n".join(lines) + "\n"


def _real(number: int) -> str:
    return f"{_PREFIX}.{1 + number // 250}.{number % 250 + 1}"


@contextmanager
def _namespace(name: str) -> Iterator[Namespace]:
    """A network namespace with an interface that leads nowhere."""
    run("ip", "netns", "add", name)
    try:
        found = Namespace(name)
        found.batch(
            "link add eth0 type veth peer eth1",
            *(f"link set {link} up" for link in ("lo", "eth0", "eth1")),
            f"address add {_PREFIX}.0.1/16 dev eth0",
        )
        yield found
    finally:
        run("ip", "netns", "delete", name)


@contextmanager
def _instance() -> Iterator[Instance]:
    """A balancer that does not run yet, with a cache of its own."""
    tag = f"bench-{os.getpid()}"
    with (
        tempfile.TemporaryDirectory(prefix="dsrlb-bench-") as folder,
        _namespace(f"dsrlb-{tag}") as namespace,
    ):
        instance = Instance(f"t-{tag}", namespace, Path(folder))
        instance.cache = Path(folder, "cache")
        try:
            yield instance
        finally:
            instance.remove()


def _imports(rounds: int) -> Iterator[Row]:
    """Of the command line without what Python itself takes."""
    seconds: dict[str, list[float]] = {name: [] for name in _IMPORTS}
    for _ in range(rounds):
        for name, program in _IMPORTS.items():
            command = (sys.executable, "-c", program)
            began = time.perf_counter()
            subprocess.run(command, check=True, cwd=ROOT)
            seconds[name].append(time.perf_counter() - began)
    alone, imported = seconds.values()
    yield row("python alone", alone)
    found = row("import of the command line, nouns", imported, 150)
    for key, base in (("min_ms", min(alone)), ("median_ms", median(alone))):
        found[key] = round(found[key] - 1000 * base, 1)
    yield found


def _starts(instance: Instance, rounds: int) -> Iterator[Row]:
    """From the command to an attached program, and until the daemon answers. It runs at the end."""
    for kind, count in (("compiled", min(rounds, _COMPILED_ROUNDS)), ("cached", rounds)):
        attached, answers = [], []
        for number in range(count):
            if kind == "compiled":
                shutil.rmtree(instance.cache, ignore_errors=True)
            if number or kind == "cached":
                instance.done("detach")
                instance.wait()
            answers.append(_timed(lambda: instance.start(_config(1), up=2)))
            status = instance.get("/status")
            assert status["bytecode"] == kind, status["bytecode"]
            attached.append(status["attach_seconds"])
        yield row(f"start, {kind}: attached", attached, 1500)
        yield row(f"start, {kind}: answers", answers)


def _taken_over(instance: Instance, rounds: int) -> Iterator[Row]:
    """A restart, which finds the pinned maps."""
    seconds = []
    for _ in range(rounds):
        instance.stop()
        instance.start(up=2)
        seconds.append(instance.get("/status")["attach_seconds"])
    yield row("restart: attached", seconds)


def _nouns(instance: Instance, rounds: int) -> Iterator[Row]:
    """Commands that ask the daemon, as their user waits for them."""
    for command, bar in ((("status",), 250), (("status", "--json"), 250), (("services",), None)):
        seconds = [_timed(instance.done, *command) for _ in range(rounds)]
        yield row(f"dsrlb {' '.join(command)}", seconds, bar)


def _idle(what: str, daemon: int, *others: int) -> Row:
    """Of a balancer without traffic, with tables for a million flows: what its processes take, and
    the daemon's memory with and without what is mapped."""
    pids = daemon, *others
    before = sum(map(cpu_seconds, pids))
    time.sleep(_IDLE_SECONDS)
    percent = 100 * (sum(map(cpu_seconds, pids)) - before) / _IDLE_SECONDS
    return {
        "case": "control",
        "what": what,
        "cpu_percent": round(percent, 2),
        "bar_percent": 1.0,
        **memory(daemon),
    }


def _idle_checked() -> Row:
    """The real servers' MAC addresses are asked for, and each is asked by TCP every two seconds."""
    with health.network() as (instance, reals), answerer(reals, health.PORT):
        instance.start(health.config(health.Case("tcp", 2, resolved=True)), up=2)
        checker = health.checker_of(instance.pid)
        return _idle("idle, real servers checked: both processes", instance.pid, checker)


def _changes(instance: Instance, services: int, rounds: int) -> Iterator[Row]:
    """Changes of a running configuration of so many services."""

    def of(what: str, seconds: Sequence[float]) -> Row:
        return row(f"{what}, {services} services", seconds, services=services)

    instance.done("apply", instance.write(_config(1)))
    first = _timed(lambda: instance.done("apply", instance.write(_config(services))))
    yield of("apply from one service to", [first])
    same = [_timed(instance.done, "apply", str(instance.file)) for _ in range(rounds)]
    yield of("apply, nothing changed", same)
    applied, reloaded, weighted, added = [], [], [], []
    for number in range(rounds):
        file = instance.write(_config(services, _WEIGHTS[number % 2]))
        applied.append(_timed(instance.done, "apply", file))
        instance.write(_config(services, 3))
        reloaded.append(_timed(lambda: _reload(instance)))
        weight = ("--weight", str(10 + number))
        change = ("real", "set", "s0", _real(0), *weight)
        weighted.append(_timed(instance.done, *change))
        added.append(_timed(instance.done, "real", "add", "s0", f"{_PREFIX}.0.9"))
        instance.done("real", "remove", "s0", f"{_PREFIX}.0.9")
    yield of("apply, one weight changed", applied)
    yield of("reload (SIGHUP), one weight changed", reloaded)
    yield of("real set --weight", weighted)
    yield of("real add", added)


def _reload(instance: Instance) -> None:
    last = instance.get("/events")[-1]["id"]
    instance.signal(signal.SIGHUP)

    def reloaded() -> bool:
        new = instance.get(f"/events?since={last}")
        return any(f"reload {instance.file}" in event["message"] for event in new)

    wait_until("the file is read again", reloaded, 60)


def measure(rounds: int = ROUNDS) -> Iterator[Row]:
    """Rows as they are measured; about four minutes. Needs root."""
    yield from _imports(rounds)
    with _instance() as instance:
        yield from _starts(instance, rounds)
        yield from _nouns(instance, rounds)
        yield _idle("idle daemon", instance.pid)
        yield from _taken_over(instance, rounds // 2)
        for services in SIZES:
            few = _LARGE_ROUNDS if services > 100 else rounds // 2
            yield from _changes(instance, services, few)
    yield _idle_checked()
    yield from large.measure()


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines for the terminal, times in ms."""
    yield f"{'control plane':<50} {'bar':>6} {'min':>8} {'median':>8} {'rounds':>6}"
    for each in rows:
        if "cpu_percent" in each:
            yield (
                f"{each['what']:<50} {each['cpu_percent']:.2f} % of a CPU (bar "
                f"{each['bar_percent']} %), RSS {each['rss_mb']} MB, of which {each['anon_mb']} MB "
                "its own"
            )
            continue
        bar = "" if each["bar_ms"] is None else f"{each['bar_ms']:g}"
        times = f"{each['min_ms']:>8.1f} {each['median_ms']:>8.1f} {each['rounds']:>6}"
        cpu = f"  ({each['cpu_ms']} ms of CPU)" if "cpu_ms" in each else ""
        own = ""
        if "rss_mb" in each:
            own = f"  (RSS {each['rss_mb']} MB, of which {each['anon_mb']} MB its own)"
        yield f"{each['what']:<50} {bar:>6} {times}{cpu}{own}"


def main() -> int:
    """Measure, and print the table."""
    for line in table(list(measure())):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
