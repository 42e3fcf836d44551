"""Starts and ends a job on one machine or several: a strategy, its workers, their agreement."""

import json
import os
import time
from collections.abc import Callable
from importlib import metadata
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tf_recipes._support import validation
from tf_recipes.distribution import cluster as tf_config
from tf_recipes.distribution import disagreements, peers, restart
from tf_recipes.distribution.single_process import SingleProcess
from tf_recipes.distribution.watch import Watch

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from tf_recipes.distribution.exchange import Exchange
    from tf_recipes.distribution.replicated_loop import DistributedLoop

# Each strategy, and the backend of Keras that has it.
STRATEGIES = {"mirrored": "tensorflow", "multiworker": "tensorflow", "data_parallel": "jax"}
# The environment variable with the job's key, and the key's smallest number of characters.
KEY, _SHORTEST_KEY = "TF_RECIPES_JOB_KEY", 16
_MAKE_KEY = 'python -c "import secrets; print(secrets.token_hex())"'
_OF_ONE_MACHINE = {"tensorflow": "mirrored", "jax": "data_parallel"}
TIMEOUT = 60.0  # seconds
# Seconds after TensorFlow's error in which `Watch` may still find that a worker is lost.
_WATCH_DELAY = 5.0
# The errors that TensorFlow raises where it cannot reach a worker, lost or only slow.
_WORKER_ERRORS = (
    "AbortedError",
    "CancelledError",
    "DeadlineExceededError",
    "InternalError",
    "UnavailableError",
)
# The environment variable that counts restarts without a lost worker, and their largest number.
_RESTART_COUNT, _MAX_RESTARTS = "TF_RECIPES_STARTED_AGAIN", 3


def check(
    strategy: str | None,
    replicas: int | None = None,
    cluster_timeout: float = TIMEOUT,
    job_key: str | None = None,
    backend: str = "tensorflow",
) -> None:
    """Checks the arguments of `start`, without TensorFlow.

    Raises:
        ValueError: for an unknown strategy, one that the backend lacks, a wrong time, or replicas
            or a key that it cannot have.
    """
    if job_key is not None and strategy != "multiworker":
        validation.fail(
            "`job_key` is for the workers of several machines.",
            f"a job_key, strategy={strategy!r}",
            "Leave out `job_key`, or pass strategy='multiworker'.",
        )
    if strategy is None:
        if replicas is not None:
            validation.fail(
                "`replicas` needs a strategy.",
                f"replicas={replicas}",
                f"Pass strategy={_OF_ONE_MACHINE[backend]!r}, too, or leave out `replicas`."
                if backend in _OF_ONE_MACHINE
                else "Leave out `replicas`.",
            )
        return
    validation.choice("strategy", strategy, STRATEGIES)
    if backend != STRATEGIES[strategy]:
        own = [name for name, needed in STRATEGIES.items() if needed == backend]
        remedy = f", or strategy={own[0]!r}" if own else ""
        validation.fail(
            "Each strategy belongs to one backend of Keras.",
            f"strategy={strategy!r}, backend={backend!r}",
            f"Pass backend={STRATEGIES[strategy]!r}{remedy}.",
        )
    validation.number("cluster_timeout", cluster_timeout, 0, open_low=True)
    if strategy == "multiworker" and replicas is not None:
        validation.fail(
            "`replicas` divides the processor of one machine.",
            f"replicas={replicas}, strategy='multiworker'",
            "Leave out `replicas`: each worker has one replica, or one for each of its GPUs.",
        )


def start(
    strategy: str | None,
    terms: dict[str, Any],
    replicas: int | None = None,
    cluster_timeout: float = TIMEOUT,
    job_key: str | None = None,
    backend: str = "tensorflow",
) -> "Job | SingleProcess":
    """Connects to the other workers, if there are any, and starts the backend on the strategy.

    Call it before TensorFlow or JAX has started its devices.

    Args:
        strategy: a word in `STRATEGIES`, or None to train in this process alone.
        terms: a dict of the values on which all workers must agree, see `peers.meet`.
        replicas: the number of replicas of `"mirrored"`, see `strategies.mirrored`, or of
            `"data_parallel"`, see `data_parallel.DataParallel`.
        cluster_timeout: the longest time to wait for the other workers, in seconds.
        job_key: a text that only the workers of this job know, at least 16 characters; None for
            that of the environment variable `TF_RECIPES_JOB_KEY`. Workers that share a machine,
            reached through its loopback alone, need none.
        backend: the backend of Keras in this process, `"tensorflow"` or `"jax"`.

    Returns:
        A `Job`; on JAX a `DataParallel`; without a strategy a `SingleProcess`.

    Raises:
        ValueError: if `TF_CONFIG` is wrong, the key is missing or short, a worker does not connect,
            or a worker disagrees.
    """
    check(strategy, replicas, cluster_timeout, job_key, backend)
    if strategy is None:
        return _single_process() if backend == "tensorflow" else SingleProcess()
    if strategy == "data_parallel":
        from tf_recipes.distribution.data_parallel import DataParallel

        return DataParallel(replicas)
    if strategy == "mirrored":
        return Job(_make_strategy(cluster_timeout, lambda module: module.mirrored(replicas)))
    # TensorFlow writes long messages to the standard error once a worker is lost, in addition to
    # the error that it raises.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    cluster = tf_config.from_environment()
    key = _checked_key(cluster, os.environ.get(KEY, "") if job_key is None else job_key)
    restart.keep_terminal()
    connections = peers.meet(cluster, {**terms, "versions": _versions()}, cluster_timeout, key)
    # A worker may be lost while TensorFlow starts, so the watch starts first.
    watch = Watch(cluster, connections, cluster_timeout, _restart_after_loss)
    made = _make_strategy(cluster_timeout, lambda module: module.multiworker())
    return Job(made, cluster, watch, cluster_timeout)


class Job:
    """Represents a job in one of its workers.

    Use it as a context around all code that needs the other workers.

    Args:
        strategy: a `tf.distribute.Strategy`.
        cluster: a `cluster.Cluster`, or None for one machine.
        watch: a `watch.Watch` over the other workers, or None.
        timeout: the longest time to wait for the other workers at the end, in seconds.

    Attributes:
        strategy: the argument `strategy`.
        is_chief: whether this worker is the one that writes files.
    """

    def __init__(
        self,
        strategy: "tf.distribute.Strategy",
        cluster: tf_config.Cluster | None = None,
        watch: Watch | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self.strategy, self._cluster = strategy, cluster
        self._watch, self._timeout = watch, timeout
        self.is_chief = cluster is None or cluster.is_chief

    @property
    def replicas(self) -> int:
        """Returns the number of replicas of all workers together."""
        return self.strategy.num_replicas_in_sync

    def scope(self) -> Any:
        """Returns the context in which a model must be built, see `strategies.scope`."""
        from tf_recipes.distribution import strategies

        return strategies.scope(self.strategy)

    def loop(self, model: "keras.Model", kind: str) -> "DistributedLoop":
        """Returns the loop of `kind` "train" or "test" over a model that was built in `scope`."""
        from tf_recipes.distribution import strategies

        return strategies.loop(model, kind, self.strategy)

    def from_chief(self, content: bytes) -> bytes:
        """Returns the chief's `content` on every worker; the `content` of others is ignored."""
        if self._cluster is None:
            return content
        return self._exchange(self._cluster).from_chief(content)

    def largest(self, value: int) -> int:
        """Returns the largest `value` of all workers, each an int >= 0."""
        if self._cluster is None:
            return value
        return max(int(text) for text in self._exchange(self._cluster).gather(str(value)))

    def agree(self, terms: dict[str, Any]) -> None:
        """Checks on every worker that the `terms` of all workers are those of the chief.

        Args:
            terms: a dict of values for JSON.

        Raises:
            ValueError: if a worker has other terms; the text names the worker and the difference.
        """
        if self._cluster is None:
            return
        chief_terms = json.loads(self.from_chief(json.dumps(terms).encode()))
        own_terms = json.loads(json.dumps(terms))
        difference = disagreements.first_disagreement(own_terms, chief_terms)
        for index, text in enumerate(self._exchange(self._cluster).gather(json.dumps(difference))):
            if json.loads(text):
                raise ValueError(peers.disagreement_text(self._cluster, index, *json.loads(text)))

    def __enter__(self) -> "Job":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._watch is None:
            return
        if kind is not None and kind.__name__ in _WORKER_ERRORS:
            time.sleep(_WATCH_DELAY)  # if a worker is lost, `Watch` restarts this process meanwhile
            _restart_after_error(error)
        self._watch.leave(self._timeout if kind is None else 0)

    def _exchange(self, cluster: tf_config.Cluster) -> "Exchange":
        from tf_recipes.distribution.exchange import Exchange

        return Exchange(self.strategy, cluster.index, len(cluster.addresses))


def _checked_key(cluster: tf_config.Cluster, key: str) -> bytes:
    """Returns the job's key as bytes; the error does not show the key."""
    if not key and not cluster.is_local:
        validation.fail(
            "Workers on several machines need a `job_key`, by which they know one another.",
            f"no job_key, and no environment variable {KEY}",
            f"Make a key once, for example with {_MAKE_KEY}, and set {KEY} to it for every worker.",
        )
    if key and len(key) < _SHORTEST_KEY:
        validation.fail(
            f"`job_key` must have at least {_SHORTEST_KEY} characters, so that nobody guesses it.",
            f"a job_key of {len(key)} characters",
            f"Make one, for example with {_MAKE_KEY}.",
        )
    return key.encode("utf-8", "surrogateescape")


def _single_process() -> SingleProcess:
    from tf_recipes._support.quiet_tensorflow import import_tensorflow

    import_tensorflow()
    return SingleProcess()


def _restart_after_error(error: BaseException | None) -> None:
    """Restarts this process after an error of TensorFlow's while no worker is lost.

    Raises:
        OSError: after the third restart.
    """
    count = int(os.environ.get(_RESTART_COUNT, "0")) + 1
    reason = str(error).strip().splitlines()[0][:200]
    if count > _MAX_RESTARTS:
        raise OSError(
            f"Every worker must reach every other worker. Received: {reason}, {count} times. Repair"
            " the network between the workers, then run the same command again: it goes on from the"
            " last checkpoint."
        ) from error
    os.environ[_RESTART_COUNT] = str(count)
    restart.write_line(
        f"TensorFlow lost the connection to another worker: {reason}. Going on from the last"
        " checkpoint."
    )
    restart.start_again()


def _restart_after_loss(worker: str, reason: str) -> None:
    restart.write_line(
        f"{worker} is lost: {reason}. Waiting until this worker is started again, to go on from the"
        " last checkpoint."
    )
    restart.start_again()


def _versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in ("tf_recipes", "keras", "tensorflow")}


def _make_strategy(timeout: float, make: Callable[[Any], Any]) -> Any:
    """Imports TensorFlow and returns the strategy that `make(strategies)` makes.

    The process ends if TensorFlow needs more than `timeout` + 60 seconds.
    """
    from tf_recipes._support.quiet_tensorflow import quiet

    text = (
        f"TensorFlow must reach the other workers. Received: no connection within {timeout:g} s."
        " Open the ports of TF_CONFIG's addresses between the machines."
    )
    with restart.time_limit(timeout + 60, text), quiet():
        import tensorflow as tf

        from tf_recipes.distribution import strategies

        tf.get_logger().setLevel("ERROR")  # TensorFlow warns of deprecated parts of its own code
        return make(strategies)
