"""Trains as TF1 did: a graph, and one `sess.run` with a `feed_dict` for each batch.

This module runs on Python 3.7 under TF 1.15, and in the installed TensorFlow.
"""

import importlib

import numpy as np


class SessionLoop:
    """Trains in the chapter's loop over `mnist.train.next_batch`, which shuffles each epoch.

    Args:
        record: the module `tf_recipes.originals.runners.record`, imported under TF 1.15 or under
            `tensorflow.compat.v1`.
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
        """Trains one epoch; like the original loop, it does not fetch the loss."""
        images, labels = self.images, self.labels
        if shuffle:
            order = np.random.permutation(len(labels))
            images, labels = images[order], labels[order]
        size, model, run = self.recipe.batch_size, self.model, self.session.run
        for start in range(0, self.steps * size, size):
            X_batch, y_batch = images[start : start + size], labels[start : start + size]
            run(model.training_op, feed_dict={model.X: X_batch, model.y: y_batch})

    def weights(self):
        """Returns `{TF1's name: array}`."""
        return self.session.run({name: self.model.variables[name] for name in self.names})


class TF1(SessionLoop):
    """Trains on real TensorFlow 1.15."""

    def __init__(self, workload):
        # Imported here: without `tensorflow.contrib`, as in TensorFlow 2, the import fails.
        record = importlib.import_module("tf_recipes.originals.runners.record")
        super().__init__(record, workload)


class CompatV1(SessionLoop):
    """Trains on `tensorflow.compat.v1` of the installed TensorFlow."""

    def __init__(self, workload):
        compat = importlib.import_module("tf_recipes.parity.tf1.compat")
        super().__init__(compat.originals(), workload)
