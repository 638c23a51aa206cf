# SPDX-License-Identifier: Apache-2.0
"""Files that hold what they should not, or are none: the daemon goes on, and tells no secrets."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from dsrlb.cli.client import Client
from dsrlb.errors import ConfigError
from tests.lab.instance import Instance, config
from tests.lab.plain import Plain

HTTP = 'health = {{ type = "http", port = 80, path = "/?token={}" }}'
WRONG = (
    'health.comand = ["/bin/check", "--password=s3cret"]',
    'helth = { command = ["/bin/check", "--password=s3cret"] }',
    'health.path = "?token=s3cret"',
    "health.command = [--password=s3cret]",
)


@pytest.mark.lasting
def test_no_secret_is_logged(plain: Plain, balancer: Instance) -> None:
    """By a reload, an apply (which `systemctl reload` is) and an edit."""
    balancer.serve(config(health=HTTP.format("s3cret1")), up=0)
    for line in WRONG:
        seen = len(balancer.events())
        balancer.write(config(health=line))
        balancer.signal(signal.SIGHUP)
        balancer.wait_event("reload: ")
        refused = balancer.dsrlb("apply", str(balancer.file))
        assert refused.returncode == 2
        assert f"{balancer.file}:" in refused.stderr
        assert "s3cret" not in refused.stderr
        assert len(balancer.events()) > seen
    applied = balancer.done("apply", balancer.write(config(health=HTTP.format("s3cret2"))))
    assert "health.path: *** -> *** (another one)" in applied
    settings = {"health": {"type": "command", "command": ["/bin/true", "s3cret"]}}
    body = {"verb": "service-set", "service": "web", "settings": settings}
    Client(balancer.name).post("/edit", **body)
    told = [applied, balancer.log(), balancer.done("history"), *balancer.events()]
    assert "health=***" in told[2]
    assert "s3cret" not in "".join(told)


def test_a_file_that_is_odd_keeps_nothing_waiting(
    plain: Plain, balancer: Instance, tmp_path: Path
) -> None:
    """It is no more than the file that a configuration came from: that runs, and is started."""
    included = tmp_path / "included.toml"
    included.write_text("")
    text = f'include = ["{included}"]\n{config()}'
    balancer.start(text)
    included.write_text(f"x = {'[' * 500}")
    assert balancer.get("/status")["file_differs"]
    balancer.stop()
    balancer.start()
    balancer.wait_event(f"{balancer.file} differs")
    included.unlink()
    os.mkfifo(included)
    assert balancer.get("/status")["file_differs"]
    balancer.signal(signal.SIGHUP)
    balancer.wait_event("not a regular file")
    included.unlink()
    included.symlink_to("/dev/zero")
    assert balancer.get("/status")["file_differs"]
    balancer.done("real", "drain", "web", balancer.get("/reals?service=web")[0]["address"])
    refused = balancer.dsrlb("run", "-c", str(balancer.file))
    assert refused.returncode != 0
    with pytest.raises(ConfigError, match="not a regular file"):
        Client(balancer.name).post("/plan", toml=text, filename=str(balancer.file))
    assert balancer.stop() == 0
