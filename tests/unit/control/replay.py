# SPDX-License-Identifier: Apache-2.0
"""Applies one configuration over another and looks everything up after every single store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import gcd

from dsrlb.config import Config, Real, Service, parse
from dsrlb.control.desired.compute import compute
from dsrlb.control.desired.contents import Desired, LinkState, RealId, Resolution, ServiceId
from dsrlb.control.desired.forms import form
from dsrlb.control.desired.service import PROTOCOLS
from dsrlb.control.macs.targets import targets_of
from dsrlb.control.maps.apply import Applier
from dsrlb.control.maps.installed import read
from dsrlb.control.maps.natted import Natted
from dsrlb.control.maps.ownlinks import OwnLinks
from dsrlb.control.maps.sources import read_lists
from dsrlb.dataplane.algorithms import algorithms
from dsrlb.dataplane.keys import IPAddress, interest_words
from dsrlb.dataplane.methods import methods
from tests.unit.control.fakemaps import FakeMaps
from tests.unit.control.invariants import Kept, check_named
from tests.unit.control.reader import (
    NO_SERVICE,
    PASS,
    Found,
    Outcome,
    look_up,
    record_of,
    service_of,
)

LINKS = {
    name: LinkState(number, number + 10, name, f"02:00:00:00:00:f{number}", 1500)
    for number, name in ((1, "eth0"), (2, "eth1"))
}
CHAIN = frozenset(
    (
        *(
            "interest",
            "answers",
            "reals",
            "homes",
            "sources",
            "members",
            "records",
            "slots",
            "services",
        ),
        *("vips", "pools", "tables"),
    )
)
"""What a look-up reads."""
PORTS = (79, 80, 81, 82, 83, 84, 95, 96, 443, 8000)
Place = tuple[IPAddress, int, int, int]


def resolved(config: Config, lost: Iterable[str] = ()) -> dict[RealId, Resolution]:
    """Every real on eth0, at a MAC made of its address; those in ``lost`` do not answer."""
    found = {}
    for identity in targets_of(config):
        mac = "02:00:" + identity.address.packed[-4:].hex(":")
        link = LINKS["eth0"]
        fresh = str(identity.address) not in lost
        found[identity] = Resolution(mac, link, True) if fresh else Resolution(None, None, False)
    return found


def desired_of(config: Config, lost: Iterable[str] = ()) -> Desired:
    """What the maps should hold."""
    return compute(config, LINKS, resolved(config, lost))


def service(
    name: str,
    port: str,
    reals: Iterable[str],
    more: str = "",
    vip: str = "",
    mode: str = "l2dsr",
    pool: str = "",
) -> str:
    """One [[service]] in TOML; a real is ADDRESS or ADDRESS*WEIGHT, with @PORT behind."""
    text = (
        f'[[service]]\nname = "{name}"\nvip = {vip or chr(34) + "192.0.2.10" + chr(34)}\n'
        f'protocol = "tcp"\nport = {port}\nmode = "{mode}"\n{more}\n'
    )
    if "algorithm" not in more:
        text += 'algorithm = "weighted-round-robin"\n'
    if pool:
        text += f"snat = {{ pool = [{pool}] }}\n"
    for real in reals:
        rest, _, own = real.partition("@")
        address, _, weight = rest.partition("*")
        text += f'[[service.real]]\naddress = "{address}"\nweight = {weight or 1}\n'
        text += f"port = {own}\n" if own else ""
    return text


_BRIDGE = '[[bridge]]\nname = "br0"\nports = ["eth0", "eth1"]\nreals_on = "eth0"\n'


def config_of(*services: str) -> Config:
    """A configuration on two interfaces; with a bridge if it is needed."""
    text = "".join(services)
    head = '[balancer]\ninterfaces = ["eth0", "eth1"]\n'
    return parse(head + (_BRIDGE if '"bridge"' in text else "") + text, "test.toml")


A1, A2, A3, A4 = "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"
TEN, ELEVEN = '"192.0.2.10"', '"192.0.2.11"'


def places(*configs: Config) -> list[Place]:
    """Every (VIP, protocol, port, link) worth asking about."""
    entries = [entry for config in configs for entry in config.service]
    vips = {vip for entry in entries for vip in (*entry.vip, *entry.pool_for(4))}
    protocols = {PROTOCOLS[s.protocol] for config in configs for s in config.service}
    return [
        (vip, protocol, port, link)
        for vip in sorted(vips, key=str)
        for protocol in sorted(protocols)
        for port in PORTS
        for link in (1, 2)
    ]


def outcomes(maps: FakeMaps, wanted: Iterable[Place]) -> dict[Place, Outcome]:
    """What becomes of a first packet at each place."""
    return {place: look_up(maps, *place) for place in wanted}


def seen(outcome: Outcome) -> Outcome:
    """What of an outcome matters to the packet."""
    return outcome.anonymous() if isinstance(outcome, Found) else outcome


def owner(config: Config, vip: IPAddress, protocol: int, port: int) -> Service | None:
    """Whose port it is, straight from the configuration: exact, then range, then any."""

    def rank(entry: Service) -> int | None:
        matches = [p for p in entry.port if p.first <= port <= p.last]
        sizes = [0 if p.first == p.last else 2 if p.is_any else 1 for p in matches]
        return min(sizes, default=None)

    candidates = [
        (found, entry)
        for entry in config.service
        if vip in entry.vip and PROTOCOLS[entry.protocol] == protocol
        if (found := rank(entry)) is not None
    ]
    return min(candidates, key=lambda pair: pair[0])[1] if candidates else None


def expected(config: Config, place: Place, lost: Iterable[str] = ()) -> Outcome:
    """What the configuration says of a place, with the reals in no particular order."""
    vip, protocol, port, link = place
    here = [entry for entry in config.service if vip in (*entry.vip, *entry.pool_for(4))]
    numbers = {LINKS[name].number for entry in here for name in (entry.interfaces or tuple(LINKS))}
    if any(vip not in entry.vip for entry in here):  # replies to a pool come on any link
        numbers |= {link.number for link in LINKS.values()}
    if link not in numbers:
        return PASS
    entry = owner(config, vip, protocol, port)
    if entry is None or (
        entry.interfaces and link not in {LINKS[n].number for n in entry.interfaces}
    ):
        return NO_SERVICE

    def usable(real: Real) -> bool:
        return bool(real.weight and str(real.address[0]) not in lost)

    reals = [real.address[0] for real in entry.real if usable(real)]
    addresses = tuple(sorted(reals, key=str))
    method = methods()[entry.method]
    algorithm = algorithms()[entry.algorithm]
    content = desired_of(config, lost).services[ServiceId(entry.name, vip.version)]
    service, source = content.service_rate, content.source_rate
    return Found(
        0,
        algorithm.number,
        method.number,
        ("drop", "schedule", "reset").index(entry.on_unknown),
        0,
        addresses,
        flags=int(entry.one_packet) | 2 * bool(entry.allow) | 8 * entry.by_source,
        sources=content.sources if content.has_list else None,
        persistence=(0, content.persistence_ticks),
        homes=frozenset(addresses if entry.persistence_group else ()),
        rates=(service.interval, service.burst, source.interval, source.burst),
        pool=entry.pool_for(vip.version),
        mss_clamp=entry.mss_clamp,
        forms=frozenset(form(method, real.port) for real in entry.real if usable(real)),
        weights=frozenset((real.address[0], real.weight) for real in entry.real if usable(real)),
        shares=_shares(entry, [real for real in entry.real if usable(real)]),
    )


def _shares(entry: Service, usable: list[Real]) -> frozenset[tuple[IPAddress, int]]:
    """Entries of a table by address, of those tables that have exactly as many as weights say."""
    divisor = gcd(*(real.weight for real in usable)) or 1
    if entry.algorithm != "weighted-round-robin":
        return frozenset()
    return frozenset((real.address[0], real.weight // divisor) for real in usable)


def check_groups(maps: FakeMaps, config: Config) -> None:
    """Services have the same number if they are of the same group, and only then."""
    names: dict[int, set[str]] = {}
    numbers: dict[str, set[int]] = {}
    entries = {entry.name: entry for entry in config.service}
    for identity, installed in read(maps).services.items():
        entry, number = entries[identity.name], installed.persistence_group
        if entry.persistence_group:
            assert number >= maps["slots"].max_entries
            names.setdefault(number, set()).add(entry.persistence_group)
            numbers.setdefault(entry.persistence_group, set()).add(number)
        else:
            assert number == (installed.id if entry.persistence else 0)
    assert all(len(found) == 1 for found in names.values())
    assert all(len(found) == 1 for found in numbers.values())


def check_leftovers(maps: FakeMaps, wanted: Desired) -> None:
    """Nothing is left over for the next start, but lists that packets may still go by."""
    clean = maps.copy()
    assert not Applier(clean, read(clean)).apply(wanted)
    lists = read_lists(clean["sources"]).values()
    assert len(lists) == len(set(lists))
    assert set(lists) == {entry.sources for entry in wanted.services.values() if entry.sources}
    state = read(clean)
    homes = {
        (state.services[real.service].id, real.address): entry.index
        for real, entry in state.reals.items()
        if real.service in wanted.groups
    }
    assert state.homes == homes


def check_end(maps: FakeMaps, config: Config, lost: Iterable[str] = ()) -> None:
    """The maps say what the configuration says, and nothing else is in them."""
    for place in places(config):
        got = seen(look_up(maps, *place))
        if isinstance(got, Found):
            assert None not in got.reals
            reals = tuple(sorted(set(got.reals), key=str))
            got = replace(got, reals=reals, persistence=(0, got.persistence[1]), order=b"")
            if got.algorithm != algorithms()["weighted-round-robin"].number:
                assert {address for address, _ in got.shares} in (set(), set(reals))
                got = replace(got, shares=frozenset())
        assert got == expected(config, place, lost), place
    wanted = desired_of(config, lost)
    state = read(maps)
    assert state.vips == wanted.vips
    assert {key: state.service_name(number) for key, number in state.keys.items()} == wanted.keys
    assert {name: entry.content for name, entry in state.services.items()} == wanted.services
    assert {name: entry.content for name, entry in state.reals.items()} == wanted.reals
    assert state.former == []
    for name, addresses in (("interest", set(wanted.vips)), ("answers", set(wanted.natted))):
        word = maps[name].get(0)
        assert word is not None
        assert word.tobytes() == interest_words(addresses, word["word"].size).tobytes()
    assert {name: entry.content for name, entry in state.openers.items()} == wanted.openers
    indices = {real: entry.index for real, entry in state.openers.items()}
    natted = {ip: indices[real] if real else 0 for ip, real in wanted.natted.items()}
    assert Natted(maps).content == natted
    assert OwnLinks(maps).content == wanted.links
    settings = maps["settings"].get(0)
    assert settings is not None
    assert bool(settings["replies"]) == wanted.replies
    assert int(settings["choice_seed"]) == config.balancer.hash_seed
    check_named(maps)
    check_groups(maps, config)
    check_leftovers(maps, wanted)


def replay(
    before: Config, after: Config, lost: tuple[Iterable[str], Iterable[str]] = ((), ())
) -> None:
    """Go from one to the other; after every store each look-up is as before or as after.

    The one exception is that of apply.py: a service that changes and loses a place may serve it
    by its new form until it is gone.
    """
    wanted = places(before, after)
    maps = FakeMaps()
    applier = Applier(maps, read(maps))
    applier.apply(desired_of(before, lost[0]))
    check_end(maps, before, lost[0])
    allowed = {place: {seen(found)} for place, found in outcomes(maps, wanted).items()}
    owners = {place: service_of(maps, *place[:3]) for place in wanted}

    later = maps.copy()  # what "after" looks like, by the same steps
    Applier(later, read(later)).apply(desired_of(after, lost[1]))
    for place, found in outcomes(later, wanted).items():
        allowed[place].add(seen(found))
        was = owners[place]
        if was is not None and was != service_of(later, *place[:3]):
            final = record_of(later, was)
            if final is not None:
                allowed[place].add(seen(final.on(place[3])))

    kept = Kept(maps)

    def watch(name: str) -> None:
        check_named(maps)
        kept.check(maps)
        if name not in CHAIN:
            return
        for place, got in outcomes(maps, wanted).items():
            assert seen(got) in allowed[place], (
                f"store {len(maps.writes)}, into {name}: {place} is {got}, "
                f"neither as before nor as after: {allowed[place]}"
            )

    maps.watch = watch
    applier.apply(desired_of(after, lost[1]))
    maps.watch = None
    check_end(maps, after, lost[1])


def index_of(applier: Applier, address: str) -> int:
    """Where the real of service web is in reals[]."""
    entries = applier.installed.reals.items()
    return next(entry.index for key, entry in entries if str(key.address) == address)
