"""Converts a TF1 checkpoint to a Keras model, its source code, and a proof that both are equal."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from typing import Any

import keras

from tf_recipes._support import extras
from tf_recipes._support.precision import use_float32_products
from tf_recipes.convert import notes, output_folder
from tf_recipes.convert.settings import Settings
from tf_recipes.convert.source_graph import NotTrainedError
from tf_recipes.convert.stages import Converted, Stages


@dataclasses.dataclass(frozen=True)
class Conversion:
    """Holds the outcome of a conversion.

    `model` is the Keras model, `source` the text of `model.py` (None for a model of the person's
    own), `document` what `conversion.json` holds.
    """

    model: keras.Model
    source: str | None
    document: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Returns whether the model does what the graph does, as far as that was compared."""
        return bool(self.document["passed"])

    def __str__(self) -> str:
        return str(self.document["message"])

    def page(self) -> str:
        """Returns the results as the text of an HTML page.

        Raises:
            ImportError: if a package of the extra `html` is missing.
        """
        extras.require("html")
        from tf_recipes.convert.reports import conversion_page  # needs the extra

        return conversion_page.html(self.document)


def convert(
    checkpoint: str | os.PathLike[str],
    output_dir: str | os.PathLike[str] | None = None,
    *,
    on_progress: Callable[[str], object] = lambda stage: None,
    **settings: Any,
) -> Conversion:
    """Converts a TF1 checkpoint to a functional Keras model with TF1's weights.

    The graph in the checkpoint's `.meta` file is read; neither TF1 nor the program is needed. The
    model's predictions are compared with those of the graph, in units of the graph's own drift
    when its weights start one ulp away.

    TF1: there was no such tool. `tf.train.Checkpoint(model).restore` of TensorFlow 2 loads nothing
    from such a checkpoint, and raises no error.

    Args:
        checkpoint: the prefix that `tf.train.Saver` wrote, its folder or one of its files, or the
            folder of a SavedModel.
        output_dir: the folder that will hold `model.keras`, `model.py`, `conversion.json` and,
            where the extra `html` is installed, `conversion.html`; it appears when all of them are
            whole. None writes nothing.
        on_progress: called with a few words at the beginning of each stage.
        **settings: of `Settings`. `inputs` and `outputs` name the tensors that the model takes and
            gives, `labels` those that only the loss takes. `feed` and `eval_feed` are
            `{placeholder: value}` in training and in evaluation. `feeds` are the arrays on which
            model and graph are compared, `{placeholder: array (rows, …)}` or an `.npz` file; None
            makes some. `train_op` and `loss` name what cannot be told. `inference=True`
            leaves training out; None does so, with a note, where Keras cannot train as the graph;
            False raises an error there, as None does where `train_op` or `loss` is named. A loss
            that takes more than the outputs adds what it takes as the last outputs.
            `use_ema=True` takes the moving averages of the weights, for predictions alone.
            `keep_unknown=True` keeps an operation without a counterpart in a layer that runs it.
            `steps` is the number of training steps that are compared, 0 for none; None means 20,
            or as many as fit into memory. `overwrite=True` replaces a
            folder that a conversion made. `model` is a model of your own that is filled instead,
            `"port.py:build"`, a `.keras` file, a function or a model; it need not be compiled, and
            no training is compared. `variable_map` joins its variables to TF1's, as for `verify`.
            `unsafe=True` loads a `.keras` file that holds Python code.

    Returns:
        A `Conversion`.

    Raises:
        ValueError: if a file is damaged, or the graph holds an operation without a counterpart;
            then nothing is written.
        TypeError: for an unknown setting.
    """
    given = Settings(**settings)
    if output_dir is not None:
        output_folder.check(output_dir, given.overwrite)
    with use_float32_products():
        made = _trained_where_possible(checkpoint, given, on_progress)
    done = Conversion(made.model, made.source, made.document)
    if output_dir is not None:
        on_progress("writing")
        output_folder.write(
            output_dir, done.model, done.source, done.document, _page(done), given.overwrite
        )
    return done


def _trained_where_possible(
    checkpoint: str | os.PathLike[str], given: Settings, on_progress: Callable[[str], object]
) -> Converted:
    """Returns the conversion; that of the predictions where Keras cannot train as the graph."""
    try:
        return Stages(checkpoint, given, on_progress).run()
    except NotTrainedError as error:
        if given.must_train:
            raise
        note = notes.of_refusal(error)
    given = dataclasses.replace(given, inference=True)
    return Stages(checkpoint, given, on_progress, [note]).run()


def _page(done: Conversion) -> str | None:
    """Returns the text of the page; None where a package that writes it is missing."""
    try:
        return done.page()
    except ImportError:
        return None
