"""Shows augmented images, and measures what augmentation gains on a thousand of them.

    python scripts/augment.py

In --output_dir: augment_grid.png, images as they are and shifted, rotated, zoomed and lit;
augment.png, test accuracy and overfitting by kind of augmentation with the 95 % interval over the
seeds; augment.json with every run. That tests on the sample of MNIST that ships with the package;
--data=tfds tests on the whole test set.
"""

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application

_IMAGES = flags.DEFINE_integer("images", 1000, "Images to train on, the first ones.")
_STEPS = flags.DEFINE_integer("steps", 1800, "Training steps, of 50 images each.")
_SHIFT = flags.DEFINE_float("shift", 0.1, "Largest shift, as a share of the side.")
_ROTATION = flags.DEFINE_float("rotation", 15, "Largest angle, in degrees.")
_ZOOM = flags.DEFINE_float("zoom", 0.1, "Largest zoom, as a share of what is shown.")
_BRIGHTNESS = flags.DEFINE_float("brightness", 0.2, "Most that is added, as a share of ink.")
chapter_command.define_flags("augment")


def main():
    amounts = {
        "shift": _SHIFT.value,
        "rotation": _ROTATION.value,
        "zoom": _ZOOM.value,
        "brightness": _BRIGHTNESS.value,
    }
    chapter_command.run("augment", images=_IMAGES.value, steps=_STEPS.value, amounts=amounts)


if __name__ == "__main__":
    application.run(main)
