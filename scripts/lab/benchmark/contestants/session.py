"""The original way: a TF1 graph, and one `sess.run` with a `feed_dict` for each batch.

It runs on Python 3.7 under TF 1.15, and inside the installed TensorFlow.
"""

import importlib

import numpy as np


class SessionLoop:
    """The document's loop over `mnist.train.next_batch`, which shuffles at each epoch's start.

    Args:
        record: the module `tf_recipes.originals.runners.record`, of one TensorFlow or the other.
        workload: a `Workload`.
    """

    def __init__(self, record, workload):
        self.images, self.labels = workload.images, workload.labels
        self.recipe, self.steps = workload.recipe, workload.steps
        self.model = record.models.build(workload.recipe)
        self.session = record.tf.Session(graph=self.model.graph)
        record.start(self.session, self.model, workload.initial)
        self.names = list(workload.initial)

    def epoch(self, shuffle):
        """The loss is not fetched, because the original loop does not."""
        images, labels = self.images, self.labels
        if shuffle:
            order = np.random.permutation(len(labels))
            images, labels = images[order], labels[order]
        size, model, run = self.recipe.batch_size, self.model, self.session.run
        for start in range(0, self.steps * size, size):
            X_batch, y_batch = images[start : start + size], labels[start : start + size]
            run(model.training_op, feed_dict={model.X: X_batch, model.y: y_batch})

    def weights(self):
        """`{TF1's name: array}`."""
        return self.session.run({name: self.model.variables[name] for name in self.names})


class TF1(SessionLoop):
    """On real TensorFlow 1.15."""

    def __init__(self, workload):
        # By name, because the installed TensorFlow has no `tensorflow.contrib` to import it with.
        record = importlib.import_module("tf_recipes.originals.runners.record")
        super().__init__(record, workload)


class CompatV1(SessionLoop):
    """On `tensorflow.compat.v1` of the installed TensorFlow."""

    def __init__(self, workload):
        compat = importlib.import_module("tf_recipes.parity.tf1.compat")
        super().__init__(compat.originals(), workload)
