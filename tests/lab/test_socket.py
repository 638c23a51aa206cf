# SPDX-License-Identifier: Apache-2.0
"""balancer.socket_mode and socket_group: who may use the API's socket, and whose name a change
gets."""

from __future__ import annotations

import grp
import json
import pwd
import subprocess

from dsrlb.paths import for_instance
from tests.lab.instance import Instance, config
from tests.lab.plain import addresses
from tests.waiting import wait_until

GROUP = "daemon"
OPEN = config(balancer=f'socket_mode = "0660"\nsocket_group = "{GROUP}"')
R1 = addresses("r1")[0]
NOBODY = pwd.getpwnam("nobody")


def asked(balancer: Instance, group: str, path: str, body: object = None) -> str:
    """The HTTP status that nobody gets as a member of a group: 000 where there is no connection."""
    gid = grp.getgrnam(group).gr_gid
    identity = (f"--reuid={NOBODY.pw_uid}", f"--regid={gid}", "--clear-groups")
    given = ("--json", json.dumps(body)) if body is not None else ()
    line = ("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *given)
    socket = str(for_instance(balancer.name).socket)
    return subprocess.run(
        ("setpriv", *identity, *line, "--unix-socket", socket, f"http://dsrlb{path}"),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    ).stdout


def test_a_group_may_use_the_socket(balancer: Instance) -> None:
    """Nobody else; until it is closed again. A change is told with the name of who asked."""
    balancer.start(OPEN)
    assert asked(balancer, GROUP, "/status") == "200"
    assert asked(balancer, "nogroup", "/status") == "000"
    drained = {"service": "web", "address": R1, "state": "drain"}
    assert asked(balancer, GROUP, "/real/state", drained) == "200"
    row = next(row for row in balancer.get("/reals?service=web") if row["address"] == R1)
    assert (row["state"], NOBODY.pw_name in row["reason"]) == ("drain", True)
    edit = {"verb": "service-set", "service": "web", "settings": {"algorithm": "maglev"}}
    assert asked(balancer, GROUP, "/edit", edit) == "200"
    assert balancer.get("/revisions")[0]["user"] == NOBODY.pw_name
    balancer.done("apply", balancer.write(config()))
    wait_until("it is closed", lambda: asked(balancer, GROUP, "/status") == "000")


def test_it_is_closed_where_nothing_is_said(balancer: Instance) -> None:
    balancer.start(config())
    assert asked(balancer, GROUP, "/status") == "000"
    balancer.done("apply", balancer.write(OPEN))
    wait_until("it is open", lambda: asked(balancer, GROUP, "/status") == "200")
    balancer.kill()
    balancer.start()
    assert asked(balancer, GROUP, "/status") == "200"


def test_one_that_is_removed_is_made_anew(balancer: Instance) -> None:
    """Before that nobody reaches the daemon. The group may use it again."""
    balancer.start(OPEN)
    socket = for_instance(balancer.name).socket
    socket.unlink()
    wait_until("it is there again", lambda: asked(balancer, GROUP, "/status") == "200")
    assert f"{socket} was not there any more: made anew" in balancer.events()
    assert balancer.stop() == 0
    assert not socket.exists()
