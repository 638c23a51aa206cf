# SPDX-License-Identifier: Apache-2.0
"""The plain network, balancers in it, and the proof that nothing of them is left."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from dsrlb.dataplane.artifact import build
from tests.lab.instance import CACHE, Instance
from tests.lab.lasting import Lasting
from tests.lab.plain import (
    PREFIX,
    REALS,
    ROOT,
    Namespace,
    Plain,
    listed,
    processes_of,
    remove_stale,
)
from tests.lab.traffic import Load
from tests.lab.translated import MODES, Translated, translated
from tests.waiting import wait_until

# Those with the longest tests: at the end of a run the others would wait for one of them.
_LONG = {
    f"test_{name}.py"
    for name in (
        "compare",
        "crashed_moves",
        "fastest",
        "install",
        "kills",
        "resize",
        "upgrade",
        "upgrade_layout",
    )
}
HERE = Path(__file__).resolve().parent
_numbers = count(1)
_TAG = f"{os.getpid()}-"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests of the lab."""
    lab = [at for at, item in enumerate(items) if item.path.parent == HERE]
    ordered = sorted((items[at] for at in lab), key=lambda item: item.path.name not in _LONG)
    for at, item in zip(lab, ordered, strict=True):
        items[at] = item


def _real_server_states() -> set[str]:
    """What `real-server setup` keeps on this host; the real servers of tests keep it elsewhere."""
    return set(listed("/var/lib/dsrlb", "real-server-"))


def _left(before: set[str]) -> list[str]:
    """Namespaces, pins, files and processes of this run."""
    names = sorted(_real_server_states() - before)
    names += listed("/run/netns", f"{PREFIX}{_TAG}")
    for folder in ("/sys/fs/bpf/dsrlb", "/var/lib/dsrlb", "/run/dsrlb"):
        for prefix in ("t-", "lab-t"):
            names += [f"{folder}/{name}" for name in listed(folder, f"{prefix}{_TAG}")]
    return names + processes_of((f"{PREFIX}{_TAG}", f"t-{_TAG}", f"lab/t{_TAG}"))


@pytest.fixture(scope="session", autouse=True)
def nothing_left() -> Iterator[None]:
    """Clean up after killed runs before the first test; leave nothing after the last."""
    remove_stale(lambda pid: Path("/proc", str(pid)).exists())
    before = _real_server_states()
    yield
    wait_until("nothing is left", lambda: not _left(before), 5)


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """Have every program in the cache before the first start: several at once on a busy machine
    would each compile all of them, for longer than a test waits."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with ThreadPoolExecutor() as pool:  # the compiler works in processes of its own
            list(pool.map(partial(build, cache=CACHE), sorted((ROOT / "ebpf").glob("*.c"))))


@pytest.fixture(scope="session", params=MODES)
def mode_network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Translated]:
    """The network of each mode whose replies come back; one of them at a time."""
    with translated(request.param, tmp_path_factory.mktemp(request.param)) as network:
        yield network


@pytest.fixture(scope="session")
def _lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lasting]:
    """What tests with that mark share."""
    made = Lasting(f"{_TAG}s", tmp_path_factory.mktemp("lasting"))
    yield made
    made.remove()


@pytest.fixture
def plain(request: pytest.FixtureRequest, tmp_path: Path, _lasting: Lasting) -> Iterator[Plain]:
    """The network, built anew for the test; with a mark `reals`, with those; with a mark `lasting`,
    one that is there."""
    if request.node.get_closest_marker("lasting"):
        failed = request.session.testsfailed
        yield _lasting.network()
        if request.session.testsfailed > failed or not _lasting.is_as_it_was():
            _lasting.remove()
        return
    mark = request.node.get_closest_marker("reals")
    network = Plain(f"{_TAG}{next(_numbers)}", tmp_path, mark.args if mark else REALS)
    try:
        network.up()
        yield network
    finally:
        network.down()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Plain, Instance]]:
    """The network and a balancer (not yet started) in it, for all tests of a file: each of them
    puts back what it changes."""
    number = next(_numbers)
    network = Plain(f"{_TAG}{number}", tmp_path_factory.mktemp("plain"))
    instance = Instance(f"t-{_TAG}{number}", network.lb, network.folder)
    try:
        network.up()
        yield network, instance
    finally:
        instance.remove()
        network.down()


@pytest.fixture
def make_instance(plain: Plain, tmp_path: Path) -> Iterator[Callable[[Namespace], Instance]]:
    """Makes balancers (not yet started) in namespaces of the network."""
    made: list[Instance] = []

    def make(namespace: Namespace) -> Instance:
        made.append(Instance(f"t-{_TAG}{next(_numbers)}", namespace, tmp_path))
        return made[-1]

    yield make
    for instance in made:
        instance.remove()


@pytest.fixture
def balancer(
    request: pytest.FixtureRequest,
    plain: Plain,
    make_instance: Callable[[Namespace], Instance],
    _lasting: Lasting,
) -> Instance:
    """A balancer (not yet started) in the namespace lb; with a mark `lasting`, one that may run."""
    if request.node.get_closest_marker("lasting"):
        return _lasting.balancer()
    return make_instance(plain.lb)


@pytest.fixture
def load(plain: Plain) -> Iterator[Load]:
    """Clients that keep asking (not yet started), stopped at the latest here."""
    clients = Load(plain.client)
    yield clients
    clients.stop()
