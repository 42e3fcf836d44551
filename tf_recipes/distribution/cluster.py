"""Reads and checks `TF_CONFIG` before TensorFlow reads it."""

import dataclasses
import errno
import ipaddress
import json
import os
import re
import socket
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from tf_recipes._support import validation

_JOBS = ("chief", "worker")
_EXAMPLE = (
    'Write TF_CONFIG=\'{"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
    '"task": {"type": "worker", "index": 0}}\', with another index on each worker'
)
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})\Z")


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Holds the workers of a job, the chief first, and the index of this process among them.

    Args:
        names: the workers' names after `TF_CONFIG`, such as `"worker 0"`.
        addresses: the workers' addresses, `"host:port"` each.
        index: int, the position of this process in `names` and `addresses`.
    """

    names: tuple[str, ...]
    addresses: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        """Says whether this worker is the chief, which writes the files."""
        return self.index == 0

    @property
    def is_local(self) -> bool:
        """Says whether all workers are reached through the loopback of this machine alone."""
        return all(_is_loopback(split_address(address)[0]) for address in self.addresses)

    def describe(self, index: int) -> str:
        """Returns the name and the address of worker `index` in one text.

        >>> Cluster(("worker 0",), ("localhost:2222",), 0).describe(0)
        'worker 0 (localhost:2222)'
        """
        return f"{self.names[index]} ({self.addresses[index]})"


def from_environment(environment: Mapping[str, str] = os.environ) -> Cluster:
    """Returns the `Cluster` that `TF_CONFIG` describes.

    TF1 read the same variable in `tf.estimator.RunConfig`. In TF1 and in TensorFlow 2 many mistakes
    in `TF_CONFIG` make the process wait forever.

    Args:
        environment: a mapping with `TF_CONFIG`, JSON: `{"cluster": {"worker": ["host:port", ...]},
            "task": {"type": "worker", "index": 0}}`. The cluster may also have a `"chief"`.

    Raises:
        ValueError: if `TF_CONFIG` is missing, is not such JSON, or contradicts itself.
    """
    config = _parsed(environment.get("TF_CONFIG"))
    jobs = _jobs(config.get("cluster"))
    names = [(job, k) for job in _JOBS for k in range(len(jobs.get(job, ())))]
    addresses = [address for job in _JOBS for address in jobs.get(job, ())]
    for address in addresses:
        _check_address(address, addresses)
    return Cluster(
        tuple(f"{job} {k}" for job, k in names),
        tuple(addresses),
        names.index(_task(config.get("task"), jobs)),
    )


def split_address(address: str) -> tuple[str, int]:
    """Returns the host and the port of `"host:port"`.

    Raises:
        ValueError: if `address` has another form.
    """
    match = _ADDRESS.match(address)
    if match is None:
        _refuse("An address must be host:port.", repr(address))
    return match["host"].strip("[]"), int(match["port"])


def listener(address: str) -> socket.socket:
    """Returns a socket that listens at this worker's own address, and at no other.

    Where this machine does not know the address (behind address translation, say), the socket
    listens at all addresses of the machine.

    Args:
        address: `"host:port"`.

    Raises:
        ValueError: if another program uses the port, or this process has no right to use it.
    """
    host, port = split_address(address)
    try:
        return _bound(*_resolved(host, port))
    except OSError as error:
        reason = error
    if reason.errno == errno.EADDRNOTAVAIL and not _is_loopback(host):
        try:
            return _bound(*_all_addresses(port))
        except OSError as error:
            reason = error
    in_use = reason.errno == errno.EADDRINUSE
    return validation.fail(
        "This worker's port must be free.",
        f"port {port} ({'another program uses it' if in_use else reason.strerror})",
        "End that program, or give this worker another port in the TF_CONFIG of every worker.",
    )


def _bound(family: int, address: Any) -> socket.socket:
    sock = socket.socket(family)
    try:
        # Connections of an earlier run may still be closing on this port.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            everywhere = address[0] == ""
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not everywhere))
        sock.bind(address)
        sock.listen()
        return sock
    except OSError:
        sock.close()
        raise


def _resolved(host: str, port: int) -> tuple[int, Any]:
    """Returns the family and the address to bind to: IPv4 where the host has both."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return _all_addresses(port)  # the other workers may know this name
    return min(
        ((family, address) for family, _, _, _, address in found),
        key=lambda each: each[0] != socket.AF_INET,
    )


def _all_addresses(port: int) -> tuple[int, Any]:
    return (socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET), ("", port)


def _is_loopback(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(each[4][0])).is_loopback for each in found)


def _parsed(text: str | None) -> dict[str, Any]:
    if not text:
        _refuse("TF_CONFIG must list the workers.", "no TF_CONFIG")
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        _refuse("TF_CONFIG must be JSON.", f"{_shortened(text)} ({error})")
    if not isinstance(config, dict):
        _refuse("TF_CONFIG must be a JSON object.", _shortened(text))
    return config


def _jobs(jobs: Any) -> dict[str, list[str]]:
    """Checks and returns the addresses of each job."""
    if not isinstance(jobs, dict) or not jobs.get("worker"):
        _refuse('TF_CONFIG needs "cluster" with "worker", a list of addresses.', _shown(jobs))
    for job, addresses in jobs.items():
        if job not in _JOBS:
            _refuse(
                'TF_CONFIG\'s "cluster" may have the jobs chief and worker.', f"the job {job!r}"
            )
        if not isinstance(addresses, list) or not all(isinstance(a, str) for a in addresses):
            _refuse(f'TF_CONFIG\'s "{job}" must be a list of addresses.', _shown(addresses))
    if len(jobs.get("chief", ())) > 1:
        _refuse('TF_CONFIG\'s "cluster" may have one chief only.', _shown(jobs["chief"]))
    return jobs


def _task(task: Any, jobs: Mapping[str, Sequence[str]]) -> tuple[str, int]:
    """Checks and returns the job of this process and its index in that job."""
    if not isinstance(task, dict) or task.get("type") not in jobs:
        _refuse(f'TF_CONFIG needs "task" with "type": {" or ".join(jobs)}.', _shown(task))
    index = task.get("index")
    count = len(jobs[task["type"]])
    if type(index) is not int or not 0 <= index < count:
        _refuse(
            f'TF_CONFIG\'s "index" must be a whole number from 0 to {count - 1}: there are {count}'
            f" addresses of {task['type']}s.",
            f"index={index!r}",
        )
    return task["type"], index


def _check_address(address: str, addresses: Sequence[str]) -> None:
    match = _ADDRESS.match(address)
    if not match or not 1 <= int(match["port"]) <= 65535:
        _refuse("TF_CONFIG's addresses must be host:port, the port from 1 to 65535.", repr(address))
    try:
        match["host"].encode("idna")
    except UnicodeError:
        _refuse(
            "The hosts in TF_CONFIG's addresses must consist of parts of 1 to 63 letters.",
            repr(address),
        )
    if addresses.count(address) > 1:
        _refuse("Each worker needs an address of its own.", f"{address!r} twice")


def _refuse(rule: str, received: str) -> NoReturn:
    raise ValueError(f"{rule} Received: {received}. {_EXAMPLE}.")


def _shown(value: Any) -> str:
    return "nothing" if value is None else _shortened(json.dumps(value))


def _shortened(text: str, longest: int = 80) -> str:
    return text if len(text) <= longest else text[:longest] + "..."
