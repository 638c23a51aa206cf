# SPDX-License-Identifier: Apache-2.0
"""balancer.fail_open: what becomes of new flows when nobody looks after things any more."""

from __future__ import annotations

import pytest

from tests.lab.instance import Instance, config
from tests.lab.plain import VIPS, Plain
from tests.lab.traffic import ask, connect, request, serves
from tests.waiting import wait_until


def served(plain: Plain) -> bool:
    """Does a new connection find a real server?"""
    try:
        request(plain.client, VIPS[0])
    except (TimeoutError, ConnectionError):
        return False
    return True


@pytest.mark.lasting
def test_a_daemon_that_is_gone(plain: Plain, balancer: Instance) -> None:
    """After five seconds new flows are not given to real servers; an open one goes on. The next
    daemon brings all of it back. A restart in between does nothing."""
    balancer.serve(config(balancer='fail_open = "5s"\nfail_open_new = "drop"'))
    with connect(plain.client, VIPS[0]) as connection:
        name = ask(connection)
        balancer.kill()
        assert served(plain)
        balancer.start()
        balancer.kill()
        wait_until("nobody is served", lambda: not served(plain), 20)
        assert ask(connection) == name
        balancer.start()
        assert serves(plain.client)
        assert ask(connection) == name
    stats = {k: v for row in balancer.get("/stats") for k, v in row["reasons"].items() if v}
    assert stats["silent"] > 0


def test_by_an_option_of_run(plain: Plain, balancer: Instance) -> None:
    """Whatever the configuration says, also after another one."""
    balancer.start(config(), "--fail-open", "5s")
    balancer.done("apply", balancer.write(config(balancer="hash_seed = 1")))
    balancer.kill()
    assert served(plain)
    wait_until("nobody is served", lambda: not served(plain), 20)
    balancer.start()
    assert serves(plain.client)


@pytest.mark.lasting
def test_without_the_key_they_go_on(plain: Plain, balancer: Instance) -> None:
    balancer.serve(config(balancer='fail_open = "5s"'))
    balancer.done("apply", balancer.write(config()))
    wait_until("that is in force", lambda: "fail_open" not in balancer.done("config", "show"))
    balancer.kill()
    with pytest.raises(AssertionError, match="not within"):
        wait_until("nobody is served", lambda: not served(plain), 7)
