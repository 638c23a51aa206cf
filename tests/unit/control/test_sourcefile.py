# SPDX-License-Identifier: Apache-2.0
"""Does the file say something else than what runs: told right, and validated once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dsrlb.config import Config
from dsrlb.config.files import bytes_of
from dsrlb.config.source import load, read
from dsrlb.control import sourcefile
from dsrlb.control.sourcefile import SourceFile

MAIN = 'include = ["more/*.toml"]\n[balancer]\ninterfaces = ["eth0"]\n'
SERVICE = """[[service]]
name = "s{0}"
vip = "192.0.2.{0}"
protocol = "tcp"
port = 80
mode = "l2dsr"
real = [{{ address = "10.0.0.11" }}]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One that includes a folder with a file."""
    main = tmp_path / "main.toml"
    main.write_text(MAIN)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.toml").write_text(SERVICE.format(2))
    return main


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was validated."""
    found: list[str] = []

    def noted(text: str, filename: str, *more: Any) -> Any:
        found.append(filename)
        return read(text, filename, *more)

    monkeypatch.setattr(sourcefile, "read", noted)
    return found


def test_the_same_bytes_are_validated_once(file: Path, reads: list[str]) -> None:
    source, config = SourceFile(), load(file)
    assert [source.differs(file, config) for _ in range(3)] == [False] * 3
    os.utime(file, (1, 1))
    assert not source.differs(file, config)
    assert reads == [str(file)]
    assert source.differs(file, config.model_copy(update={"service": ()}))
    assert reads == [str(file)]


def write_main(file: Path) -> None:
    """Another file of the same size and time."""
    times = file.stat()
    file.write_text(MAIN.replace("eth0", "eth1"))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def write_included(file: Path) -> None:
    """What is included."""
    (file.parent / "more" / "b.toml").write_text(SERVICE.format(3))


def add_included(file: Path) -> None:
    """One more that fits the pattern."""
    (file.parent / "more" / "a.toml").write_text(SERVICE.format(1))


def remove_included(file: Path) -> None:
    """One fewer."""
    (file.parent / "more" / "b.toml").unlink()


@pytest.mark.parametrize("change", [write_main, write_included, add_included, remove_included])
def test_other_bytes(change: Any, file: Path) -> None:
    source, before = SourceFile(), load(file)
    assert not source.differs(file, before)
    change(file)
    assert source.differs(file, before)
    assert source.differs(file, before)
    if change is remove_included:
        file.write_text(MAIN + SERVICE.format(2))
    assert not source.differs(file, load(file))


def test_what_is_wrong_is_not_what_was_right(file: Path) -> None:
    source, config = SourceFile(), load(file)
    assert not source.differs(file, config)
    file.write_text("[")
    assert source.differs(file, config)
    file.unlink()
    assert source.differs(file, config)
    file.write_text(MAIN)
    assert not source.differs(file, config)


def test_other_files(file: Path) -> None:
    """It may be another one from one question to the next, or none."""
    source, config = SourceFile(), load(file)
    other = file.with_name("other.toml")
    other.write_text(MAIN + SERVICE.format(9))
    assert not source.differs(file, config)
    assert source.differs(other, config)
    assert not source.differs(other, load(other))
    assert not source.differs(file, config)
    assert not source.differs(None, config)


def test_it_is_compared_with_what_was_validated(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that changes while it is read is not taken for what it was before, nor after."""
    source, before = SourceFile(), load(file)

    def changed(text: str, *more: Any) -> tuple[Config, Any]:
        found = read(text, *more)
        file.write_text(MAIN + SERVICE.format(7))
        return found

    monkeypatch.setattr(sourcefile, "read", changed)
    assert not source.differs(file, before)  # it was so
    monkeypatch.setattr(sourcefile, "read", read)
    assert source.differs(file, before)
    assert not source.differs(file, load(file))


def test_what_somebody_else_has_validated(file: Path, reads: list[str]) -> None:
    """Unless other files are a part of it, or the file is another than he read."""
    source = SourceFile()
    including, includes = read(MAIN, str(file))
    source.learn(file, MAIN, includes, including)
    assert not source.differs(file, load(file))
    assert reads == [str(file)]
    text = MAIN.replace("include", "# include") + SERVICE.format(1)
    file.write_text(text)
    config, origin = read(text, str(file))
    source.learn(file, text, origin, config)
    assert not source.differs(file, config)
    assert reads == [str(file)]
    file.write_text(text.replace("port = 80", "port = 81"))
    assert source.differs(file, config)
    assert reads == [str(file)] * 2


def test_a_change_does_not_wait_for_who_looks(
    file: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who validates a large file takes seconds, in which the next change would have to wait."""
    source, text = SourceFile(), MAIN.replace("include", "# include") + SERVICE.format(1)
    file.write_text(text)
    config, origin = read(text, str(file))

    def meanwhile(path: Path) -> bytes:
        learned = ThreadPoolExecutor(1).submit(source.learn, file, text, origin, config)
        learned.result(10)  # not by `with`: whoever waits for him waits for ever
        return bytes_of(path)

    monkeypatch.setattr(sourcefile, "bytes_of", meanwhile)
    assert not source.differs(file, config)
    monkeypatch.setattr(sourcefile, "bytes_of", bytes_of)
    assert not source.differs(file, config)
    assert reads == [str(file)]
