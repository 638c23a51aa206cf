# SPDX-License-Identifier: Apache-2.0
"""What the daemon and the process that checks real servers tell each other.

A connected Unix stream socket, one JSON object a line, UTF-8. To the process:

- ``{"set": [TARGET, ...], "drop": ["ID", ...]}`` (either may be missing): check these, and those
  no more. What is dropped is dropped first. A target whose id is known replaces it; its state is
  kept, unless its check is another one: then it starts from ``up``.
- ``{"ask": N}``: tell the tallies, with that number.

From it:

- ``{"ready": PID}``: first.
- ``{"alive": N}``: every BEAT_SECONDS, unless the daemon has not read the last of it yet.
- ``{"states": [STATE, ...]}``: after a target's first check that counts, and whenever up, verdict
  or held is another one; and, marked as ``quiet``, soon after a check whose detail alone is another
  one. The newest of each target: what was overtaken may be left out. Verdict and
  detail are those of the last check, also where too few have failed for it to be down, or where
  this host could not even ask ("no-answer", "could not be asked: ..."), which counts as nothing.
- ``{"tallies": [TALLY, ...], "ask": N}``.

Nothing is told of single probes. Who gets a message that is not one of these ends the conversation.
The process ends when its end of the socket is closed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeVar, get_args

from dsrlb.errors import DsrlbError

Verdict = Literal[
    "ok",
    "unreachable",
    "vip-missing",
    "rule-missing",
    "decapsulation-missing",
    "port-closed",
    "wrong-answer",
    "slow",
    "no-answer",
    "vip-answers-arp",
]
"""What is wrong with a real server:

- ok: nothing
- unreachable: the real server itself does not answer, not even to ARP or echo requests
- vip-missing: it is alive, but nothing answers at the VIP
- rule-missing: it answers by its own address instead of the VIP's (l3dsr, dscp)
- decapsulation-missing: it refuses the envelopes that packets come in (l3dsr, ipip and gue)
- port-closed: it says that nobody listens there
- wrong-answer: an answer, but another one than the check wants: status, body, TLS, exit code
- slow: it answers, but later than the timeout
- no-answer: nothing came, and it cannot be told why
- vip-answers-arp: a warning beside up: it answers ARP or neighbour solicitations for the VIP
"""

BEAT_SECONDS = 1.0

Kind = Literal["tcp", "http", "https", "udp", "dns", "icmp", "command"]
Method = Literal["l2dsr", "dscp", "ipip", "gue", "bridge", "router", "one-arm", "nat"]

VERDICTS: tuple[str, ...] = get_args(Verdict)
_KINDS: tuple[str, ...] = get_args(Kind)
_METHODS: tuple[str, ...] = get_args(Method)


class ProtocolError(DsrlbError):
    """A message that is none: a defect of who sent it."""


@dataclass(frozen=True, slots=True)
class Check:
    """How a real server is asked, and when that counts: the keys of a configuration's `health`
    (CONFIG.md). ``interval`` and ``timeout`` in milliseconds, all other times in seconds, 0: off.
    ``host`` and ``sni`` are what is sent and, with ``verify``, what the certificate is for."""

    type: Kind
    interval: int = 2000
    timeout: int = 1000
    jitter: int = 10
    rise: int = 2
    fall: int = 3
    startup_grace: float = 0
    flap_count: int = 6
    flap_window: float = 120
    flap_hold: float = 60
    port: int = 0
    path: str = "/"
    method: str = "GET"
    host: str = ""
    sni: str = ""
    verify: bool = False
    status: tuple[str, ...] = ("200-399",)
    body: str = ""
    send: str = ""
    expect: str = ""
    query: str = ""
    record: str = "A"
    rcode: str = "NOERROR"
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """A real server to check. ``address``: where probes are sent to, which stands for it; ``port``:
    the one that is asked; ``real``: its own address; ``source``: this host's address that it
    answers to; ``interface``: where it is reached, without a tag that this host would have to add
    ("": not known, then nothing is asked there); ``mac``: its MAC address ("": not known);
    ``routed``: is it behind a router; ``gue_port``: where envelopes go
    (gue; 0: not known); ``up``: known from
    before (None: it is new); ``held``: it is down, and held there, from before."""

    id: str
    name: str
    address: str
    port: int
    check: Check
    vip: str = ""
    service: str = ""
    real: str = ""
    method: Method = "l2dsr"
    interface: str = ""
    source: str = ""
    mac: str = ""
    routed: bool = False
    gue_port: int = 0
    up: bool | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a target. ``held``: it is down because it went up and down too often;
    ``quiet``: the detail alone is another one, which is to be shown and is no news."""

    id: str
    up: bool
    verdict: Verdict
    detail: str = ""
    held: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """Of one target: checks that were made, that failed; of the last one how long it took (``ms``,
    milliseconds; None: none was made yet) and what came of it, in words."""

    id: str
    sent: int
    failed: int
    ms: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Orders:
    """Whom to check from now on, and whom no more."""

    set: tuple[Target, ...] = ()
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """The tallies are wanted."""

    ask: int


@dataclass(frozen=True, slots=True)
class Ready:
    """The process checks."""

    ready: int


@dataclass(frozen=True, slots=True)
class Alive:
    """The process goes on; how many times it has said so before."""

    alive: int


@dataclass(frozen=True, slots=True)
class States:
    """What has changed."""

    states: tuple[State, ...]


@dataclass(frozen=True, slots=True)
class Tallies:
    """Of all targets; ``ask`` is that of the question."""

    tallies: tuple[Tally, ...]
    ask: int


T = TypeVar("T", Check, Target, State, Tally)

_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "float | None": (int, float, type(None)),
    "str": (str,),
    "bool": (bool,),
    "bool | None": (bool, type(None)),
    "tuple[str, ...]": (list,),
    "Kind": (str,),
    "Method": (str,),
    "Verdict": (str,),
    "Check": (dict,),
}
_WORDS = {"Kind": _KINDS, "Method": _METHODS, "Verdict": VERDICTS}


def _value(kind: type, name: str, declared: str, value: Any) -> Any:
    """A field's value as its class declares it. Raises ProtocolError."""
    right = isinstance(value, _TYPES[declared])
    right = right and (isinstance(value, bool) <= declared.startswith("bool"))
    right = right and value in _WORDS.get(declared, (value,))
    if right and declared == "tuple[str, ...]":
        right = all(isinstance(one, str) for one in value)
    if not right:
        raise ProtocolError(f"{kind.__name__}.{name} = {value!r}: not {declared}")
    if declared == "Check":
        return _read(Check, value)
    return tuple(value) if isinstance(value, list) else value


_DECLARED: dict[type, dict[str, str]] = {
    one: {each.name: str(each.type) for each in fields(one)}
    for one in (Check, Target, State, Tally)
}


def _read(kind: type[T], given: Any) -> T:
    """An object out of its JSON. Raises ProtocolError."""
    declared = _DECLARED[kind]
    if not isinstance(given, dict):
        raise ProtocolError(f"{kind.__name__} = {given!r}: not an object")
    unknown = given.keys() - declared.keys()
    if unknown:
        raise ProtocolError(f"{kind.__name__}: unknown: {', '.join(sorted(unknown))}")
    values = {name: _value(kind, name, declared[name], value) for name, value in given.items()}
    try:
        return kind(**values)
    except TypeError as error:  # something is missing
        raise ProtocolError(f"{kind.__name__}: {error}") from error


def payload_bytes(text: str) -> bytes:
    """`send` and `expect` as bytes: "hex:0a1b" is those bytes, all else is text, UTF-8."""
    return bytes.fromhex(text[4:]) if text.startswith("hex:") else text.encode()


def check_of(health: Mapping[str, Any]) -> Check:
    """A check out of a configuration's health as plain values. Raises ProtocolError."""
    return _read(Check, {key: _plain(value) for key, value in health.items()})


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _list(message: dict[str, Any], key: str) -> list[Any]:
    value = message.get(key, [])
    if not isinstance(value, list):
        raise ProtocolError(f"{key} = {value!r}: not a list")
    return value


def _number(message: dict[str, Any], key: str) -> int:
    value = message[key]
    if not isinstance(value, int) or isinstance(value, bool):
        raise ProtocolError(f"{key} = {value!r}: not a number")
    return value


def _message(line: bytes) -> tuple[dict[str, Any], frozenset[str]]:
    try:
        message = json.loads(line)
    except ValueError as error:
        raise ProtocolError(f"not JSON: {line[:100]!r}") from error
    if not isinstance(message, dict):
        raise ProtocolError(f"not an object: {line[:100]!r}")
    return message, frozenset(message)


def to_worker(line: bytes) -> Orders | Ask:
    """A message of the daemon's. Raises ProtocolError."""
    message, keys = _message(line)
    if keys == {"ask"}:
        return Ask(_number(message, "ask"))
    if not keys or not keys <= {"set", "drop"}:
        raise ProtocolError(f"unknown message: {line[:100]!r}")
    drop = _list(message, "drop")
    if not all(isinstance(one, str) for one in drop):
        raise ProtocolError(f"drop = {drop!r}: not ids")
    return Orders(tuple(_read(Target, one) for one in _list(message, "set")), tuple(drop))


def to_daemon(line: bytes) -> Ready | Alive | States | Tallies:
    """A message of the process that checks. Raises ProtocolError."""
    message, keys = _message(line)
    if keys == {"ready"}:
        return Ready(_number(message, "ready"))
    if keys == {"alive"}:
        return Alive(_number(message, "alive"))
    if keys == {"states"}:
        return States(tuple(_read(State, one) for one in _list(message, "states")))
    if keys == {"tallies", "ask"}:
        tallies = tuple(_read(Tally, one) for one in _list(message, "tallies"))
        return Tallies(tallies, _number(message, "ask"))
    raise ProtocolError(f"unknown message: {line[:100]!r}")


def encode(message: Orders | Ask | Ready | Alive | States | Tallies) -> bytes:
    """A message as its line, with the newline."""
    return json.dumps(asdict(message), separators=(",", ":")).encode() + b"\n"


@dataclass(slots=True)
class Lines:
    """Bytes of a stream, in lines."""

    _rest: list[bytes] = field(default_factory=list)

    def add(self, data: bytes) -> Iterable[bytes]:
        """The lines that these bytes complete, without their ends."""
        if b"\n" not in data:
            self._rest.append(data)
            return []
        whole = b"".join((*self._rest, data))
        *lines, rest = whole.split(b"\n")
        self._rest = [rest] if rest else []
        return lines
