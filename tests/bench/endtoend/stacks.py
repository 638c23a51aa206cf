# SPDX-License-Identifier: Apache-2.0
"""Real TCP: wrk on the client, nginx on every real server, a connection for each request.

The kernels' TCP on the client and the real servers costs many times what a balancer does, so the
rate is theirs; what the balancer adds is its CPU time for each connection.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from dsrlb.errors import DsrlbError
from tests.bench.endtoend.loads import Run
from tests.bench.endtoend.network import Network
from tests.bench.endtoend.session import Place, Session
from tests.bench.endtoend.variants import STACK_PORT
from tests.lab.plain import Namespace
from tests.waiting import wait_until

_SECONDS = 1
_FIRST = ("nice", "-n", "-20")  # before what else is on the machine
_CONNECTIONS = 32
_COUNT = re.compile(r"^\s*(\d+) requests in ([\d.]+)(ms|s),", re.MULTILINE)
_ERRORS = re.compile(r"^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)$")
_REFUSED = re.compile(r"^\s*Non-2xx or 3xx responses: (\d+)$", re.MULTILINE)
_NGINX = """\
daemon off;
user root;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_timeout 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {port} backlog=4096;
        location = / {{ return 200 "ok\\n"; }}
    }}
}}
"""


def parse_wrk(text: str) -> tuple[int, float, int]:
    """What wrk printed: requests, seconds, and how many failed. Raises DsrlbError."""
    counted = _COUNT.search(text)
    if counted is None:
        raise DsrlbError(f"wrk says no number of requests:\n{text}")
    seconds = float(counted[2]) / (1000 if counted[3] == "ms" else 1)
    failed = sum(map(int, found.groups())) if (found := _errors(text)) else 0
    refused = _REFUSED.search(text)
    return int(counted[1]), seconds, failed + (int(refused[1]) if refused else 0)


def _errors(text: str) -> re.Match[str] | None:
    return next(filter(None, map(_ERRORS.match, text.splitlines())), None)


@contextmanager
def servers(network: Network) -> Iterator[None]:
    """nginx on every real server."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        for one in network.reals:
            place = network.folder / one.name
            place.mkdir()
            config = place / "nginx.conf"
            config.write_text(_NGINX.format(folder=place, port=STACK_PORT))
            command = (*_FIRST, "nginx", "-c", str(config), "-e", str(place / "nginx.log"))
            started.append(subprocess.Popen(one.enter(*command)))
        for one in network.reals:
            wait_until(f"nginx serves in {one.name}", partial(_serves, one))
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(10)


def _serves(one: Namespace) -> bool:
    return f":{STACK_PORT} " in one.run("ss", "-Hltn")


def connections(session: Session, place: Place) -> Run:
    """As many connections as go, one request each. Raises DsrlbError."""
    variant = place.variant
    url = f"http://{variant.vip}:{STACK_PORT}/"
    load = ("wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{_SECONDS}s", "-H", "Connection: close", url)
    before, cpu, waited = _received(session), place.cpu_time(), place.waited()
    start = time.monotonic()
    text = session.network.client.run(*_FIRST, *load)
    seconds, cpu = time.monotonic() - start, place.cpu_time() - cpu
    waited = place.waited() - waited
    received = [now - then for now, then in zip(_received(session), before, strict=True)]
    done, _, failed = parse_wrk(text)
    _check(variant.name, done, failed, received, balanced=variant.kind != "kernel")
    return Run(seconds, done, sum(received), cpu, done + failed, failed, waited)


def _received(session: Session) -> list[int]:
    """Frames that the switch has sent to each real server."""
    found = []
    for number, one in enumerate(session.network.reals):
        lines = one.run("cat", "/proc/net/dev").splitlines()
        row = next(line for line in lines if line.strip().startswith(f"r{number}:"))
        found.append(int(row.partition(":")[2].split()[1]))
    return found


def _check(name: str, done: int, failed: int, received: Sequence[int], *, balanced: bool) -> None:
    """Did clients get what they asked for, and every real server its share?"""
    if not done or failed > 0.001 * done:
        raise DsrlbError(f"{name}: {failed} of {done + failed} real connections failed")
    if balanced and min(received) < 0.5 * max(received):
        raise DsrlbError(f"{name}: real servers got {received} frames")


def needed() -> list[str]:
    """The programs that are not there."""
    paths = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/sbin", "/sbin"]
    return [
        name
        for name in ("haproxy", "wrk", "nginx", "ss", "nft", "ethtool")
        if not any(Path(path, name).exists() for path in paths)
    ]
