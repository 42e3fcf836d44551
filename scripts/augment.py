"""Shows augmented images, and measures what augmentation gains with 1,000 training images.

    python scripts/augment.py

The script writes to --output_dir: augment_grid.png, images unchanged, shifted, rotated, zoomed and
with another brightness; augment.png, test accuracy and overfitting by kind of augmentation with the
95 % interval over the seeds; augment.json, every run. It tests on the MNIST sample that ships with
the package; with --data=tfds it tests on the whole test set.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from lab.chapters import chapter_command
from tf_recipes.cli import application

_IMAGES = flags.DEFINE_integer(
    "images", 1000, "Number of training images; the first images are taken."
)
_STEPS = flags.DEFINE_integer("steps", 1800, "Training steps of 50 images each, a multiple of 200.")
_SHIFT = flags.DEFINE_float("shift", 0.1, "Largest shift, as a share of the image's side.")
_ROTATION = flags.DEFINE_float("rotation", 15, "Largest angle, in degrees.")
_ZOOM = flags.DEFINE_float("zoom", 0.1, "Largest zoom, as a share of the image's side.")
_BRIGHTNESS = flags.DEFINE_float(
    "brightness", 0.2, "Largest change of brightness, as a share of black."
)
chapter_command.define_flags("augment")


def main():
    """Measures with the amounts and sizes of the flags."""
    amounts = {
        "shift": _SHIFT.value,
        "rotation": _ROTATION.value,
        "zoom": _ZOOM.value,
        "brightness": _BRIGHTNESS.value,
    }
    chapter_command.run("augment", images=_IMAGES.value, steps=_STEPS.value, amounts=amounts)


if __name__ == "__main__":
    application.run(main)
