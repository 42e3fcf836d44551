"""`TF_CONFIG`, checked before TensorFlow sees it."""

import dataclasses
import errno
import json
import os
import re
import socket

from tf_recipes._support import validation

_JOBS = ("chief", "worker")
_EXAMPLE = (
    'Write TF_CONFIG=\'{"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
    '"task": {"type": "worker", "index": 0}}\', with another index on each worker'
)
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})\Z")


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The workers of a job, the chief first, and which of them this process is.

    Args:
        names: what `TF_CONFIG` calls them, such as `"worker 0"`.
        addresses: their `"host:port"`.
        index: int, the place of this one.
    """

    names: tuple[str, ...]
    addresses: tuple[str, ...]
    index: int

    @property
    def is_chief(self):
        """Whether this worker is the one that writes the files."""
        return self.index == 0

    def who(self, index):
        """A worker in words.

        >>> Cluster(("worker 0",), ("localhost:2222",), 0).who(0)
        'worker 0 (localhost:2222)'
        """
        return f"{self.names[index]} ({self.addresses[index]})"


def from_environment(environment=os.environ):
    """The `Cluster` that `TF_CONFIG` describes.

    TF1 read the same variable in `tf.estimator.RunConfig`; there and in TensorFlow 2 many mistakes
    in it end in a wait without an end.

    Args:
        environment: a mapping with `TF_CONFIG`, JSON: `{"cluster": {"worker": ["host:port", ...]},
            "task": {"type": "worker", "index": 0}}`; a `"chief"` may stand beside the workers.

    Raises:
        ValueError: for whatever is wrong with it.
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


def split_address(address):
    """`"host:port"` as `(host, port)`."""
    found = _ADDRESS.match(address)
    return found["host"].strip("[]"), int(found["port"])


def listener(port):
    """A socket that listens on `port`.

    Raises:
        ValueError: if another program holds it, or it takes rights that this one lacks.
    """
    sock = socket.socket(socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET)
    try:
        # connections of an earlier run may still be closing there
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("", port))
        sock.listen()
        return sock
    except OSError as error:
        sock.close()
        held = error.errno == errno.EADDRINUSE
        return validation.fail(
            "This worker's port must be free for it.",
            f"port {port} ({'another program holds it' if held else error.strerror})",
            "End that program, or give this worker another port in TF_CONFIG, on every worker.",
        )


def _parsed(text):
    if not text:
        _refuse("TF_CONFIG must say which workers there are.", "no TF_CONFIG")
    try:
        config = json.loads(text)
    except ValueError as error:
        _refuse("TF_CONFIG must be JSON.", f"{_short(text)} ({error})")
    if not isinstance(config, dict):
        _refuse("TF_CONFIG must be a JSON object.", _short(text))
    return config


def _jobs(jobs):
    if not isinstance(jobs, dict) or not jobs.get("worker"):
        _refuse('TF_CONFIG needs "cluster" with "worker", a list of addresses.', _given(jobs))
    for job, addresses in jobs.items():
        if job not in _JOBS:
            _refuse(
                'TF_CONFIG\'s "cluster" may have the jobs chief and worker.', f"the job {job!r}"
            )
        if not isinstance(addresses, list) or not all(isinstance(a, str) for a in addresses):
            _refuse(f'TF_CONFIG\'s "{job}" must be a list of addresses.', _given(addresses))
    if len(jobs.get("chief", ())) > 1:
        _refuse("There can be one chief only.", _given(jobs["chief"]))
    return jobs


def _task(task, jobs):
    if not isinstance(task, dict) or task.get("type") not in jobs:
        _refuse(f'TF_CONFIG needs "task" with "type": {" or ".join(jobs)}.', _given(task))
    index = task.get("index")
    count = len(jobs[task["type"]])
    if type(index) is not int or not 0 <= index < count:
        _refuse(
            f'TF_CONFIG\'s "index" must be a whole number from 0 to {count - 1}: there are {count}'
            f" addresses of {task['type']}s.",
            f"index={index!r}",
        )
    return task["type"], index


def _check_address(address, addresses):
    found = _ADDRESS.match(address)
    if not found or not 1 <= int(found["port"]) <= 65535:
        _refuse("TF_CONFIG's addresses must be host:port, the port from 1 to 65535.", repr(address))
    try:
        found["host"].encode("idna")
    except UnicodeError:
        _refuse("TF_CONFIG's addresses must name hosts, parts of 1 to 63 letters.", repr(address))
    if addresses.count(address) > 1:
        _refuse("Each worker needs an address of its own.", f"{address!r} twice")


def _refuse(rule, received):
    validation.fail(rule, received, f"{_EXAMPLE}.")


def _given(value):
    return "nothing there" if value is None else _short(json.dumps(value))


def _short(text, longest=80):
    return text if len(text) <= longest else text[:longest] + "..."
