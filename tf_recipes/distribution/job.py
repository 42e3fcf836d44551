"""A job on one machine or several: from `--strategy` to a strategy, and to its end."""

import json
import os
import time
from importlib import metadata

from tf_recipes._support import validation
from tf_recipes.distribution import cluster as clusters
from tf_recipes.distribution import disagreements, peers, restart
from tf_recipes.distribution.single_process import Alone
from tf_recipes.distribution.watch import Watch

STRATEGIES = ("mirrored", "multiworker")
TIMEOUT = 60.0  # seconds
_NOTICED = 5.0  # seconds, long enough for the watch to find the cause of TensorFlow's error
_OF_PEERS = (  # what TensorFlow raises where it does not reach a worker, lost or only slow
    "AbortedError",
    "CancelledError",
    "DeadlineExceededError",
    "InternalError",
    "UnavailableError",
)
_COUNT, _MOST = "TF_RECIPES_STARTED_AGAIN", 3  # in the environment; times without a lost worker


def start(name, terms, replicas=None, timeout=TIMEOUT):
    """Meets the other workers, if there are any, and starts TensorFlow on the strategy.

    Call it before TensorFlow has started its devices.

    Args:
        name: a word in `STRATEGIES`, or None for this process alone.
        terms: a dict of what all workers must agree on, see `peers.meet`.
        replicas: for mirrored, see `strategies.mirrored`.
        timeout: seconds to wait for the other workers at most.

    Returns:
        A `Job`, or an `Alone`.

    Raises:
        ValueError: for a bad `TF_CONFIG`, a worker that does not come, or one that differs.
    """
    if name is None:
        return _alone(replicas)
    validation.choice("strategy", name, STRATEGIES)
    validation.number("cluster_timeout", timeout, 0, open_low=True)
    if name == "mirrored":
        return Job(_started(timeout, lambda strategies: strategies.mirrored(replicas)))
    if replicas is not None:
        validation.fail(
            "`replicas` splits one machine's processor.",
            f"replicas={replicas}, strategy='multiworker'",
            "Leave it out: there is one replica a worker, or one for each of its GPUs.",
        )
    # It repeats on the standard error, in many words, what it raises once a worker is lost.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    cluster = clusters.from_environment()
    restart.keep_terminal()
    lines = peers.meet(cluster, {**terms, "versions": _versions()}, timeout)
    # from here on, as a worker may be lost while TensorFlow starts
    watch = Watch(cluster, lines, timeout, _start_again)
    strategy = _started(timeout, lambda strategies: strategies.multiworker())
    return Job(strategy, cluster, watch, timeout)


class Job:
    """What one worker knows of the job. Use it as a context, around all that needs the others.

    Args:
        strategy: a `tf.distribute.Strategy`.
        cluster: a `cluster.Cluster`, or None for one machine.
        watch: a `watch.Watch` over the others, or None.
        timeout: seconds to wait for the others at the end.

    Attributes:
        strategy: the same.
        is_chief: whether this worker is the one that writes files.
    """

    def __init__(self, strategy, cluster=None, watch=None, timeout=TIMEOUT):
        self.strategy, self._cluster = strategy, cluster
        self._watch, self._timeout = watch, timeout
        self.is_chief = cluster is None or cluster.is_chief

    @property
    def replicas(self):
        """How many there are in all."""
        return self.strategy.num_replicas_in_sync

    def scope(self):
        """For building a model, see `strategies.scope`."""
        from tf_recipes.distribution import strategies

        return strategies.scope(self.strategy)

    def loop(self, model, kind):
        """The loop of `kind` "train" or "test" over a model built in `scope`."""
        from tf_recipes.distribution import strategies

        return strategies.loop(model, kind, self.strategy)

    def from_chief(self, content):
        """The bytes that the chief calls this with, on every worker."""
        return content if self._cluster is None else self._exchange().from_chief(content)

    def any(self, value):
        """The largest of the ints >= 0 that the workers call this with."""
        if self._cluster is None:
            return value
        return max(int(text) for text in self._exchange().gather(str(value)))

    def agree(self, terms):
        """Refuses a worker whose `terms`, a dict for JSON, are not the chief's; on every worker.

        Raises:
            ValueError: naming the worker and the difference.
        """
        if self._cluster is None:
            return
        theirs = json.loads(self.from_chief(json.dumps(terms).encode()))
        found = disagreements.first(json.loads(json.dumps(terms)), theirs)
        for index, text in enumerate(self._exchange().gather(json.dumps(found))):
            if json.loads(text):
                raise ValueError(peers.differs(self._cluster, index, *json.loads(text)))

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if self._watch is None:
            return
        if kind is not None and kind.__name__ in _OF_PEERS:
            time.sleep(_NOTICED)  # if a worker is lost, this process is started again meanwhile
            _start_again_after(error)
        self._watch.leave(self._timeout if kind is None else 0)

    def _exchange(self):
        from tf_recipes.distribution.exchange import Exchange

        return Exchange(self.strategy, self._cluster.index, len(self._cluster.addresses))


def _alone(replicas):
    from tf_recipes._support.quiet_tensorflow import import_tensorflow

    if replicas is not None:
        validation.fail(
            "`replicas` is for a strategy.", f"replicas={replicas}", "Add --strategy=mirrored."
        )
    import_tensorflow()
    return Alone()


def _start_again_after(error):
    """Starts again after an error of TensorFlow's with all workers there, a few times at most."""
    times = int(os.environ.get(_COUNT, "0")) + 1
    reason = str(error).strip().splitlines()[0][:200]
    if times > _MOST:
        raise OSError(
            f"The workers must reach one another. Received: {reason}, {times} times. See to the"
            " network between them, then the same command goes on."
        ) from error
    os.environ[_COUNT] = str(times)
    restart.say(f"TensorFlow lost the others: {reason}. Going on from the last checkpoint.")
    restart.start_again()


def _start_again(who, why):
    restart.say(f"{who} is lost: {why}. Waiting for it, to go on from the last checkpoint.")
    restart.start_again()


def _versions():
    return {name: metadata.version(name) for name in ("tf_recipes", "keras", "tensorflow")}


def _started(timeout, make):
    from tf_recipes._support.quiet_tensorflow import quiet

    text = (
        f"TensorFlow must reach the other workers. Received: no connection within {timeout:g} s."
        " Open the ports of TF_CONFIG's addresses between them."
    )
    with restart.within(timeout + 60, text), quiet():
        import tensorflow as tf

        from tf_recipes.distribution import strategies

        tf.get_logger().setLevel("ERROR")  # it warns of its own deprecated parts
        return make(strategies)
