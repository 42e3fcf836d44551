"""One net at one batch size for so many steps."""

import dataclasses

from lab.benchmark import workload
from tf_recipes import catalog

MAX_IMAGES = 54_000  # of one epoch: MNIST's training images less the tenth that is held out
DECAY = {"decay_steps": 10_000, "decay_rate": 0.1}  # the document's


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a workload is made from, data aside.

    Args:
        hidden: units of the hidden layers.
        batch: images per step.
        steps: of one epoch; fewer where they would take more than `MAX_IMAGES`.
    """

    hidden: tuple
    batch: int
    steps: int

    @property
    def net(self):
        """Such as `784-300-100-10`."""
        return "-".join(map(str, (784, *self.hidden, 10)))

    def recipe(self):
        """ELU, He's weights, momentum under a decaying rate, gradients clipped by value."""
        return catalog.get("clipped_momentum_decay").replace(
            hidden=list(self.hidden), batch_size=self.batch, schedule=DECAY
        )

    def workload(self, images, labels):
        """The workload on images float32 (n, 784) and labels (n,)."""
        steps = max(1, min(self.steps, MAX_IMAGES // self.batch))
        return workload.make(self.recipe(), images, labels, steps)
