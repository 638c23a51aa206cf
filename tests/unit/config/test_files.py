# SPDX-License-Identifier: Apache-2.0
"""Files that have no end, are none, or hold what cannot be read: each is told, and soon."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from dsrlb.config.edit import edit
from dsrlb.config.nesting import too_long_key
from dsrlb.config.source import load, load_with_origin, parse
from dsrlb.control.sourcefile import SourceFile
from dsrlb.errors import ConfigError
from tests.unit.config.cases import GOOD

DEEP = {
    "brackets": "x = " + "[" * 500 + "]" * 500,
    "more brackets": "x = " + "[" * 20_000 + "]" * 20_000,
    "tables": "x = " + "{a=" * 500 + "1" + "}" * 500,
    "dots": "x" + ".a" * 20_000 + " = 1",
    "a header": "[x" + ".a" * 20_000 + "]",
    "33": "x = " + "[" * 33 + "]" * 33,
}


def refusal(file: Path) -> str:
    """What is wrong with it."""
    with pytest.raises(ConfigError) as refused:
        load(file)
    (problem,) = refused.value.problems
    return str(problem)


@pytest.fixture
def including(tmp_path: Path) -> Path:
    """A file that includes x.toml."""
    main = tmp_path / "main.toml"
    main.write_text(f'include = ["x.toml"]\n{GOOD}')
    return main


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_what_is_too_deep(text: str, including: Path) -> None:
    with pytest.raises(ConfigError, match="more than 32 deep"):
        parse(f"{text}\n{GOOD}", "f.toml")
    included = including.with_name("x.toml")
    included.write_text(text)
    assert refusal(including).startswith(f"{included}: TOML = ")
    assert SourceFile().differs(including, parse(GOOD, "good.toml"))


PARTS = ".".join(["a"] * 34)


@pytest.mark.parametrize(
    "text",
    [
        f"{PARTS} = 1",
        f"[{PARTS}]",
        f"[[ {PARTS} ]]",
        f"x = {{ y = 1, {PARTS} = 1 }}",
        f"x = {{{PARTS}=1}}",
        "\t" + " . ".join(["'a b'", '"c.d"'] * 17) + " = 1",
    ],
)
def test_keys_of_many_parts(text: str) -> None:
    """They are found before tomllib is asked, which takes the square of their number."""
    assert too_long_key(text)
    assert too_long_key("x = 1\n" * 50_000 + text)
    assert too_long_key("#" * ((1 << 16) - 20) + "\n" + text)
    with pytest.raises(ConfigError, match="more than 32 deep"):
        parse(f"{text}\n{GOOD}", "f.toml")


@pytest.mark.parametrize(
    "text",
    [
        f'x = "{PARTS}"',
        f'x = "{PARTS} y = 1"',
        f"# {PARTS} = 1",
        f'x = ["{PARTS}", "{PARTS}"]',
        f"{PARTS[4:]} = 1",
        "x = 1.5\n" * 100,
    ],
)
def test_what_are_no_keys_of_many_parts(text: str) -> None:
    """Such as names in the tree of addresses, ip6.arpa, which have 34 parts."""
    assert not too_long_key(text)
    tomllib.loads(text.split("\n")[0])


def test_as_deep_as_may_be() -> None:
    with pytest.raises(ConfigError, match="unknown key"):
        parse(f"x = {'[' * 32}{']' * 32}\n{GOOD}", "f.toml")


@pytest.mark.parametrize("text", ["[" * 500, "{a=" * 500 + "1" + "}" * 500])
def test_a_command_that_is_too_deep(text: str) -> None:
    change = {"verb": "real-add", "service": "web", "address": text, "settings": {}}
    with pytest.raises(ConfigError):
        edit(parse(GOOD, "good.toml"), change)


def test_a_pipe(including: Path) -> None:
    """Nobody writes into it."""
    pipe = including.with_name("x.toml")
    os.mkfifo(pipe)
    assert refusal(including) == f"{pipe}: file = {pipe}: not a regular file"
    assert refusal(pipe) == f"{pipe}: file = {pipe}: not a regular file"
    assert SourceFile().differs(pipe, parse(GOOD, "good.toml"))


def test_a_device(including: Path) -> None:
    including.with_name("x.toml").symlink_to("/dev/zero")
    assert refusal(including).endswith("x.toml: not a regular file")


def test_a_pipe_that_is_named(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, GOOD.encode())
    os.close(writer)
    config, _ = load_with_origin(Path(f"/dev/fd/{reader}"), pipes=True)
    os.close(reader)
    assert config.service
    with pytest.raises(ConfigError, match="over 16 MiB"):
        load_with_origin(Path("/dev/zero"), pipes=True)


def test_a_folder(including: Path) -> None:
    including.with_name("x.toml").mkdir()
    assert refusal(including).endswith("x.toml: Is a directory")


def test_whatever_goes_wrong_it_differs(including: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> None:
        raise MemoryError

    monkeypatch.setattr("dsrlb.control.sourcefile.bytes_of", broken)
    assert SourceFile().differs(including, parse(GOOD, "good.toml"))
