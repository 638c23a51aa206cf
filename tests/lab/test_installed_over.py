# SPDX-License-Identifier: Apache-2.0
"""Another version is installed while a daemon runs, which is not restarted at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lab.instance import Instance, config
from tests.lab.plain import MORE_VIPS, PORT, ROOT, VIPS, Plain, addresses
from tests.lab.traffic import request

_CHANGED = "ebpf/pair.c"
"""Of a program that modes without replies do not need."""
_POOL = "10.78.0.102"


def _more() -> str:
    """A configuration with a service that needs it."""
    return config() + (
        f'[[service]]\nname = "more"\nvip = "{MORE_VIPS[0]}"\nprotocol = "tcp"\nport = {PORT}\n'
        f'mode = "one-arm"\nhealth.type = "none"\nsnat.pool = "{_POOL}"\n'
        f'[[service.real]]\naddress = "{addresses("r1")[0]}"\n'
    )


def test_its_programs_are_refused_until_a_restart(
    plain: Plain, balancer: Instance, tmp_path: Path
) -> None:
    """Neither tried nor recorded; what needs no program that is not there yet goes on."""
    balancer.release = tmp_path / "installed"
    for name in ("dsrlb", "ebpf"):
        shutil.copytree(ROOT / name, balancer.release / name)
    balancer.start(config())
    shown, history = (balancer.done(*line) for line in (("config", "show"), ("history",)))
    with (balancer.release / _CHANGED).open("a") as file:
        file.write("/* of another version */\n")
    more = balancer.write(_more())
    for command in ("plan", "apply"):
        refused = balancer.dsrlb(command, more)
        assert refused.returncode == 1, refused.stdout
        assert "dsrlb's files have changed since this daemon started" in refused.stderr
        assert _CHANGED in refused.stderr
        assert "restart the daemon" in refused.stderr
    assert balancer.done("config", "show") == shown
    assert balancer.done("history") == history
    for vip in VIPS:
        assert request(plain.client, vip, count=4) == {"r1": 2, "r2": 2}
    balancer.done("service", "set", "web", "algorithm=hash")
    balancer.stop()
    balancer.start()
    balancer.done("apply", more)
    assert "more" in {row["name"] for row in balancer.get("/services")}
