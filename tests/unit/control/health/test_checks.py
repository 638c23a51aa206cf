# SPDX-License-Identifier: Apache-2.0
"""Who is asked what: one check for all that it is true of."""

from __future__ import annotations

from dsrlb.config import Config, parse
from dsrlb.control.desired.contents import RealId, Resolution
from dsrlb.control.health.checks import Checks
from dsrlb.control.macs.targets import targets_of
from dsrlb.dataplane.keys import IPAddress
from tests.unit.control.health import services as s
from tests.unit.control.health.pieces import checks_of

TWO = """
[balancer]
interfaces = ["eth0"]
[[group]]
name = "all"
{group}
real = [{{ address = "10.0.0.11" }}, {{ address = "10.0.0.12" }}]
[[service]]
name = "a"
vip = "192.0.2.10"
protocol = "tcp"
port = 80
mode = "{mode}"
group = "all"
{a}
[[service]]
name = "b"
vip = "{vip}"
protocol = "tcp"
port = {port}
mode = "{mode}"
group = "all"
{b}
"""


def two(
    mode: str = "l2dsr", vip: str = "192.0.2.10", port: int = 81, group: str = "", **lines: str
) -> Config:
    """Two services with one group."""
    given = {"a": "", "b": "", **lines}
    return parse(TWO.format(mode=mode, vip=vip, port=port, group=group, **given), "test")


def nowhere(_: IPAddress) -> IPAddress | None:
    """The kernel has no route."""
    return None


def checks(config: Config) -> Checks:
    """With everybody on eth0."""
    found = {one: Resolution(s.MAC, s.LINK, True) for one in targets_of(config)}
    desired = s.wanted(config)
    return checks_of(config, s.installed(desired).reals, found, nowhere)


def together(got: Checks) -> set[frozenset[tuple[str, str]]]:
    """Which real servers share a check."""

    def name(real: RealId) -> tuple[str, str]:
        return real.service.name, str(real.address)[-2:]

    return {frozenset(map(name, reals)) for reals in got.reals.values()}


ALONE = {frozenset({(name, last)}) for name in "ab" for last in ("11", "12")}
SHARED = {frozenset({("a", last), ("b", last)}) for last in ("11", "12")}


def test_services_at_one_vip_share_what_goes_to_one_port() -> None:
    assert together(checks(two(group="health.port = 8080"))) == SHARED
    assert together(checks(two())) == ALONE


def test_in_dsr_modes_each_vip_is_asked_at() -> None:
    assert together(checks(two(vip="192.0.2.11", port=80))) == ALONE


def test_where_replies_come_back_the_real_server_itself_is() -> None:
    assert together(checks(two("router", vip="192.0.2.11", port=80))) == SHARED


def test_another_check_is_not_shared() -> None:
    lines = {"a": "health = { port = 8080 }", "b": "health = { port = 8080, rise = 5 }"}
    assert together(checks(two(a=lines["a"], b=lines["b"]))) == ALONE


def test_http_has_the_vip_for_its_host() -> None:
    got = checks(two(group='health = { type = "http", port = 8080 }'))
    (one, _) = got.targets
    assert (one.check.host, one.check.sni, one.port) == ("192.0.2.10", "", 8080)
    got = checks(two(group='health = { type = "https", host = "a.example:444" }', b=""))
    assert {one.check.sni for one in got.targets} == {"a.example"}
    assert {one.check.host for one in got.targets} == {"a.example:444"}


def test_what_goes_along() -> None:
    got = checks(two())
    one = got.targets[0]
    assert (one.service, one.real, one.vip, one.method) == (
        *("a", "10.0.0.11", "192.0.2.10"),
        "l2dsr",
    )
    assert (one.interface, one.source, one.mac) == ("eth0", "10.0.0.1", s.MAC)
    assert (one.address, one.port) == ("198.18.0.1", 80)


def test_nobody_is_asked() -> None:
    assert checks(two(group='health.type = "none"')).targets == ()


def test_a_sorry_server_is_not_asked() -> None:
    sorry = 'all_down = "sorry"\nsorry = { address = "10.0.0.99" }'
    assert len(checks(two(a=sorry)).targets) == len(checks(two()).targets)


def test_where_envelopes_go() -> None:
    """A check that is told nothing may have to ask there."""
    gue = 'l3dsr = { method = "gue", gue_port = 7000 }'
    dscp = 'l3dsr = { method = "dscp", dscp = 5 }'
    found = checks(two(mode="l3dsr", vip="192.0.2.11", a=gue, b=dscp)).targets
    assert {(one.method, one.gue_port) for one in found} >= {("gue", 7000)}
    assert all(one.gue_port == 0 for one in checks(two()).targets)
