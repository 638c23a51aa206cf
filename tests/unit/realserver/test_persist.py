# SPDX-License-Identifier: Apache-2.0
"""The systemd units of `dsrlb real-server setup --persist`: written, read back, taken apart."""

from __future__ import annotations

import configparser
import shlex
import stat
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest

from dsrlb.errors import StateError
from dsrlb.realserver import METHODS, Request, persist, units
from dsrlb.realserver.units import Unit

A, B, SIX = (ip_address(text) for text in ("192.0.2.10", "192.0.2.11", "2001:db8::10"))
REAL, LB = ip_address("10.0.0.2"), ip_address("10.0.0.1")
PLAIN = Request("l2dsr", (A, B))
L2DSR, OF_B = (
    "dsrlb-real-server-l2dsr-192.0.2.10.service",
    "dsrlb-real-server-l2dsr-192.0.2.11.service",
)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An /etc of this test's own, and a program that is there."""
    monkeypatch.setenv("DSRLB_ROOT", str(tmp_path))
    program = tmp_path / "bin/dsrlb"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    return tmp_path


def persisted(request: Request) -> list[str]:
    """Do what `setup --persist` does about units; the files that there are then."""
    (piece,) = persist.pieces(request, wanted=True)
    for step in () if piece.ok else piece.steps:
        if isinstance(step, persist.Write):
            step.prepare()
        step.run()
    assert persist.pieces(request, wanted=True)[0].ok or not piece.steps
    return names()


def names() -> list[str]:
    """The units that are there; each is enabled."""
    found = units.read()
    assert all(one.enabled and one.intact for one in found)
    return [one.name for one in found]


def vips() -> dict[str, tuple[object, ...]]:
    """By unit."""
    return {one.name: one.unit.vips for one in units.read() if one.unit}


def undo(methods: tuple[str, ...] = METHODS, *wanted: object) -> list[str]:
    """Undo, and what was said."""
    chosen = [vip for vip in (A, B, SIX) if vip in wanted]
    steps, notes = persist.undoing(methods, chosen)
    for step in steps:
        step.run()
    return notes


def test_the_unit_is_exactly_this_setup(root: Path) -> None:
    request = Request(
        "gue", (A, SIX), addresses=(REAL,), gue_port=7000, mss=1300, interface="eth0.20"
    )
    text = Unit.of(request).text
    parsed = configparser.ConfigParser(interpolation=None, strict=True)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(text)
    service = parsed["Service"]
    assert dict(service) == {
        "Type": "oneshot",
        "RemainAfterExit": "yes",
        "ExecStart": f"{root}/bin/dsrlb real-server setup --mode l3dsr --method gue "
        "--gue-port 7000 --address 10.0.0.2 --mss 1300 --interface eth0.20 "
        "--vip 192.0.2.10 --vip 2001:db8::10",
    }
    assert "network-online.target" in parsed["Unit"]["After"].split()
    assert parsed["Unit"]["Wants"] == "network-online.target"
    assert parsed["Install"]["WantedBy"] == "multi-user.target"


REQUESTS = [
    PLAIN,
    Request("l2dsr", (A,), interface="eth0", mss=1400),
    Request("dscp", (A, SIX), dscp=12),
    Request("ipip", (A,), addresses=(REAL, ip_address("fd00::2"))),
    Request("gue", (SIX,)),
    Request("router", (A,), gateways=(LB,)),
    Request("nat", (A, SIX), gateways=(LB, ip_address("fe80::1")), interface="a%b$c d"),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.method)
def test_what_is_written_is_read_back(request_: Request) -> None:
    unit = Unit.of(request_)
    assert Unit.read(unit.text) == unit
    assert unit.method == request_.method


def test_words_are_quoted_for_systemd() -> None:
    text = Unit.of(REQUESTS[-1]).text
    assert '--interface "a%%b$$c d" --gateway' in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ExecStart=/bin/true",
        "ExecStart=/x/dsrlb real-server undo --vip 192.0.2.1",
        "ExecStart=/x/dsrlb real-server setup --mode l2dsr",
        "ExecStart=/x/dsrlb real-server setup --mode l2dsr --vip web",
        "ExecStart=/x/dsrlb real-server setup --mode l2dsr --vip 192.0.2.1 --persist",
        "ExecStart=/x/dsrlb 'real-server",
        "ExecStart=/a\nExecStart=/b",
    ],
)
def test_what_is_not_ours_is_not_taken_for_it(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Unit.read(text)


def test_setups_have_units_of_their_own() -> None:
    persisted(PLAIN)
    persisted(Request("dscp", (A,), dscp=12))
    persisted(Request("dscp", (A,), dscp=13))
    assert persisted(Request("router", (SIX,), gateways=(ip_address("fd00::1"),))) == [
        "dsrlb-real-server-dscp-12-192.0.2.10.service",
        "dsrlb-real-server-dscp-13-192.0.2.10.service",
        L2DSR,
        "dsrlb-real-server-router-2001:db8::10.service",
    ]
    assert undo(("dscp",)) == []
    assert names() == [L2DSR, "dsrlb-real-server-router-2001:db8::10.service"]


def test_the_last_setup_of_a_vip_counts() -> None:
    persisted(PLAIN)
    assert persisted(PLAIN) == [L2DSR]
    assert persisted(Request("l2dsr", (A,), mss=1400)) == [L2DSR, OF_B]
    assert vips() == {L2DSR: (A,), OF_B: (B,)}
    assert "--mss 1400" in (units.folder() / L2DSR).read_text()
    assert "--mss" not in (units.folder() / OF_B).read_text()
    assert persisted(Request("l2dsr", (B, A))) == [OF_B]
    assert vips() == {OF_B: (B, A)}


def test_a_part_of_what_is_there_is_there() -> None:
    persisted(PLAIN)
    assert persisted(Request("l2dsr", (B,))) == [L2DSR]


def test_vips_are_undone_one_by_one(root: Path) -> None:
    persisted(PLAIN)
    assert undo(METHODS, SIX) == []
    assert vips() == {L2DSR: (A, B)}
    undo(METHODS, A)
    assert vips() == {OF_B: (B,)}
    assert names() == [OF_B]
    undo()
    assert [path for path in (root / "etc").rglob("*") if not path.is_dir()] == []
    assert not units.link("x").parent.exists(), "nor an empty folder"
    assert undo() == []


def test_what_was_disabled_by_hand_stays_so() -> None:
    persisted(PLAIN)
    units.link(L2DSR).unlink()
    undo(METHODS, A)
    assert [(one.name, one.enabled) for one in units.read()] == [(OF_B, False)]


def test_other_units_keep_their_folder() -> None:
    units.link("x").parent.mkdir(parents=True)
    units.link("other.service").symlink_to("../other.service")
    persisted(PLAIN)
    undo()
    assert [path.name for path in units.link("x").parent.iterdir()] == ["other.service"]


def test_check_says_whether_it_fits() -> None:
    def value(request: Request = PLAIN, *, wanted: bool = False) -> tuple[bool, str]:
        (piece,) = persist.pieces(request, wanted=wanted)
        assert piece.ok or piece.wanted.endswith(f"with {Unit.of(request).arguments}")
        return piece.ok, piece.value

    assert value() == (True, "nothing (setup --persist)")
    assert value(wanted=True) == (False, "no unit for 192.0.2.10, 192.0.2.11")
    persisted(PLAIN)
    assert value() == (True, L2DSR)
    assert value(Request("dscp", (A,), dscp=1)) == (True, "nothing (setup --persist)")
    assert value(Request("l2dsr", (A, SIX))) == (False, "no unit for 2001:db8::10")
    other = Request("l2dsr", (A,), interface="eth0")
    assert value(other) == (False, f"{L2DSR} does real-server setup --mode l2dsr")
    units.link(L2DSR).unlink()
    assert value() == (False, f"{L2DSR} is not enabled")
    persisted(PLAIN)
    Path(sys.argv[0]).chmod(0o644)
    program = Unit.of(PLAIN).program
    assert program != sys.argv[0]
    assert value() == (False, f"{L2DSR}: there is no program {sys.argv[0]}")
    persisted(PLAIN)
    assert f"ExecStart={program} real-server" in (units.folder() / L2DSR).read_text()


def test_what_was_changed_by_hand_is_disabled_and_kept() -> None:
    persisted(PLAIN)
    path = units.folder() / L2DSR
    path.write_text(path.read_text().replace("[Service]", "[Service]\nRestart=no"))
    (piece,) = persist.pieces(Request("l2dsr", (A,), mss=1300), wanted=True)
    assert not piece.ok
    assert not piece.steps
    assert f"{path}: it is not as setup wrote it" in piece.remedy
    assert persist.pieces(PLAIN, wanted=True)[0].ok, "it does what it should"
    assert undo() == [f"{L2DSR} was changed by hand: disabled, and the file left"]
    assert "Restart=no" in path.read_text()
    assert not units.link(L2DSR).is_symlink()
    assert undo() == []


def test_a_unit_with_bytes_that_are_no_text_was_changed_by_hand() -> None:
    persisted(PLAIN)
    path = units.folder() / L2DSR
    path.write_bytes(path.read_bytes() + b"# f\xfcr uns\n")
    assert persist.pieces(PLAIN, wanted=True)[0].ok, "it does what it should"
    assert undo() == [f"{L2DSR} was changed by hand: disabled, and the file left"]
    assert path.read_bytes().endswith(b"f\xfcr uns\n")


def test_what_else_a_unit_had_is_told() -> None:
    persisted(PLAIN)
    path = units.folder() / L2DSR
    path.write_text(path.read_text() + "# mine\n")
    assert undo(METHODS, B) == [
        f"{L2DSR} was changed by hand: disabled (it had 192.0.2.10 as well), and the file left"
    ]


def test_what_is_of_another_make_is_left() -> None:
    units.folder().mkdir(parents=True)
    path = units.folder() / L2DSR
    path.symlink_to("/dev/null")
    (piece,) = persist.pieces(PLAIN, wanted=True)
    assert not piece.ok
    assert not piece.steps
    assert undo() == [f"{L2DSR} is not of setup's making: left"]
    assert undo(METHODS, A) == []
    assert path.is_symlink()


def test_where_nothing_is_to_be_done_there_is_no_unit() -> None:
    for method in ("bridge", "one-arm", "router"):
        (piece,) = persist.pieces(Request(method, (A,)), wanted=True)
        assert (piece.ok, piece.value) == (True, "there is nothing to do")


def test_another_namespace_has_no_units(monkeypatch: pytest.MonkeyPatch) -> None:
    persisted(PLAIN)
    monkeypatch.setattr(units, "of_this_host", lambda: False)
    (piece,) = persist.pieces(PLAIN, wanted=True)
    assert not piece.ok
    assert not piece.steps
    assert persist.pieces(PLAIN, wanted=False) == []
    assert undo() == []
    assert names() == [L2DSR]


def test_a_dry_run_can_be_pasted() -> None:
    (piece,) = persist.pieces(PLAIN, wanted=True)
    lines = [step.shell() for step in piece.steps]
    assert all("\n" not in line for line in lines)
    for line in lines:
        subprocess.run(["sh", "-c", line], check=True)
    assert (units.folder() / L2DSR).read_text() == Unit.of(PLAIN).text
    assert persisted(PLAIN) == [L2DSR]
    steps, _ = persist.undoing(METHODS, ())
    for step in steps:
        subprocess.run(["sh", "-c", step.shell()], check=True)
    assert units.read() == []


def test_systemd_is_told_where_it_runs(root: Path) -> None:
    def commands(found: object) -> list[str]:
        assert isinstance(found, list | tuple)
        return [step.shell() for step in found]

    (piece,) = persist.pieces(PLAIN, wanted=True)
    assert len(piece.steps) == 1
    assert persist.notes(piece.steps)[0].startswith(f"{L2DSR}: systemd does not run now")
    (root / "run/systemd/system").mkdir(parents=True)
    (piece,) = persist.pieces(PLAIN, wanted=True)
    assert commands(piece.steps)[1:] == ["systemctl daemon-reload"]
    assert persist.notes(piece.steps) == (f"{L2DSR}: enabled, for the next boot",)
    write = piece.steps[0]
    assert isinstance(write, persist.Write)
    write.prepare()
    write.run()
    steps, _ = persist.undoing(METHODS, ())
    assert commands(steps)[1:] == ["systemctl daemon-reload"]


def test_a_folder_that_is_none_is_told_before_any_change(root: Path) -> None:
    (root / "etc").write_text("")
    with pytest.raises(StateError, match="etc/systemd/system"):
        persist.Write(Unit.of(PLAIN)).prepare()


def test_units_can_be_read_by_everybody() -> None:
    persisted(PLAIN)
    mode = (units.folder() / L2DSR).stat().st_mode
    assert stat.S_IMODE(mode) == 0o644


def test_without_a_program_there_is_no_unit(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["-c"])
    assert shlex.split(Unit.of(PLAIN).program) == [str(Path(sys.executable).with_name("dsrlb"))]
    monkeypatch.setattr(sys, "executable", str(root / "python3"))
    with pytest.raises(StateError, match="where the program dsrlb is"):
        Unit.of(PLAIN)
