# SPDX-License-Identifier: Apache-2.0
"""Configurations that just fit into the fast path's tables, and those that do not."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from dsrlb.config.sharing import sharing
from dsrlb.config.source import read
from dsrlb.control.desired.limits import Sizes, exceeded
from dsrlb.dataplane.artifact import parse_constants
from dsrlb.paths import ebpf_sources

LIMITS = {
    "MAX_VIPS": 3,
    "MAX_SERVICE_KEYS": 5,
    "MAX_SERVICES": 5,
    "MAX_REALS": 7,
    "MAX_TABLE_LINES": 8,
    "TABLE_LINE": 4,
    "MAX_SOURCES": 8,
    "MAX_SOURCE_LISTS": 4,
    "MAX_HOMES": 3,
    "MAX_PATHS": 6,
    "MAX_POOL_ADDRESSES": 4,
}


def service(name: str, vips: str, port: str, reals: str, more: str = "", l3dsr: str = "") -> str:
    """A service; ``l3dsr``: what its table of this name says, if it has one."""
    mode = f'mode = "l3dsr"\nl3dsr = {{ {l3dsr} }}' if l3dsr else 'mode = "l2dsr"'
    lines = [f'name = "{name}"', f"vip = [{vips}]", 'protocol = "tcp"', f"port = {port}"]
    lines += [mode, f"real = [{reals}]", more]
    return "\n".join(["[[service]]", *lines, ""])


def wrong(*services: str, limits: Mapping[str, int] = LIMITS) -> list[str]:
    """The messages, with the lines that they name."""
    config, origin = read('[balancer]\ninterfaces = ["eth0"]\n' + "".join(services), "x.toml")
    return [f"{p.line}: {p.message}" for p in exceeded(config, origin, limits)]


ONE = '{ address = "10.0.0.1" }'
TWO = f'{ONE}, {{ address = "10.0.0.2" }}'
BOTH = '{ address = ["10.0.0.1", "fd00::1"] }'


def test_what_fits() -> None:
    assert (
        wrong(service("a", '"192.0.2.1"', "80", TWO), service("b", '"192.0.2.2"', "80", TWO)) == []
    )


def test_vips_count_once() -> None:
    three = '"192.0.2.1", "192.0.2.2", "192.0.2.3"'
    assert wrong(service("a", three, "80", ONE), service("b", '"192.0.2.1"', "81", ONE)) == []
    assert wrong(service("a", three, "80", ONE), service("b", '"192.0.2.4"', "81", ONE)) == [
        "11: too many VIPs and addresses of pools: at most 3, and up to here there are 4"
    ]


def test_ports_count_by_aligned_blocks() -> None:
    """8000-8030 is blocks of 16, 8, 4, 2 and 1; one port more takes a block of 32 alone."""
    assert wrong(service("a", '"192.0.2.1"', '"8000-8031"', ONE)) == []
    assert wrong(service("a", '"192.0.2.1"', '"8000-8030"', ONE)) == []
    (message,) = wrong(service("a", '"192.0.2.1"', '["8000-8030", 9]', ONE))
    assert message.startswith("3: too many ports")
    assert message.endswith("at most 5, and up to here there are 6")


def test_services_and_reals_count_by_family() -> None:
    vips = '"192.0.2.1", "2001:db8::1"'
    two = [service(name, vips, str(port), BOTH) for port, name in enumerate("ab", 80)]
    assert wrong(*two) == []
    (message,) = wrong(*two, service("c", '"192.0.2.1"', "90", ONE))
    assert message.startswith("19: too many services")
    reals = ", ".join(f'{{ address = "10.0.0.{n}" }}' for n in range(1, 8))
    (message,) = wrong(service("a", '"192.0.2.1"', "80", reals))
    assert message.startswith("3: too many real servers")
    assert message.endswith("at most 6, and up to here there are 7")


def test_tables_need_room_twice() -> None:
    """Half of the lines, which have 4 entries each."""
    reals = '{ address = "10.0.0.1", weight = 3 }, { address = "10.0.0.2", weight = 13 }'
    weighted = 'algorithm = "weighted-round-robin"'
    assert wrong(service("a", '"192.0.2.1"', "80", reals, weighted)) == []
    reals = reals.replace("13", "14")
    (message,) = wrong(service("a", '"192.0.2.1"', "80", reals, weighted))
    assert message.startswith("3: too many entries in tables of algorithms; a smaller table_size")
    assert message.endswith("at most 16, and up to here there are 20")
    assert wrong(service("a", '"192.0.2.1"', "80", reals.replace("3", "4"), weighted)) == []
    assert wrong(service("a", '"192.0.2.1"', "80", reals)) == []


def test_each_service_and_family_has_a_table() -> None:
    maglev = 'algorithm = "maglev"\ntable_size = 4093'
    vips = '"192.0.2.1", "2001:db8::1"'
    room = LIMITS | {"MAX_TABLE_LINES": 2 * 3 * 128, "TABLE_LINE": 32}
    three = service("a", vips, "80", BOTH, maglev), service("b", '"192.0.2.1"', "81", ONE, maglev)
    assert wrong(*three, limits=room) == []
    more = service("c", '"192.0.2.1"', "82", ONE, maglev)
    (message,) = wrong(*three, more, limits=room)
    assert message.endswith("at most 12288, and up to here there are 16384")


def test_schedules_fit_where_real_servers_do() -> None:
    """An old one and a new one of each service."""
    constants = parse_constants((ebpf_sources() / "abi.h").read_text())
    assert constants["MAX_MEMBERS"] >= 2 * constants["MAX_REALS"]


def test_the_largest_tables_of_all_services() -> None:
    """15 of the largest size, with room for as many new ones."""
    constants = parse_constants((ebpf_sources() / "abi.h").read_text())
    more = 'algorithm = "maglev"\ntable_size = 524309'
    vips = '"192.0.2.1"'
    services = [service(f"s{n}", vips, str(n + 1), ONE, more) for n in range(16)]
    assert wrong(*services[:15], limits=constants) == []
    assert len(wrong(*services, limits=constants)) == 1


def test_prefixes_need_room_twice_and_equal_lists_count_once() -> None:
    four = 'deny = ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16"]'
    same = [
        service(name, '"192.0.2.1"', str(port), ONE, four) for port, name in enumerate("ab", 80)
    ]
    assert wrong(*same) == []
    (message,) = wrong(*same, service("c", '"192.0.2.1"', "90", ONE, 'deny = "10.5.0.0/16"'))
    assert message.startswith("19: too many prefixes in allow and deny")
    assert message.endswith("at most 4, and up to here there are 5")
    six = 'deny = ["fd00::/16", "fd01::/16", "fd02::/16", "fd03::/16", "fd04::/16"]'
    assert wrong(service("a", '"192.0.2.1"', "80", ONE, six)) == []  # none is of its family


def test_lists_count_by_family() -> None:
    vips = '"192.0.2.1", "2001:db8::1"'
    both = service("a", vips, "80", BOTH, 'deny = ["10.1.0.0/16", "fd00::/16"]')
    assert wrong(both) == []
    (message,) = wrong(both, service("b", '"192.0.2.1"', "81", ONE, 'allow = "fd00::/16"'))
    assert message.startswith("11: too many lists of allow and deny")  # an empty one is a list too
    assert message.endswith("at most 2, and up to here there are 3")


def test_reals_of_persistence_groups() -> None:
    more = 'persistence = 60\npersistence_group = "g"'
    alone = service("c", '"192.0.2.1"', "82", TWO, "persistence = 60")
    one = service("a", '"192.0.2.1"', "80", TWO, more)
    assert wrong(alone, one) == []
    (message,) = wrong(one, service("b", '"192.0.2.1"', "81", TWO, more))
    assert message.startswith("12: too many real servers in persistence groups")
    assert message.endswith("at most 3, and up to here there are 4")


IPIP, GUE = 'method = "ipip"', 'method = "gue"'
SIX = '"192.0.2.1", "2001:db8::1"'


def test_a_tunnel_makes_a_real_count_for_both_families() -> None:
    three = f'{TWO}, {{ address = "10.0.0.3" }}'
    assert wrong(service("a", SIX, "80", three, l3dsr=IPIP)) == []
    more = service("b", '"192.0.2.1"', "81", ONE)
    (message,) = wrong(service("a", SIX, "80", three, l3dsr=IPIP), more)
    assert message.startswith("12: too many real servers")
    assert message.endswith("at most 6, and up to here there are 7")


def test_what_is_routed_to_counts_once() -> None:
    three = f'{TWO}, {{ address = "10.0.0.3" }}'
    one = service("a", '"192.0.2.1"', "80", three, l3dsr=IPIP)
    assert wrong(one, service("b", '"192.0.2.1"', "81", TWO, l3dsr=GUE)) == []
    four = '{ address = "10.0.0.4" }'
    assert wrong(one, service("b", '"192.0.2.1"', "81", four)) == []  # on the segment
    (message,) = wrong(one, service("b", '"192.0.2.1"', "81", four, l3dsr=GUE))
    assert message.startswith("12: too many addresses of real servers in modes l3dsr,")
    assert message.endswith("at most 3, and up to here there are 4")


def test_an_address_that_is_not_used_is_not_routed_to() -> None:
    both = '{ address = ["10.0.0.1", "fd00::1"] }, { address = ["10.0.0.2", "fd00::2"] }'
    assert wrong(service("a", '"192.0.2.1"', "80", both, l3dsr=IPIP)) == []
    (message,) = wrong(service("a", SIX, "80", both, l3dsr=IPIP))
    assert "in modes l3dsr, router, one-arm and nat" in message


def test_the_numbers_of_lists_and_services_are_as_many() -> None:
    """The Applier takes one for the other."""
    constants = parse_constants((ebpf_sources() / "abi.h").read_text())
    assert constants["MAX_SOURCE_LISTS"] == constants["MAX_SERVICES"]


def one_arm(name: str, port: str, pool: str, vips: str = '"192.0.2.1"') -> str:
    """A service with a pool."""
    text = service(name, vips, port, ONE, f'snat = {{ pool = "{pool}" }}')
    return text.replace('"l2dsr"', '"one-arm"')


def test_equal_pools_count_once() -> None:
    """Half of the places: those of an old pool stay until no flow has its addresses."""
    two = "192.0.2.201-192.0.2.202"
    assert wrong(one_arm("a", "80", two), one_arm("b", "81", two)) == []
    assert wrong(one_arm("a", "80", two), one_arm("b", "81", "192.0.2.201")) == [
        "11: too many addresses in service.snat.pool (equal pools count once): at most 2, and up "
        "to here there are 3"
    ]


def test_addresses_of_pools_are_answered_as_vips_are() -> None:
    two = "192.0.2.201-192.0.2.202"
    assert wrong(one_arm("a", "80", two)) == []
    assert wrong(one_arm("a", "80", two, '"192.0.2.1", "192.0.2.2"')) == [
        "3: too many VIPs and addresses of pools: at most 3, and up to here there are 4"
    ]


def test_real_servers_that_open_connections_count_twice() -> None:
    three = f'{TWO}, {{ address = "10.0.0.3" }}'
    nat = service("a", '"192.0.2.1"', "80", three, "# more").replace('"l2dsr"', '"nat"')
    other = service("b", '"192.0.2.1"', "81", three)
    assert wrong(nat, other) == []
    opens = nat.replace("# more", 'outbound = true\nsnat = { pool = "192.0.2.2" }')
    (message,) = wrong(opens, other)
    assert message.startswith("12: too many real servers")
    assert message.endswith("at most 6, and up to here there are 9")


CHOICES = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(['"192.0.2.1"', '"192.0.2.1", "192.0.2.2"', '"192.0.2.3", "192.0.2.4"']),
        st.sampled_from([ONE, TWO, BOTH, f'{TWO}, {{ address = "10.0.0.3" }}']),
        st.sampled_from(["", 'allow = ["192.0.2.0/30", "192.0.2.8/30"]']),
        st.sampled_from(["", IPIP]),
    ),
    max_size=3,
    unique_by=lambda chosen: chosen[0],
)


@given(st.lists(CHOICES, min_size=2, max_size=6))
def test_what_is_remembered_changes_nothing(steps: list[list[tuple[str, ...]]]) -> None:
    """One that follows one configuration after the other says what one without a memory says."""
    sizes, before = Sizes(), None
    for step in steps:
        text = "".join(
            service(name, vips, str(80 + ord(name)), reals, more, l3dsr)
            for name, vips, reals, more, l3dsr in step
        )
        config, origin = read(f'[balancer]\ninterfaces = ["eth0"]\n{text}', "x.toml")
        before = config if before is None else sharing(config, before)
        fewer = LIMITS | {"MAX_VIPS": 1}
        # Another configuration within the same limits, the very one in others, and twice.
        for limits in (LIMITS, fewer, LIMITS, LIMITS):
            assert sizes.exceeded(before, origin, limits) == exceeded(config, origin, limits)


def test_a_sorry_server_is_a_real_server() -> None:
    six = ", ".join(f'{{ address = "10.0.0.{n}" }}' for n in range(1, 7))
    sorry = 'all_down = "sorry"\nsorry = { address = "10.0.0.9" }'
    assert wrong(service("a", '"192.0.2.1"', "80", six)) == []
    (message,) = wrong(service("a", '"192.0.2.1"', "80", six, sorry))
    assert message.startswith("3: too many real servers")
    assert message.endswith("at most 6, and up to here there are 7")


def test_a_service_that_stays_is_counted_anew_with_another_group() -> None:
    """And one that changes, though its group stays."""
    sizes, before = Sizes(), None
    for vips, reals, says in (
        ('"192.0.2.1"', 2, []),
        ('"192.0.2.1"', 7, ["too many real servers"]),
        ('"192.0.2.1"', 2, []),
        ('"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"', 2, ["too many VIPs"]),
    ):
        members = ", ".join(f'{{ address = "10.0.0.{n}" }}' for n in range(1, 1 + reals))
        text = service("a", vips, "80", "", 'group = "g"').replace("real = []\n", "")
        text += f'[[group]]\nname = "g"\nreal = [{members}]\n'
        config, origin = read(f'[balancer]\ninterfaces = ["eth0"]\n{text}', "x.toml")
        before = config if before is None else sharing(config, before)
        found = [problem.message for problem in sizes.exceeded(before, origin, LIMITS)]
        assert [message.partition(" (")[0].partition(" and")[0] for message in found] == says
