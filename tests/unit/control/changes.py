# SPDX-License-Identifier: Apache-2.0
"""Changes of a configuration, each with one thing in it."""

from __future__ import annotations

from collections.abc import Iterable

from dsrlb.config import Config
from dsrlb.config.choices import HASHED
from tests.unit.control.replay import A1, A2, A3, A4, ELEVEN, TEN, config_of, service

TWO_DENIED = 'deny = ["203.0.113.0/24", "198.51.100.7"]'
ALLOWED = 'allow = "10.0.0.0/8"\ndeny = "10.66.0.0/16"'


def grouped(name: str, port: str, group: str, reals: Iterable[str] = (A1, A2)) -> str:
    """A service of a persistence group."""
    return service(name, port, reals, f'persistence = 60\npersistence_group = "{group}"')


def by(algorithm: str, reals: Iterable[str] = (A1, A2), more: str = "") -> Config:
    """Service web by an algorithm; its table is a small one if nothing else is said."""
    if algorithm in HASHED and "table_size" not in more:
        more += "\ntable_size = 4093"
    return config_of(service("web", "80", reals, f'algorithm = "{algorithm}"\n{more}'))


NOTHING = config_of()
WEB = config_of(service("web", "80", [A1, A2]))

CHANGES = {
    "service-added": (NOTHING, WEB),
    "service-removed": (WEB, NOTHING),
    "service-replaced": (WEB, config_of(service("new", "80", [A3, A4]))),
    "real-added": (WEB, config_of(service("web", "80", [A1, A2, A3]))),
    "real-removed": (WEB, config_of(service("web", "80", [A2]))),
    "reals-replaced": (WEB, config_of(service("web", "80", [A3, A4]))),
    "weights": (WEB, config_of(service("web", "80", [A1 + "*3", A2 + "*2"]))),
    "weights-exchanged": (
        config_of(service("web", "80", [A1, A2 + "*0"])),
        config_of(service("web", "80", [A1 + "*0", A2])),
    ),
    "turns-become-maglev": (WEB, by("maglev")),
    "maglev-becomes-hash": (by("maglev"), by("hash")),
    "maglev-becomes-round-robin": (by("maglev"), by("round-robin")),
    "hash-becomes-least-connection": (by("hash"), by("least-connection")),
    "scan-becomes-fastest": (by("adaptive"), by("fastest-response-time")),
    "weights-of-least-connection": (
        by("weighted-least-connection"),
        by("weighted-least-connection", [A1, A2 + "*3"]),
    ),
    "maglev-gets-a-real": (by("maglev"), by("maglev", [A3, A1, A2])),
    "maglev-loses-a-real": (by("maglev", [A1, A2, A3]), by("maglev", [A1, A3])),
    "maglev-loses-all-but-one": (by("maglev", [A1, A2]), by("maglev", [A1 + "*0", A2])),
    "maglev-loses-all": (by("maglev", [A1]), by("maglev", [A1 + "*0"])),
    "maglev-in-another-order": (by("maglev", [A1, A2, A3]), by("maglev", [A3, A2, A1])),
    "maglev-weights": (by("maglev", [A1, A2 + "*2"]), by("maglev", [A1 + "*5", A2 + "*2"])),
    "table-grows": (by("maglev"), by("maglev", more="table_size = 65537")),
    "table-shrinks": (by("hash", more="table_size = 65537"), by("hash")),
    "hash-on-all": (by("hash"), by("hash", more='hash_on = "tuple"')),
    "vip-added": (WEB, config_of(service("web", "80", [A1, A2], vip=f"[{TEN}, {ELEVEN}]"))),
    "vip-removed": (config_of(service("web", "80", [A1, A2], vip=f"[{TEN}, {ELEVEN}]")), WEB),
    "vip-moved": (WEB, config_of(service("web", "80", [A1, A2], vip=ELEVEN))),
    "port-moved": (WEB, config_of(service("web", "81", [A1, A2]))),
    "exact-out-of-any": (
        config_of(service("a", '"any"', [A1])),
        config_of(service("a", "80", [A1]), service("b", '"any"', [A2])),
    ),
    "any-around-exact-goes": (
        config_of(service("a", "80", [A1]), service("b", '"any"', [A2])),
        config_of(service("c", '"any"', [A3])),
    ),
    "exact-and-range-become-any": (
        config_of(service("a", "80", [A1]), service("b", '"80-95"', [A2])),
        config_of(service("c", '"any"', [A3])),
    ),
    "exact-and-range-become-any-beside-a-range": (
        config_of(service("a", "80", [A1]), service("b", '"80-95"', [A2])),
        config_of(service("c", '["any", "96-111"]', [A3])),
    ),
    "exact-and-range-under-any-go": (
        config_of(
            service("a", "80", [A1]), service("b", '"80-95"', [A2]), service("c", '"any"', [A3])
        ),
        config_of(service("c", '"any"', [A3])),
    ),
    "range-grows": (
        config_of(service("a", '"80-82"', [A1])),
        config_of(service("a", '"80-96"', [A1])),
    ),
    "two-services-exchange-ports": (
        config_of(service("a", "80", [A1]), service("b", "81", [A2])),
        config_of(service("a", "81", [A1]), service("b", "80", [A2])),
    ),
    "links-narrowed": (WEB, config_of(service("web", "80", [A1, A2], 'interfaces = "eth0"'))),
    "links-widened": (config_of(service("web", "80", [A1, A2], 'interfaces = "eth0"')), WEB),
    "links-moved": (
        config_of(service("web", "80", [A1, A2], 'interfaces = "eth0"')),
        config_of(service("web", "80", [A1, A2], 'interfaces = "eth1"')),
    ),
    "range-goes-as-links-come": (
        config_of(
            service("a", "80", [A1], 'interfaces = "eth0"'),
            service("b", '"any"', [A2], 'interfaces = "eth0"'),
        ),
        config_of(service("b", '"any"', [A2])),
    ),
    "on-unknown": (WEB, config_of(service("web", "80", [A1, A2], 'on_unknown = "schedule"'))),
    "on-unknown-reset": (WEB, config_of(service("web", "80", [A1, A2], 'on_unknown = "reset"'))),
    "list-added": (WEB, config_of(service("web", "80", [A1, A2], TWO_DENIED))),
    "list-removed": (config_of(service("web", "80", [A1, A2], TWO_DENIED)), WEB),
    "list-changed": (
        config_of(service("web", "80", [A1, A2], TWO_DENIED)),
        config_of(service("web", "80", [A1, A2], ALLOWED)),
    ),
    "list-shared-then-not": (
        config_of(service("a", "80", [A1], ALLOWED), service("b", "81", [A1], ALLOWED)),
        config_of(service("a", "80", [A1], ALLOWED), service("b", "81", [A1], TWO_DENIED)),
    ),
    "list-moves-to-another-service": (
        config_of(service("a", "80", [A1], ALLOWED), service("b", "81", [A1], TWO_DENIED)),
        config_of(service("a", "80", [A1], TWO_DENIED), service("b", "81", [A1], ALLOWED)),
    ),
    "rates": (
        config_of(service("web", "80", [A1, A2], "new_flow_rate = 10\nsource_flow_rate = 3")),
        config_of(service("web", "80", [A1, A2], "new_flow_rate = 20\nnew_flow_burst = 7")),
    ),
    "persistence-on": (WEB, config_of(service("web", "80", [A1, A2], "persistence = 60"))),
    "persistence-off": (config_of(service("web", "80", [A1, A2], "persistence = 60")), WEB),
    "group-joined": (
        config_of(grouped("a", "80", "g"), service("b", "81", [A1, A2], "persistence = 60")),
        config_of(grouped("a", "80", "g"), grouped("b", "81", "g")),
    ),
    "group-left": (
        config_of(grouped("a", "80", "g"), grouped("b", "81", "g")),
        config_of(grouped("a", "80", "g"), service("b", "81", [A1, A2])),
    ),
    "group-gets-a-real": (
        config_of(grouped("a", "80", "g"), grouped("b", "81", "g")),
        config_of(grouped("a", "80", "g", [A1, A2, A3]), grouped("b", "81", "g", [A1, A2, A3])),
    ),
    "group-loses-a-real": (
        config_of(grouped("a", "80", "g", [A1, A2, A3]), grouped("b", "81", "g", [A1, A2, A3])),
        config_of(grouped("a", "80", "g"), grouped("b", "81", "g")),
    ),
    "group-split": (
        config_of(grouped("a", "80", "g"), grouped("b", "81", "g"), grouped("c", "82", "h")),
        config_of(grouped("a", "80", "g"), grouped("b", "81", "h"), grouped("c", "82", "h")),
    ),
    "groups-exchange-services": (
        config_of(grouped("a", "80", "g"), grouped("b", "81", "h")),
        config_of(grouped("a", "80", "h"), grouped("b", "81", "g")),
    ),
}
