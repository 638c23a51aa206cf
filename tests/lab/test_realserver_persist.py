# SPDX-License-Identifier: Apache-2.0
"""`dsrlb real-server setup --persist` on a host of its own: a network and a PID namespace.

systemd itself does not run there. Its tools read the unit; the command in it is run as it stands.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.plain import ROOT
from tests.lab.realserver import (
    BOTH,
    CACHE,
    DSRLB,
    OTHER4,
    OTHER6,
    REAL4,
    VIP4,
    VIP6,
    Namespace,
    run,
    segment_in,
)

PLAIN = (*BOTH, "--interface", "eth0")
OTHERS = ("--mode", "l3dsr", "--method", "dscp", "--dscp", "9", "--vip", OTHER4, "--vip", OTHER6)
NAME = f"dsrlb-real-server-l2dsr-{VIP4}.service"
OF_OTHERS = f"dsrlb-real-server-dscp-9-{OTHER4}.service"
SYSTEMCTL = '#!/bin/sh\necho "$@" >>"$DSRLB_ROOT/told"\n'


class Machine(Namespace):
    """A host: what runs in it is started by its own process 1."""

    def enter(self, *arguments: str) -> tuple[str, ...]:
        return super().enter("unshare", "--pid", "--fork", "--mount-proc", *arguments)

    @property
    def etc(self) -> Path:
        return self.root / "etc/systemd/system"

    def units(self) -> list[str]:
        """The units that are there; each is enabled."""
        names = sorted(path.name for path in self.etc.glob("*.service"))
        for name in names:
            command = ("systemctl", f"--root={self.root}", "is-enabled", name)
            assert run(*command) == "enabled\n"
        return names

    def boot(self) -> None:
        """Do what the units do at boot."""
        for path in sorted(self.etc.glob("*.service")):
            (line,) = (one for one in path.read_text().splitlines() if one.startswith("ExecStart="))
            program, *words = shlex.split(line.removeprefix("ExecStart="))
            assert program == DSRLB
            assert words[0] == "real-server"
            self.done(*words[1:])


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Machine]:
    """A real server."""
    with segment_in(tmp_path) as (_, made):
        yield Machine(made.name, made.root)


def test_a_boot_sets_up_the_same(real: Machine, tmp_path: Path) -> None:
    bare = real.settings()
    real.done("setup", *PLAIN)
    real.done("setup", *OTHERS)
    done = real.settings()
    real.done("undo")
    assert real.settings() == bare
    told = real.dsrlb("setup", *PLAIN, "--persist")
    assert f"{NAME}: systemd does not run now, enabled by its link" in told.stderr
    real.done("setup", *OTHERS, "--persist")
    assert real.settings() == done
    assert real.units() == [OF_OTHERS, NAME]
    shutil.rmtree(real.root / "var")  # another boot's is not looked at either
    run("ip", "netns", "del", real.name)
    run("ip", "netns", "del", real.name.replace("real", "client"))
    with segment_in(tmp_path) as (_, made):
        again = Machine(made.name, made.root)
        assert again.root == real.root
        bare = again.settings()
        again.boot()
        for options in (PLAIN, OTHERS):
            assert again.lacking(*options, "--persist") == []
        again.boot()
        again.done("undo")
        assert again.settings() == bare
        assert again.units() == []


def test_systemd_takes_the_unit(real: Machine) -> None:
    real.done("setup", *PLAIN, "--persist")
    real.done("setup", *OTHERS, "--persist")
    verify = ("systemd-analyze", "--man=no", "verify")
    assert run(*verify, *(str(real.etc / name) for name in real.units())) == ""
    broken = real.root / "dsrlb-broken.service"
    broken.write_text((real.etc / NAME).read_text().replace("ExecStart=/", "ExecStart=./"))
    refused = subprocess.run((*verify, str(broken)), capture_output=True, check=False)
    assert refused.returncode != 0, "it looks at what is in it"


def test_setup_twice_is_setup_once(real: Machine) -> None:
    real.done("setup", *PLAIN, "--persist")
    once = (real.etc / NAME).stat()
    assert real.done("setup", *PLAIN, "--persist") == ""
    again = (real.etc / NAME).stat()
    assert (again.st_ino, again.st_mtime_ns) == (once.st_ino, once.st_mtime_ns)


def test_a_setup_that_is_not_to_persist_leaves_the_unit(real: Machine) -> None:
    """Also one that was changed or disabled by hand."""
    real.done("setup", *PLAIN, "--persist")
    unit = (real.etc / NAME).read_text()
    real.done("setup", *PLAIN, "--mss", "1300")
    (real.etc / "multi-user.target.wants" / NAME).unlink()
    (real.etc / NAME).write_text(unit + "# mine\n")
    real.done("setup", *PLAIN, "--mss", "1200")
    assert (real.etc / NAME).read_text() == unit + "# mine\n"
    assert not (real.etc / "multi-user.target.wants" / NAME).is_symlink()
    assert real.lacking(*PLAIN, "--mss", "1200") == ["at boot"]


def test_a_setup_that_is_there_can_be_made_to_persist(real: Machine) -> None:
    real.done("setup", *PLAIN)
    assert real.lacking(*PLAIN) == []
    assert real.lacking(*PLAIN, "--persist") == ["at boot"]
    shown = real.dsrlb("check", *PLAIN, "--persist").stdout.splitlines()[-1]
    assert shown.startswith(
        f"MISSING  at boot: no unit for {VIP4}, {VIP6}; should be {NAME}, enabled, with "
        "real-server setup --mode l2dsr --interface eth0; mkdir -p "
    )
    assert len(real.done("setup", *PLAIN, "--persist").splitlines()) == 1
    assert real.lacking(*PLAIN, "--persist") == []


def test_check_notices_what_does_not_fit(real: Machine) -> None:
    real.done("setup", *PLAIN, "--persist")
    assert real.lacking(*PLAIN) == []
    assert real.lacking(*BOTH) == ["at boot"], "the unit names an interface"
    (real.etc / "multi-user.target.wants" / NAME).unlink()
    assert real.lacking(*PLAIN) == ["at boot"]
    real.done("setup", *PLAIN, "--persist")
    assert real.lacking(*PLAIN) == []
    (real.etc / NAME).unlink()
    found = json.loads(real.dsrlb("check", *PLAIN, "--json").stdout)[-1]
    assert found["value"] == "nothing (setup --persist)"


def test_vips_go_from_their_units(real: Machine) -> None:
    before = real.settings()
    real.done("setup", *PLAIN, "--persist")
    real.done("setup", *OTHERS, "--persist")
    real.done("undo", "--vip", VIP4, "--vip", OTHER4)
    assert real.units() == [
        OF_OTHERS.replace(OTHER4, OTHER6),
        NAME.replace(VIP4, VIP6),
    ]
    assert real.lacking("--vip", VIP6, "--interface", "eth0", "--persist") == []
    real.done("undo", "--mode", "l3dsr")
    assert real.units() == [NAME.replace(VIP4, VIP6)]
    real.done("undo")
    assert real.units() == []
    assert real.settings() == before


def test_undo_without_any_state_removes_the_unit(real: Machine) -> None:
    """As after a boot at which it failed."""
    real.done("setup", *PLAIN, "--persist")
    shutil.rmtree(real.root / "var")
    shown = real.done("undo", "--dry-run")
    assert NAME in shown
    assert real.units() == [NAME]
    assert real.done("undo") == shown
    assert real.units() == []
    assert real.done("undo") == ""


def test_dry_run_changes_nothing_and_can_be_pasted(real: Machine) -> None:
    before = real.settings()
    shown = real.done("setup", *PLAIN, "--persist", "--dry-run")
    assert real.settings() == before
    assert not real.root.exists()
    for line in shown.splitlines():
        real.run("sh", "-c", line)
    assert real.lacking(*PLAIN, "--persist") == []
    pasted = (real.etc / NAME).read_text()
    assert real.done("setup", *PLAIN, "--persist") == ""
    assert (real.etc / NAME).read_text() == pasted


def test_what_is_changed_by_hand_is_not_lost(real: Machine) -> None:
    real.done("setup", *PLAIN, "--persist")
    path = real.etc / NAME
    path.write_text(path.read_text() + "Also=nginx.service\n")
    before = real.settings()
    refused = real.dsrlb("setup", *PLAIN, "--mss", "1300", "--persist")
    assert refused.returncode == 1
    assert f"{path}: it is not as setup wrote it" in refused.stderr
    assert real.settings() == before
    undone = real.dsrlb("undo")
    assert undone.returncode == 0
    assert f"{NAME} was changed by hand: disabled, and the file left" in undone.stderr
    assert path.exists()
    assert not (real.etc / "multi-user.target.wants").exists()


@pytest.mark.parametrize("folder", ["etc", "var"])
def test_where_nothing_can_be_written_nothing_is_changed(real: Machine, folder: str) -> None:
    """A file system that is mounted read-only, for this command alone."""
    place = real.root / folder
    place.mkdir(parents=True)
    before = real.settings()
    mount = f"mount --bind {place} {place} && mount -o remount,bind,ro {place}"
    for words in (("setup", *PLAIN, "--persist"), ("undo",)):
        command = shlex.join([DSRLB, "real-server", *words])
        done = subprocess.run(
            real.enter("unshare", "--mount", "sh", "-c", f"{mount} && exec {command}"),
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "DSRLB_ROOT": str(real.root)},
            check=False,
        )
        if words[0] == "setup" or folder == "var":
            assert done.returncode == 1
            assert done.stderr.startswith(f"error: {place}")
            assert "Read-only file system" in done.stderr.splitlines()[0]
            assert "Traceback" not in done.stderr
    assert real.settings() == before
    assert list(place.rglob("*")) == []


def test_undo_where_the_unit_cannot_be_removed_changes_nothing(real: Machine) -> None:
    real.done("setup", *PLAIN, "--persist")
    before = real.settings()
    etc = real.root / "etc"
    mount = f"mount --bind {etc} {etc} && mount -o remount,bind,ro {etc}"
    command = f"{mount} && DSRLB_ROOT={real.root} exec {DSRLB} real-server undo"
    done = subprocess.run(
        real.enter("unshare", "--mount", "sh", "-c", command),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Read-only file system" in done.stderr
    assert real.settings() == before
    real.done("undo")
    assert real.units() == []


def test_another_network_namespace_cannot_persist(real: Machine) -> None:
    """systemd would set up process 1's, and not this one."""
    inside = Namespace(real.name, real.root)
    before = inside.settings()
    refused = inside.dsrlb("setup", *PLAIN, "--persist")
    assert refused.returncode == 1
    assert "not process 1's" in refused.stderr
    assert inside.settings() == before
    real.done("setup", *PLAIN, "--persist")
    inside.done("undo")
    assert real.units() == [NAME], "units are the host's"


def test_a_systemd_that_runs_is_told(real: Machine, tmp_path: Path) -> None:
    (real.root / "run/systemd/system").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/systemctl"
    program.write_text(SYSTEMCTL)
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    done = real.dsrlb("setup", *PLAIN, "--persist", PATH=path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "systemctl daemon-reload"
    assert f"{NAME}: enabled, for the next boot" in done.stderr
    assert real.dsrlb("setup", *PLAIN, "--persist", PATH=path).stdout == ""
    assert real.dsrlb("undo", PATH=path).returncode == 0
    assert (real.root / "told").read_text() == "daemon-reload\ndaemon-reload\n"


def test_an_interrupted_setup_is_undone(real: Machine, tmp_path: Path) -> None:
    """systemctl fails, behind everything else."""
    before = real.settings()
    (real.root / "run/systemd/system").mkdir(parents=True)
    program = tmp_path / "systemctl"
    program.write_text("#!/bin/sh\necho no bus >&2\nexit 1\n")
    program.chmod(0o755)
    failed = real.dsrlb("setup", *PLAIN, "--persist", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert failed.returncode == 1
    assert "systemctl daemon-reload: no bus" in failed.stderr
    assert "steps are done: try again, or real-server undo" in failed.stderr
    (real.root / "run/systemd/system").rmdir()
    real.done("undo")
    assert real.settings() == before
    assert real.units() == []


ALL = [
    (*PLAIN, "--mss", "1300"),
    OTHERS,
    ("--mode", "l3dsr", "--method", "gue", *BOTH),
    ("--mode", "router", *BOTH, "--gateway", "10.77.0.1", "--gateway", "fd77::1"),
]


@pytest.mark.parametrize("options", ALL, ids=["l2dsr", "dscp", "gue", "router"])
def test_an_interruption_at_any_step_can_be_undone(real: Machine, options: tuple[str, ...]) -> None:
    """Of setup, and of undo."""
    real.run("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=1")
    real.run("ip", "route", "add", "default", "via", "10.77.0.9")
    own = (f"DSRLB_ROOT={real.root}", f"DSRLB_CACHE_DIR={CACHE}", f"PYTHONPATH={ROOT}")
    program = (sys.executable, "-m", "tests.lab.interrupting")
    setups, undos = real.run("env", *own, *program, *options, "--persist").split()
    assert int(setups) > 2
    assert int(undos) > 2


def test_modes_that_translate_persist_their_route(real: Machine) -> None:
    options = ("--mode", "nat", "--vip", VIP4, "--gateway", "10.77.0.1")
    real.done("setup", *options, "--persist")
    assert real.units() == [f"dsrlb-real-server-nat-{VIP4}.service"]
    assert REAL4 not in (real.etc / real.units()[0]).read_text()
    real.run("ip", "route", "del", "default")
    real.boot()
    assert real.lacking(*options, "--persist") == []
    real.done("setup", "--mode", "one-arm", "--vip", OTHER4, "--persist")
    assert len(real.units()) == 1
