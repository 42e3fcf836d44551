"""Names what no rewrite can do, and the way out."""

from collections.abc import Iterable
from typing import NamedTuple

from tf_recipes.knowledge import symbols


class Obstacle(NamedTuple):
    """Holds a part of TF1 that must be written anew, the names that show it, and the way out.

    A name that ends with a star stands for all that begin with it.
    """

    what: str
    names: tuple[str, ...]
    way_out: str
    page: str


OBSTACLES = (
    Obstacle(
        "Estimators",
        (
            "tf.estimator",
            "tf.contrib.learn.Estimator",
            "tf.contrib.learn.DNN*",
            "tf.contrib.learn.Linear*",
            "tf.contrib.learn.SVM*",
            "tf.contrib.estimator",
            "tf.contrib.tpu.TPUEstimator",
            "tf.contrib.learn.Experiment",
            "tf.contrib.learn.learn_runner",
        ),
        "move the model_fn into a keras.Model, and train it with fit",
        "docs/training.md",
    ),
    Obstacle(
        "Queues and readers",
        (
            "tf.train.start_queue_runners",
            "tf.train.Coordinator",
            "tf.train.batch",
            "tf.train.shuffle_batch",
            "tf.train.string_input_producer",
            "tf.train.slice_input_producer",
            "tf.train.range_input_producer",
            "tf.train.QueueRunner",
            "tf.train.add_queue_runner",
            "tf.TFRecordReader",
            "tf.TextLineReader",
            "tf.WholeFileReader",
            "tf.FixedLengthRecordReader",
            "tf.FIFOQueue",
            "tf.RandomShuffleQueue",
            "tf.PaddingFIFOQueue",
            "tf.contrib.slim.dataset",
            "tf.contrib.slim.dataset_data_provider",
        ),
        "read the files with tf.data.Dataset",
        "docs/training.md",
    ),
    Obstacle(
        "seq2seq decoders",
        ("tf.contrib.seq2seq", "tf.contrib.legacy_seq2seq"),
        "write the decoder as a Keras layer with a loop over steps",
        "docs/sessions.md",
    ),
    Obstacle(
        "Distributed sessions",
        (
            "tf.train.Server",
            "tf.train.ClusterSpec",
            "tf.train.replica_device_setter",
            "tf.train.Supervisor",
            "tf.train.MonitoredTrainingSession",
            "tf.train.MonitoredSession",
            "tf.train.SyncReplicasOptimizer",
            "tf.train.SingularMonitoredSession",
        ),
        "train with a tf.distribute strategy",
        "docs/scaling.md",
    ),
    Obstacle(
        "GraphDef surgery",
        (
            "tf.GraphDef",
            "tf.import_graph_def",
            "tf.graph_util",
            "tf.NodeDef",
            "tf.train.import_meta_graph",
            "tf.contrib.graph_editor",
        ),
        "verify the new model beside the graph of the checkpoint, with tf-recipes verify",
        "docs/verify.md",
    ),
    Obstacle(
        "slim.learning",
        ("tf.contrib.slim.learning", "tf.contrib.slim.evaluation", "tf.contrib.training.train"),
        "train with fit, evaluate with evaluate",
        "docs/training.md",
    ),
)


def found(names: Iterable[str]) -> list[tuple[Obstacle, str]]:
    """Returns the obstacles that the names of a file show, each with one of the names."""
    listed = sorted(set(names) | {symbols.canonical(name) for name in names})
    made = []
    for obstacle in OBSTACLES:
        name = next((each for each in listed if _is_of(each, obstacle)), None)
        if name is not None:
            made.append((obstacle, name))
    return made


def _is_of(name: str, obstacle: Obstacle) -> bool:
    return any(
        name.startswith(each[:-1]) if each.endswith("*") else f"{name}.".startswith(f"{each}.")
        for each in obstacle.names
    )
