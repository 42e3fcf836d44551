"""Measures how fast this project trains, beside TensorFlow 1.15, Keras, PyTorch and JAX.

    python scripts/benchmark.py --nets=300-100 --batch_sizes=50 --nogrowth --nostartup

One run, a process for each contestant, their passes interleaved. That looks at one net and batch
size, and takes two minutes; all that docs/benchmark.md shows takes about half an hour on two cores:

    python scripts/benchmark.py --json_out=benchmark.json --plot_out=benchmark.png

Run it on a machine that does nothing else. A contestant whose library is not installed is left out,
and its row says how to install it; TensorFlow 1.15 comes by scripts/create_tf1_environment.py.
"""

from absl import flags

from lab.benchmark import benchmark_command, registry
from tf_recipes.cli import application

_CONTESTANTS = flags.DEFINE_list("contestants", list(registry.CONTESTANTS), "Who takes part.")
_NETS = flags.DEFINE_list("nets", "300-100,100-100-100-100-100", "Hidden layers' units.")
_BATCH_SIZES = flags.DEFINE_list("batch_sizes", "50,128,512", "Images per step.")
_STEPS = flags.DEFINE_integer(
    "steps", 1000, "Of an epoch; fewer where they would take more than 54,000 images.", 1
)
_REPEATS = flags.DEFINE_integer(
    "repeats", 7, "Timed passes of each contestant, of five epochs each.", lower_bound=5
)
_GROWTH = flags.DEFINE_bool("growth", True, "Also with layers, batch and samples.")
_STARTUP = flags.DEFINE_bool("startup", True, "Also from the command to the first step.")
_DATA = flags.DEFINE_enum("data", "sample", ["sample", "tfds"], "Which MNIST.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Where TensorFlow Datasets keeps its data.")
_TF1_PYTHON = flags.DEFINE_string("tf1_python", None, "An interpreter with TensorFlow 1.15.")
_JSON_OUT = flags.DEFINE_string("json_out", None, "Where to write every sample as JSON.")
_PLOT_OUT = flags.DEFINE_string("plot_out", None, "Where to draw the chart, a PNG.")


def main():
    return benchmark_command.run(
        benchmark_command.Options(
            contestants=_CONTESTANTS.value,
            nets=_NETS.value,
            batch_sizes=_BATCH_SIZES.value,
            steps=_STEPS.value,
            repeats=_REPEATS.value,
            growth=_GROWTH.value,
            startup=_STARTUP.value,
            data=_DATA.value,
            data_dir=_DATA_DIR.value,
            tf1_python=_TF1_PYTHON.value,
            json_out=_JSON_OUT.value,
            plot_out=_PLOT_OUT.value,
        )
    )


if __name__ == "__main__":
    application.run(main)
