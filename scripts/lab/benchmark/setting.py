"""Holds one setting of the benchmark: a net, a batch size and a number of steps."""

import dataclasses

from lab.benchmark import workload
from tf_recipes import catalog

MAX_IMAGES = 54_000  # images of one epoch: MNIST's training images without the held-out tenth
DECAY = {"decay_steps": 10_000, "decay_rate": 0.1}  # the chapter's schedule


@dataclasses.dataclass(frozen=True)
class Setting:
    """Holds what a workload is made from, except the data.

    Args:
        hidden: units of the hidden layers.
        batch: images per step.
        steps: steps of one epoch; reduced if they would need more than `MAX_IMAGES`.
    """

    hidden: tuple
    batch: int
    steps: int

    @property
    def net(self):
        """Returns the sizes of all layers, such as `784-300-100-10`."""
        return "-".join(map(str, (784, *self.hidden, 10)))

    @property
    def steps_of_an_epoch(self):
        """Returns the steps of an epoch, which needs no more than `MAX_IMAGES`."""
        return max(1, min(self.steps, MAX_IMAGES // self.batch))

    def recipe(self):
        """Returns the recipe: ELU, He's weights, momentum, a decaying rate, clipped gradients."""
        return catalog.get("clipped_momentum_decay").replace(
            hidden=list(self.hidden), batch_size=self.batch, schedule=DECAY
        )

    def workload(self, images, labels):
        """Makes the workload on images float32 (n, 784) and labels (n,)."""
        return workload.make(self.recipe(), images, labels, self.steps_of_an_epoch)
