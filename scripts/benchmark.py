"""Measures how fast this project trains, beside TensorFlow 1.15, Keras, PyTorch and JAX.

    python scripts/benchmark.py --nets=300-100 --batch_sizes=50 --nogrowth --nostartup

Each contestant has a process of its own, and their timed passes are interleaved. The command above
measures one net at one batch size, and takes two minutes. The figures of docs/benchmark.md take
about half an hour on two cores:

    python scripts/benchmark.py --json_out=benchmark.json --plot_out=benchmark.png

Run it on a machine that does nothing else. A contestant whose library is not installed is left out,
and its row tells how to install the library. For TensorFlow 1.15, run
scripts/create_tf1_environment.py before.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

from absl import flags

from lab.benchmark import benchmark_command, registry
from tf_recipes import mnist
from tf_recipes.cli import application

_CONTESTANTS = flags.DEFINE_list(
    "contestants", list(registry.CONTESTANTS), "Contestants to measure."
)
_NETS = flags.DEFINE_list(
    "nets", "300-100,100-100-100-100-100", "Units of each net's hidden layers."
)
_BATCH_SIZES = flags.DEFINE_list("batch_sizes", "50,128,512", "Images per step.")
_STEPS = flags.DEFINE_integer(
    "steps", 1000, "Steps of an epoch; fewer if they would need more than 54,000 images.", 1
)
_REPEATS = flags.DEFINE_integer(
    "repeats", 7, "Timed passes of each contestant; a pass is five epochs.", lower_bound=5
)
_GROWTH = flags.DEFINE_bool(
    "growth", True, "Also measure the growth with layers, batch size and images."
)
_STARTUP = flags.DEFINE_bool(
    "startup", True, "Also measure the time from the command to the first step."
)
_DATA = flags.DEFINE_enum(
    "data", mnist.SOURCES[0], mnist.SOURCES, "MNIST: the packaged sample, or the whole set."
)
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Directory where TensorFlow Datasets keeps its data."
)
_TF1_PYTHON = flags.DEFINE_string("tf1_python", None, "Python interpreter with TensorFlow 1.15.")
_JSON_OUT = flags.DEFINE_string("json_out", None, "JSON file for every measured time.")
_PLOT_OUT = flags.DEFINE_string("plot_out", None, "PNG file for the chart.")


def main():
    """Runs the benchmark with the options that the flags name."""
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
