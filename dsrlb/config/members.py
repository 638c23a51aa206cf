# SPDX-License-Identifier: Apache-2.0
"""Lists of real servers: what stands in them, and which services they are of."""

from __future__ import annotations

from collections.abc import Iterator

from dsrlb.config.models import Config, IPAddress, Service


def real_addresses(config: Config) -> Iterator[tuple[tuple[str | int, ...], IPAddress]]:
    """Every address of a real server, or of a sorry server, with its key path."""
    lists = [(("group", i, "real"), group.real) for i, group in enumerate(config.group)]
    lists += [(("service", i, "real"), service.real) for i, service in enumerate(config.service)]
    for path, reals in lists:
        for index, real in enumerate(reals):
            for address in real.address:
                yield (*path, index, "address"), address
    for index, service in enumerate(config.service):
        for address in service.sorry.address if service.sorry else ():
            yield ("service", index, "sorry", "address"), address


def users(config: Config) -> dict[tuple[str, int], list[Service]]:
    """The services of each list of reals that has any: ("group", 0), ("service", 2)."""
    users: dict[tuple[str, int], list[Service]] = {}
    groups = {group.name: index for index, group in enumerate(config.group)}
    for index, service in enumerate(config.service):
        if service.group is None:
            users["service", index] = [service]
        elif service.group in groups:
            users.setdefault(("group", groups[service.group]), []).append(service)
    return users


def complete(config: Config) -> Iterator[tuple[int, Service]]:
    """Services whose group is there; that another one is not is told by itself."""
    groups = {group.name for group in config.group}
    for index, service in enumerate(config.service):
        if service.group is None or service.group in groups:
            yield index, service
