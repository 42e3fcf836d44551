"""What the scripts share: recipe flags, one line per error, a quiet TensorFlow."""

import contextlib
import functools
import os
import re
import signal
import sys
import tempfile

from absl import app, flags, logging

from tf_recipes import catalog

# TensorFlow says these at start-up on any healthy machine without an accelerator.
_NOISE = re.compile(
    rb"oneDNN custom operations|cuda|CUDA|absl::InitializeLog|cpu_feature_guard"
    rb"|CPU instructions|rebuild TensorFlow|Not handling type|XLA service|StreamExecutor device"
    rb"|Compiled cluster using XLA|MLIR|TensorRT|computation_placer"
    rb"|tf_record_dataset_op",
)

# flag -> (field, key inside the field or None)
_FIELDS = {
    "hidden": ("hidden", None),
    "activation": ("activation", None),
    "initializer": ("initializer", None),
    "batch_norm_decay": ("batch_norm", "decay"),
    "batch_norm_scale": ("batch_norm", "scale"),
    "batch_norm_center": ("batch_norm", "center"),
    "batch_norm_epsilon": ("batch_norm", "epsilon"),
    "max_norm_threshold": ("max_norm", "threshold"),
    "max_norm_axes": ("max_norm", "axes"),
    "l1": ("regularizer", "l1"),
    "l2": ("regularizer", "l2"),
    "keep_prob": ("keep_prob", None),
    "learning_rate": ("optimizer", "learning_rate"),
    "momentum": ("optimizer", "momentum"),
    "rmsprop_decay": ("optimizer", "decay"),
    "centered": ("optimizer", "centered"),
    "beta1": ("optimizer", "beta1"),
    "beta2": ("optimizer", "beta2"),
    "epsilon": ("optimizer", "epsilon"),
    "initial_accumulator_value": ("optimizer", "initial_accumulator_value"),
    "decay_steps": ("schedule", "decay_steps"),
    "decay_rate": ("schedule", "decay_rate"),
    "staircase": ("schedule", "staircase"),
    "clip_value": ("clip_value", None),
    "dtype": ("dtype", None),
    "batch_size": ("batch_size", None),
    "steps": ("steps", None),
    "seed": ("seed", None),
}


class UsageError(ValueError):
    """The command cannot be carried out as given; the text says why and what to do."""


def define_recipe_flags():
    """Defines a flag for every hyperparameter; none is set unless the user sets it."""
    flags.disclaim_key_flags()  # the script's --help shows them
    number, whole, text, switch = (
        flags.DEFINE_float,
        flags.DEFINE_integer,
        flags.DEFINE_string,
        flags.DEFINE_bool,
    )
    flags.DEFINE_list("hidden", None, "Units of the hidden layers, such as 300,100.")
    text("activation", None, "relu, elu, leaky_relu, sigmoid or tanh.")
    text("initializer", None, "he or xavier.")
    switch("batch_norm", None, "Normalise every layer, or (--nobatch_norm) none.")
    number("batch_norm_decay", None, "Decay of the moving averages.")
    switch("batch_norm_scale", None, "Whether batch norm has a gamma.")
    switch("batch_norm_center", None, "Whether batch norm has a beta.")
    number("batch_norm_epsilon", None, "Added to the variance.")
    number("max_norm_threshold", None, "Largest norm of a hidden layer's weights.")
    flags.DEFINE_list("max_norm_axes", None, "0: incoming weights; 1: as the TF1 snippet.")
    number("l1", None, "Scale of sum|w|.")
    number("l2", None, "Scale of sum(w^2)/2.")
    number("keep_prob", None, "Share of units that dropout keeps, in (0, 1].")
    text("optimizer", None, "gradient_descent, momentum, nesterov, adagrad, rmsprop or adam.")
    number("learning_rate", None, "Learning rate at the first step.")
    number("momentum", None, "Momentum's or RMSProp's.")
    number("rmsprop_decay", None, "Decay of RMSProp's mean square.")
    switch("centered", None, "RMSProp by the variance.")
    number("beta1", None, "Adam's.")
    number("beta2", None, "Adam's.")
    number("epsilon", None, "RMSProp's or Adam's.")
    number("initial_accumulator_value", None, "Adagrad's.")
    number("decay_steps", None, "Steps in which the rate falls by decay_rate.")
    number("decay_rate", None, "Factor on the rate per decay_steps.")
    switch("staircase", None, "Decay at whole multiples of decay_steps only.")
    number("clip_value", None, "Clips every gradient to [-clip_value, clip_value].")
    text("dtype", None, "float32 or float64.")
    whole("batch_size", None, "Images per step.")
    whole("steps", None, "Training steps.")
    whole("seed", None, "Of the weights, the batches and the dropout.")


def changed_flags():
    """`{flag: value}` of the recipe flags that the user set."""
    names = [*_FIELDS, "batch_norm", "optimizer"]
    return {name: flags.FLAGS[name].value for name in names if flags.FLAGS[name].present}


def recipe_from_flags(name):
    """The catalog's recipe `name` with what the user's flags change.

    Raises:
        ValueError: for an unknown recipe, or a value that breaks its rule.
    """
    spec = catalog.get(name).to_spec()
    changed = changed_flags()
    if changed.get("batch_norm") is False and any("batch_norm_" in name for name in changed):
        raise UsageError("--nobatch_norm leaves nothing for the other --batch_norm flags.")
    if "batch_norm" in changed:
        spec["batch_norm"] = (spec["batch_norm"] or {}) if changed.pop("batch_norm") else None
    if "optimizer" in changed:
        rate = spec["optimizer"].get("learning_rate", 0.05)
        spec["optimizer"] = {"name": changed.pop("optimizer"), "learning_rate": rate}
    for flag, value in changed.items():
        field, key = _FIELDS[flag]
        listed = flag in ("hidden", "max_norm_axes")
        given = whole_numbers(flag, value) if listed else value
        spec[field] = given if key is None else {**(spec[field] or {}), key: given}
    return catalog.CATALOG[name].from_spec(spec)


def whole_numbers(flag, texts):
    """The numbers that a list flag was given; `UsageError` names the flag."""
    try:
        return [int(text) for text in texts]
    except ValueError:
        raise UsageError(
            f"--{flag} takes whole numbers separated by commas. Received: {','.join(texts)!r}."
        ) from None


def run(main):
    """Runs a script's `main()` under absl: a bad flag, a bad value or a full disk is one line.

    Exits with 2 for what the user can mend, 130 after Ctrl-C, 141 once nobody reads what it
    prints, else with what `main` returns.
    """
    try:
        app.run(functools.partial(_guarded, main), flags_parser=_parse)
    except KeyboardInterrupt:
        _stop("interrupted.", 130)
    except BrokenPipeError:
        _stop_unheard()


def _guarded(main, argv):
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # a path may have what it cannot show
    logging.set_verbosity(logging.WARNING)  # Matplotlib's first run says that it looks for fonts
    try:
        if len(argv) > 1:
            raise UsageError(f"takes flags only. Received: {' '.join(argv[1:])!r}.")
        status = main()
        if sys.stdout is not None:  # as it is where the standard output is closed
            sys.stdout.flush()
        return status
    except KeyboardInterrupt as stop:
        # training's says where it stopped, and what told it to
        _stop(str(stop) or "interrupted.", getattr(stop, "status", 130))
    except BrokenPipeError:
        _stop_unheard()
    except (ValueError, OSError, ImportError) as error:
        _stop(f"error: {error}", 2)
    except FloatingPointError as error:
        _stop(f"error: {error}", 1)
    except Exception as error:
        # TensorFlow's own, such as memory that is not there, are no subclasses of Python's
        if not type(error).__module__.startswith("tensorflow"):
            raise
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        _stop(f"error: TensorFlow cannot do this: {first}", 2)


def _parse(argv):
    try:
        return flags.FLAGS(argv)
    except flags.Error as error:
        _stop(f"error: {str(error).rstrip('.')}. Try --help.", 2)


def _stop_unheard():
    """Ends as a program does whose reader, such as `head`, has gone: quietly."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(128 + signal.SIGPIPE)


def _stop(text, status):
    line = " ".join(text.splitlines())
    print(f"{os.path.basename(sys.argv[0])}: {line}", file=sys.stderr)
    sys.stderr.flush()
    if status < 128:
        sys.exit(status)
    if sys.stdout is not None:
        sys.stdout.flush()
    os._exit(status)  # after a signal nothing else is waited for


@contextlib.contextmanager
def quiet():
    """Holds back what TensorFlow writes to the terminal, and passes on all that is not its noise.

    Its C++ side writes to file descriptor 2 past Python, and part of it before any log level is
    read, so the descriptor itself is turned aside.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            for line in held:
                if not _NOISE.search(line):
                    os.write(2, line)


def import_tensorflow(as_tf1_adds=False):
    """Imports TensorFlow and starts its devices, without the noise of both.

    Args:
        as_tf1_adds: multiply matrices as the TF 1.15 wheel does. With one thread and without
            oneDNN's own operations the sums are added in its order, so that most products come
            out with the same bits, and a ReLU unit a hair from zero falls on the same side.
    """
    if as_tf1_adds:
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    with quiet():
        import tensorflow as tf

        if as_tf1_adds:
            tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.list_logical_devices()
        tf.get_logger().setLevel("ERROR")  # it warns of its own deprecated parts
        return tf
