# SPDX-License-Identifier: Apache-2.0
"""Included files: groups and services only; an error in one names that file and its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsrlb.config.source import load, load_with_origin
from dsrlb.errors import ConfigError, Problem

MAIN = '[balancer]\ninterfaces = "eth0"\n'
GROUP = '[[group]]\nname = "web"\n[[group.real]]\naddress = "10.0.0.11"\n'
SERVICE = (
    '[[service]]\nname = "{name}"\nvip = "192.0.2.10"\nprotocol = "tcp"\nport = {port}\n'
    'mode = "l2dsr"\ngroup = "web"\n'
)


def write(folder: Path, include: str, **files: str) -> Path:
    """The main file with this ``include``, and files in conf.d; returns the main file."""
    (folder / "conf.d").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "conf.d" / f"{name}.toml").write_text(text)
    main = folder / "dsrlb.toml"
    main.write_text(f"include = {include}\n{MAIN}{GROUP}")
    return main


def problem_of(main: Path) -> Problem:
    """The one problem of a file."""
    with pytest.raises(ConfigError) as caught:
        load(main)
    (problem,) = caught.value.problems
    return problem


def test_relative_file(tmp_path: Path) -> None:
    main = write(tmp_path, '"conf.d/a.toml"', a=SERVICE.format(name="a", port=80))
    assert [service.name for service in load(main).service] == ["a"]


def test_absolute_file(tmp_path: Path) -> None:
    main = write(tmp_path, f'["{tmp_path}/conf.d/a.toml"]', a=SERVICE.format(name="a", port=80))
    assert [service.name for service in load(main).service] == ["a"]


def test_pattern_in_order_of_names(tmp_path: Path) -> None:
    files = {name: SERVICE.format(name=name, port=port) for name, port in (("b", 81), ("a", 80))}
    assert [s.name for s in load(write(tmp_path, '"conf.d/*.toml"', **files)).service] == ["a", "b"]


def test_pattern_that_matches_nothing(tmp_path: Path) -> None:
    assert load(write(tmp_path, '"conf.d/*.toml"')).service == ()


def test_folder_with_the_characters_of_a_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "a[b]*"
    folder.mkdir()
    main = write(folder, '"conf.d/*.toml"', a=SERVICE.format(name="a", port=80))
    assert len(load(main).service) == 1


def test_missing_file(tmp_path: Path) -> None:
    main = write(tmp_path, '"conf.d/nowhere.toml"')
    problem = problem_of(main)
    assert (problem.file, problem.line, problem.key) == (str(main), 1, "include")
    assert problem.value == '"conf.d/nowhere.toml"'
    assert problem.message == "there is no such file"


@pytest.mark.parametrize("value", ["5", "[1]", "true"])
def test_include_is_files(tmp_path: Path, value: str) -> None:
    problem = problem_of(write(tmp_path, value))
    assert (problem.line, problem.key) == (1, "include")
    assert "a list of files or patterns" in problem.message


def test_missing_main_file(tmp_path: Path) -> None:
    problem = problem_of(tmp_path / "none.toml")
    assert (problem.file, problem.line) == (str(tmp_path / "none.toml"), None)
    assert problem.message == "No such file or directory"


def test_main_file_that_is_no_text(tmp_path: Path) -> None:
    main = tmp_path / "dsrlb.toml"
    main.write_bytes(b"a = 1\nb = '\xff'\n")
    problem = problem_of(main)
    assert (problem.line, problem.message) == (2, "not UTF-8 text")


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        (SERVICE.format(name="b", port=0), 5, "service[1].port", "a port from 1 to 65535"),
        (SERVICE.format(name="b", port="81\ncolour = 1"), 6, "service[1].colour", "unknown key"),
        (SERVICE.format(name="a", port=81), 2, "service[1].name", "has this name already"),
        (SERVICE.format(name="b", port=80), 5, "service[1].port", "belongs to service 'a'"),
        ("x = \n", 1, "TOML", "Invalid value"),
        (MAIN, 1, "balancer", "[[group]] and [[service]] only"),
        ("\nfoo = 1\n", 2, "foo", "[[group]] and [[service]] only"),
        ('\n\ninclude = "c.toml"\n', 3, "include", "includes go one deep: name these files in /"),
        ('[[bridge]]\nname = "br0"\n', 1, "bridge", "[[group]] and [[service]] only"),
        ('[service]\nname = "b"\n', 1, "service", "with two brackets"),
    ],
)
def test_error_in_an_included_file(
    tmp_path: Path, text: str, line: int, key: str, says: str
) -> None:
    main = write(tmp_path, '"conf.d/*.toml"', a=SERVICE.format(name="a", port=80), b=text)
    problem = problem_of(main)
    assert (problem.file, problem.line, problem.key) == (
        str(tmp_path / "conf.d" / "b.toml"),
        line,
        key,
    )
    assert says in problem.message


def test_a_balancer_in_an_included_file_alone(tmp_path: Path) -> None:
    main = write(tmp_path, '"conf.d/*.toml"', a=MAIN)
    main.write_text('include = "conf.d/*.toml"\n')
    problem = problem_of(main)
    assert (problem.file, problem.key) == (str(tmp_path / "conf.d" / "a.toml"), "balancer")


def test_error_in_the_main_file_beside_an_included_one(tmp_path: Path) -> None:
    main = write(tmp_path, '"conf.d/*.toml"', a=SERVICE.format(name="a", port=80))
    main.write_text(main.read_text() + SERVICE.format(name="m", port=0))
    problem = problem_of(main)
    assert (problem.file, problem.line, problem.key) == (str(main), 12, "service[0].port")


@pytest.mark.parametrize("include", ['"*.toml"', '["conf.d/../dsrlb.toml"]', '"dsrlb.toml"'])
def test_a_file_does_not_include_itself(tmp_path: Path, include: str) -> None:
    main = write(tmp_path, include)
    problem = problem_of(main)
    assert (problem.file, problem.line, problem.key) == (str(main), 1, "include")
    assert "read already" in problem.message


def test_a_file_is_included_once(tmp_path: Path) -> None:
    a = SERVICE.format(name="a", port=80)
    problem = problem_of(write(tmp_path, '["conf.d/a.toml", "conf.d/*.toml"]', a=a))
    assert (problem.line, problem.key) == (1, "include")
    assert "a.toml is read already" in problem.message


def test_places_for_later_checks(tmp_path: Path) -> None:
    files = {name: SERVICE.format(name=name, port=port) for name, port in (("b", 81), ("a", 80))}
    _, origin = load_with_origin(write(tmp_path, '"conf.d/*.toml"', **files))
    assert origin.place(("service", 1, "vip")) == (str(tmp_path / "conf.d" / "b.toml"), 3)
    assert origin.place(("group", 0, "real", 0)) == (str(tmp_path / "dsrlb.toml"), 6)
