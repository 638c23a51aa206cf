# SPDX-License-Identifier: Apache-2.0
"""Changes while clients connect: by file and by command, good ones and bad ones."""

from __future__ import annotations

import pytest

from tests.lab.instance import Instance, config
from tests.lab.plain import MORE_VIPS, PORT, VIPS, Plain, addresses
from tests.lab.traffic import Load, request, syn_retransmissions
from tests.waiting import wait_until

ALGORITHMS = (
    *("least-connection", "weighted-least-connection", "adaptive", "fastest-response-time"),
    *("weighted-round-robin", "hash", "maglev", "hash", "adaptive", "maglev", "round-robin"),
)


@pytest.mark.lasting
def test_bad_file_changes_nothing(plain: Plain, balancer: Instance) -> None:
    balancer.serve(config())
    before = balancer.done("config", "show")
    saved = (balancer.state / "config.toml").read_text()
    bad = config().replace(f"port = {PORT}", "port = 70000", 1)
    line = bad.splitlines().index("port = 70000") + 1
    refused = balancer.dsrlb("apply", balancer.write(bad))
    assert refused.returncode == 2
    assert f"{balancer.file}:{line}: " in refused.stderr
    assert "port = 70000: " in refused.stderr
    assert "Traceback" not in refused.stderr
    assert balancer.done("config", "show") == before
    assert (balancer.state / "config.toml").read_text() == saved
    for vip in VIPS:
        assert request(plain.client, vip, count=4) == {"r1": 2, "r2": 2}


@pytest.mark.lasting
def test_interface_that_is_not_there_is_refused(balancer: Instance) -> None:
    """What only the daemon's host can tell: the answer names the file all the same."""
    balancer.serve(config())
    before = balancer.done("config", "show")
    refused = balancer.dsrlb("apply", balancer.write(config().replace('"eth0"', '"eth7"')))
    assert refused.returncode == 2
    assert f"{balancer.file}:2: balancer.interfaces" in refused.stderr
    assert "eth7" in refused.stderr
    assert balancer.done("config", "show") == before


def test_run_with_a_bad_file_leaves_nothing(balancer: Instance) -> None:
    bad = config().replace('mode = "l2dsr"', 'mode = "routed"')
    refused = balancer.dsrlb("run", "-c", balancer.write(bad))
    assert refused.returncode == 2
    assert 'mode = "routed"' in refused.stderr
    assert "l2dsr" in refused.stderr
    assert not balancer.pins.exists()
    assert not balancer.namespace.link().get("xdp", {}).get("mode")


@pytest.mark.lasting
def test_commands_under_traffic_lose_nothing(plain: Plain, balancer: Instance, load: Load) -> None:
    balancer.serve(config())
    before = syn_retransmissions(plain.client)
    load.start()
    reals = [f"--real={addresses(host)[0]},{addresses(host)[1]}" for host in ("r1", "r2")]
    vips = [f"--vip={vip}" for vip in MORE_VIPS]
    balancer.done("service", "add", "more", *vips, "--protocol=tcp", f"--port={PORT}", *reals)
    for vip in MORE_VIPS:
        assert request(plain.client, vip, count=4) == {"r1": 2, "r2": 2}
    load.progress(50)
    balancer.done("service", "set", "more", "algorithm=weighted-round-robin")
    balancer.done("real", "set", "more", addresses("r1")[0], "--weight", "3")
    for vip in MORE_VIPS:
        assert request(plain.client, vip, count=8) == {"r1": 6, "r2": 2}
    balancer.done("service", "remove", "more")
    load.progress(50)
    load.stop()
    assert load.errors == []
    assert syn_retransmissions(plain.client) == before
    assert [row["name"] for row in balancer.get("/services")] == ["web", "web", "dns", "dns"]


@pytest.mark.lasting
def test_every_algorithm_under_traffic(plain: Plain, balancer: Instance, load: Load) -> None:
    """One command each; connections and handshakes that are there stay at their real servers."""
    balancer.serve(config())
    load.start()
    for name in ALGORITHMS:
        balancer.done("service", "set", "web", "--algorithm", name)
        rows = balancer.get("/services")
        assert {row["algorithm"] for row in rows if row["name"] == "web"} == {name}
        for vip in VIPS:
            assert set(request(plain.client, vip, count=20)) <= {"r1", "r2"}
        load.progress(50)
    load.stop()
    assert load.errors == []


@pytest.mark.lasting
@pytest.mark.parametrize("name", ["hash", "maglev"])
def test_a_client_keeps_its_real_server(plain: Plain, balancer: Instance, name: str) -> None:
    """By its address alone, and over a restart."""
    balancer.serve(config())
    balancer.done("service", "set", "web", "--algorithm", name, "--hash-on", "source")
    homes = [request(plain.client, vip, count=10) for vip in VIPS]
    assert [len(home) for home in homes] == [1, 1]
    balancer.kill()
    balancer.start()
    assert [request(plain.client, vip, count=10) for vip in VIPS] == homes


@pytest.mark.lasting
def test_real_leaves_and_returns_under_traffic(
    plain: Plain, balancer: Instance, load: Load
) -> None:
    """Weight 0 first, so that its flows end by themselves; then nobody loses anything."""
    balancer.serve(config())
    v4, v6 = addresses("r2")
    balancer.done("real", "set", "web", v4, "--weight", "0")
    load.start()
    for _ in range(2):
        balancer.done("real", "remove", "web", v4)
        for vip in VIPS:
            assert request(plain.client, vip, count=4) == {"r1": 4}
        load.progress(30)
        balancer.done("real", "add", "web", f"{v4},{v6}", "--weight", "0")
        load.progress(30)
    balancer.done("real", "set", "web", v4, "--weight", "1")
    wait_until("r2 serves", lambda: "r2" in request(plain.client, VIPS[0], count=2))
    load.stop()
    assert load.errors == []
