# SPDX-License-Identifier: Apache-2.0
"""Configurations that have objects in common: what is equal is the same.

Whatever is made of a service is kept as long as it is the same object, so a change of one service
costs what it costs to follow one service.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from dsrlb.config.models import Balancer, Bridge, Config, Group, Service


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)


def config_of(
    balancer: Balancer,
    bridge: tuple[Bridge, ...],
    group: tuple[Group, ...],
    service: tuple[Service, ...],
) -> Config:
    """A configuration of parts that are valid, each by itself."""
    return Config.model_construct(balancer=balancer, bridge=bridge, group=group, service=service)


def sharing(config: Config, before: Config) -> Config:
    """The same configuration, with the objects of ``before`` where they are equal."""
    return config_of(
        before.balancer if before.balancer == config.balancer else config.balancer,
        before.bridge if before.bridge == config.bridge else config.bridge,
        _shared(config.group, before.group),
        _shared(config.service, before.service),
    )


def _shared(elements: Iterable[T], before: Iterable[T]) -> tuple[T, ...]:
    known = {element.name: element for element in before}
    return tuple(
        known[element.name] if element.name in known and known[element.name] == element else element
        for element in elements
    )
