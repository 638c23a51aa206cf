# SPDX-License-Identifier: Apache-2.0
"""Contradictions among the keys that say who gets the next flow."""

from __future__ import annotations

from collections.abc import Iterator

from dsrlb.config.choices import COUNTED, HASHED, LARGEST_TABLE, SCANNED
from dsrlb.config.members import complete
from dsrlb.config.models import MOST_REALS, MOST_SCANNED, Config, Service
from dsrlb.config.policies import Found

Path = tuple[str | int, ...]

_OTHERS = "round-robin, weighted-round-robin, hash and maglev"
_MODES = "bridge, router, one-arm or nat"


def _table(path: Path, service: Service) -> Iterator[Found]:
    """Keys of the algorithms that go by a hash."""
    message = f"only with algorithm {' or '.join(HASHED)}, not {service.algorithm}; remove it"
    for key in ("hash_on", "table_size"):
        if getattr(service, key) and not service.by_hash:
            yield (*path, key), getattr(service, key), message


def _counted(path: Path, service: Service) -> Iterator[Found]:
    """Flows that are not remembered are not counted either."""
    if service.one_packet and service.algorithm in COUNTED:
        message = (
            "not with one_packet: flows that are not remembered are not counted, and this "
            f"algorithm goes by their numbers; take one of {_OTHERS}"
        )
        yield (*path, "algorithm"), service.algorithm, message


def _timed(path: Path, service: Service) -> Iterator[Found]:
    """Where replies are not seen, somebody has to be asked who answers by TCP."""
    if not service.probed:
        return
    elsewhere = f"take mode {_MODES}, where replies are seen, or another algorithm, such as"
    if service.protocol != "tcp":
        message = (
            f"in mode {service.mode} response times are those of TCP probes, and the service is "
            f"{service.protocol}; {elsewhere} round-robin"
        )
        yield (*path, "algorithm"), service.algorithm, message
    elif all(ports.is_any for ports in service.port):
        message = (
            f'in mode {service.mode} response times are those of probes, and "any" is no port to '
            f'probe; give one too, such as port = ["any", 80], or {elsewhere} adaptive'
        )
        yield (*path, "algorithm"), service.algorithm, message


def _reals(config: Config, path: Path, service: Service) -> Iterator[Found]:
    """Not more real servers than are compared, nor fewer entries than they need."""
    for family in sorted({vip.version for vip in service.vip}):
        weights = [
            real.weight
            for real in config.reals_of(service)
            if config.address_for(service, real, family) is not None
        ]
        if len(weights) > MOST_SCANNED and service.algorithm in SCANNED:
            message = (
                f"it compares all real servers, {MOST_SCANNED} of each address family at most, "
                f"and there are {len(weights)} of IPv{family}; {_OTHERS} take {MOST_REALS:,}; or "
                "make it several services"
            )
            yield (*path, "algorithm"), service.algorithm, message
            return
        least = min(filter(None, weights), default=0)
        needed = -(-sum(weights) // least) if least and service.by_hash else 0
        if needed > (service.table_size or LARGEST_TABLE):
            yield _too_few(path, service, needed)
            return


def _too_few(path: Path, service: Service, needed: int) -> Found:
    """``needed``: entries, so that the real server of the smallest weight has one, by its share."""
    if needed <= LARGEST_TABLE:
        message = (
            "the real server of the smallest weight would have less than one entry: at least "
            f"{needed:,} are needed; give a larger one, or 0"
        )
        return (*path, "table_size"), service.table_size, message
    message = (
        f"the weights are too far apart: all together are {needed:,} times the smallest one, and "
        f"the largest table has {LARGEST_TABLE:,} entries; raise the smallest, or take "
        "weighted-round-robin"
    )
    return (*path, "algorithm"), service.algorithm, message


def check_algorithms(config: Config) -> Iterator[Found]:
    """Yield what contradicts itself in algorithms and what belongs to them."""
    for index, service in enumerate(config.service):
        path: Path = ("service", index)
        yield from _table(path, service)
        yield from _counted(path, service)
        yield from _timed(path, service)
    for index, service in complete(config):
        yield from _reals(config, ("service", index), service)
