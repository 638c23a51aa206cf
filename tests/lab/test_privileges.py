# SPDX-License-Identifier: Apache-2.0
"""What processes may do that gave up what they do not need, and the programs that they run."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.lab.plain import ROOT

NET_RAW, KILL = 1 << 13, 1 << 5
SHOW = """
import json, subprocess
def status(text):
    return dict(line.split(":\\t", 1) for line in text.splitlines() if ":\\t" in line)
own = status(open("/proc/self/status").read())
child = status(subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True).stdout)
print(json.dumps([own, child]))
"""


def _run(program: str, *through: str) -> subprocess.CompletedProcess[str]:
    command = [*through, sys.executable, "-c", f"from dsrlb import privileges\n{program}"]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def _shown(program: str, *through: str) -> tuple[dict[str, str], dict[str, str]]:
    done = _run(program + SHOW, *through)
    assert done.returncode == 0, done.stderr
    own, child = json.loads(done.stdout)
    return own, child


def _sets(status: dict[str, str]) -> tuple[int, ...]:
    """Permitted, effective, inheritable, bounding, ambient."""
    return tuple(int(status[f"Cap{name}"], 16) for name in ("Prm", "Eff", "Inh", "Bnd", "Amb"))


def test_nobody_with_a_capability() -> None:
    own, child = _shown('privileges.drop_to("nobody", [privileges.NET_RAW])')
    assert _sets(own) == (NET_RAW, NET_RAW, 0, NET_RAW, 0)
    assert _sets(child) == (0, 0, 0, NET_RAW, 0)
    for one in (own, child):
        assert set(one["Uid"].split()) == set(one["Gid"].split()) == {"65534"}
        assert one["Groups"].strip() == "" and one["NoNewPrivs"] == "1"


def test_nobody_at_all() -> None:
    own, child = _shown('privileges.drop_to("nobody")')
    assert _sets(own) == _sets(child) == (0,) * 5


def test_it_is_for_good() -> None:
    program = 'privileges.drop_to("nobody", [privileges.NET_RAW])\nimport os\nos.setuid(0)'
    assert "PermissionError" in _run(program).stderr


def test_root_with_less() -> None:
    """Programs that it runs have no more."""
    own, child = _shown("privileges.keep([privileges.NET_RAW, privileges.KILL])")
    both = NET_RAW | KILL
    assert _sets(own) == (both, both, 0, both, 0)
    assert _sets(child) == (both, both, 0, both, 0)
    assert own["Uid"].split()[0] == "0" and own["NoNewPrivs"] == "1"


@pytest.mark.parametrize("missing", ["setpcap", "net_raw"])
def test_where_there_is_less_already(missing: str) -> None:
    """Without CAP_SETPCAP the bounding set stays, and no_new_privs holds. What is not there is not
    kept, and that is told."""
    through = ("setpriv", f"--bounding-set=-{missing}", "--inh-caps=-all")
    program = 'kept = privileges.drop_to("nobody", [privileges.NET_RAW])\n'
    wanted = 0 if missing == "net_raw" else NET_RAW
    program += f"assert kept == frozenset({[13] if wanted else []})\n"
    own, child = _shown(program, *through)
    assert _sets(own)[:3] == (wanted, wanted, 0)
    assert _sets(child)[:3] == (0, 0, 0) and child["NoNewPrivs"] == "1"


def test_a_user_that_is_not_there() -> None:
    assert "there is no user 'nemo'" in _run('privileges.drop_to("nemo")').stderr


def test_who_may_not() -> None:
    """setuid needs a capability; that is told."""
    through = ("setpriv", "--bounding-set=-setuid", "--inh-caps=-all")
    done = _run('privileges.drop_to("nobody")', *through)
    assert done.returncode == 1
    assert "privileges: becoming 'nobody': Operation not permitted" in done.stderr
