# SPDX-License-Identifier: Apache-2.0
"""Contradictions among the keys that say how real servers are asked, and what follows from that."""

from __future__ import annotations

from collections.abc import Iterator

from dsrlb.config.health import CONNECTING, Health
from dsrlb.config.members import complete
from dsrlb.config.models import Config, Service
from dsrlb.config.policies import Found
from dsrlb.config.values import millis_text

Path = tuple[str | int, ...]

KEYS_OF: dict[str, tuple[str, ...]] = {
    "path": ("http", "https"),
    "method": ("http", "https"),
    "host": ("http", "https"),
    "status": ("http", "https"),
    "body": ("http", "https"),
    "sni": ("https",),
    "verify": ("https",),
    "send": ("tcp", "udp"),
    "expect": ("tcp", "udp"),
    "query": ("dns",),
    "record": ("dns",),
    "rcode": ("dns",),
    "command": ("command",),
}
"""Keys that only some types have."""

_NEEDED = {
    "udp": ("send", "what is to be sent, and is answered"),
    "dns": ("query", 'the name that is asked for, such as query = "example.com"'),
    "command": ("command", 'a program, such as command = ["/usr/local/bin/check-web"]'),
}
_UNRAMPED = ("adaptive", "fastest-response-time")


def _table(path: Path, health: Health) -> Iterator[Found]:
    """One health table by itself."""
    if health.timeout > health.interval:
        message = f"not more than interval, which is {millis_text(health.interval)}"
        yield (*path, "timeout"), millis_text(health.timeout), message
    for key, types in KEYS_OF.items():
        if key in health.model_fields_set and health.type not in types:
            message = f"only with type {' or '.join(types)}, not {health.type}; remove it"
            yield (*path, key), getattr(health, key), message
    needed = _NEEDED.get(health.type)
    if needed is not None and not getattr(health, needed[0]):
        yield (*path, needed[0]), "(absent)", f'type = "{health.type}" needs {needed[1]}'
    if health.method == "HEAD" and health.body:
        yield (*path, "body"), health.body, "the answer to a HEAD request has none; take GET"
    if health.flap_count and not (health.flap_window and health.flap_hold):
        message = "needs flap_window and flap_hold, which are not 0; or 0: off"
        yield (*path, "flap_count"), health.flap_count, message


def _port(config: Config, path: Path, service: Service) -> Iterator[Found]:
    """Checks that go to a port have one."""
    health = config.health_of(service)
    if health.port or health.type in ("icmp", "command", "none"):
        return
    kind = "tcp" if health.type in CONNECTING else "udp"
    if health.type != "dns" and kind != service.protocol:
        message = (
            f"needs a port: the check is {kind}, and service {service.name!r} is "
            f"{service.protocol}; give health.port"
        )
    elif service.checked_port is None:
        message = f'needs a port: service {service.name!r} has "any"; give health.port'
    else:
        return
    yield (*_place(config, path, service), "type"), health.type, message


def _place(config: Config, path: Path, service: Service) -> Path:
    """Where the health table of a service stands."""
    if service.health is not None:
        return (*path, "health")
    index = next(i for i, group in enumerate(config.group) if group.name == service.group)
    return ("group", index, "health")


def _down(config: Config, path: Path, service: Service) -> Iterator[Found]:
    """What happens when somebody, or everybody, is down."""
    if service.on_down == "reset" and service.protocol != "tcp":
        message = "an RST is TCP's, and the service is udp; take rehash or keep"
        yield (*path, "on_down"), service.on_down, message
    if (service.all_down == "sorry") != (service.sorry is not None):
        if service.sorry is None:
            message = "needs [service.sorry] with the address of who serves then"
            yield (*path, "all_down"), service.all_down, message
        else:
            message = 'only with all_down = "sorry"; give that, or remove the table'
            yield (*path, "sorry"), str(service.sorry.address[0]), message
    if service.slow_start and service.algorithm in _UNRAMPED:
        message = f"not with {service.algorithm}, which gives nobody a share; remove it"
        yield (*path, "slow_start"), f"{service.slow_start}s", message


def _sorry(config: Config, path: Path, service: Service) -> Iterator[Found]:
    if service.sorry is None:
        return
    own = {address for real in config.reals_of(service) for address in real.address}
    for address in service.sorry.address:
        if address in own:
            message = "it is a real server of this service; the sorry server is another one"
            yield (*path, "sorry", "address"), str(address), message
    for vip in service.vip:
        if config.address_for(service, service.sorry, vip.version) is None:
            message = f"no IPv{vip.version} address, and the service has VIP {vip}; add one"
            yield (*path, "sorry", "address"), ", ".join(map(str, service.sorry.address)), message
            return


def _silence(config: Config) -> Iterator[Found]:
    """A daemon is silent while it is started anew."""
    balancer = config.balancer
    if "fail_open_new" in balancer.model_fields_set and not balancer.fail_open:
        message = "only with fail_open; give that, or remove this"
        yield ("balancer", "fail_open_new"), balancer.fail_open_new, message


def check_health(config: Config) -> Iterator[Found]:
    """Yield what contradicts itself in health tables and the policies that go with them."""
    yield from _silence(config)
    for index, group in enumerate(config.group):
        if group.health is not None:
            yield from _table(("group", index, "health"), group.health)
    for index, service in enumerate(config.service):
        if service.health is not None:
            yield from _table(("service", index, "health"), service.health)
        yield from _down(config, ("service", index), service)
    for index, service in complete(config):
        yield from _port(config, ("service", index), service)
        yield from _sorry(config, ("service", index), service)
