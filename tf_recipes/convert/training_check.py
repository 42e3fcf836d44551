"""Compares the training of a converted model with that of its TF1 graph."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from tf_recipes.convert.program import built_model
from tf_recipes.convert.program.model_code import ModelCode
from tf_recipes.convert.source_graph import SourceGraph
from tf_recipes.convert.training.compilation import Training
from tf_recipes.graph.graph_session import RunError
from tf_recipes.verify import migration
from tf_recipes.verify.bench.feeds import FeedsError
from tf_recipes.verify.migration import Report

FEW = 8  # rows, of those that were made, with which nothing could be judged
NOT_JUDGED = 2  # exit status of a verification


class NotComparedError(ValueError):
    """Says why a training cannot be compared, although the model predicts as its graph does."""


def run(
    source: SourceGraph,
    training: Training,
    variable_map: Mapping[str, str],
    make: Callable[[], keras.Model],
    inputs: Sequence[str],
    rows: Mapping[str, Any],
    feed: Mapping[str, Any],
    eval_feed: Mapping[str, Any],
    steps: int,
    rows_are_given: bool,
    values_are_given: bool,
) -> Report:
    """Verifies some training steps of a model beside its graph, with the known map of variables.

    Args:
        source: what was converted.
        training: how the graph trains.
        variable_map: that of the variables, by `variable_map`.
        make: returns the model, anew at each call; the training changes it.
        inputs: names of the tensors that the model takes.
        rows: `{tensor: array (rows, …)}` of the inputs and labels. If they were made, and nothing
            can be judged with them, a few of them are tried as well.
        feed: `{placeholder: value}` in training.
        eval_feed: the same in evaluation.
        steps: how many steps.
        rows_are_given: whether the rows are those of the person, not made ones.
        values_are_given: whether the person fed values, too.

    Raises:
        NotComparedError: if the graph cannot train on rows that were made, or the comparison cannot
            follow how it trains.
        ValueError: if what the person gave does not fit the graph.
    """
    assert source.structure is not None  # there is no training without
    structure = source.structure
    verified = functools.partial(
        migration.verify,
        make,
        source.path,
        feed=feed,
        eval_feed=eval_feed,
        train_op=[structure.train_op, *structure.also],
        loss=structure.loss,
        inputs=list(inputs),
        labels=list(training.labels),
        outputs=list(source.outputs),
        sample_weight=training.sample_weight,
        variable_map=variable_map,
        steps=steps,
        explain=False,
        cache=False,
    )
    try:
        report = verified(feeds=dict(rows))
    except (FeedsError, RunError) as error:
        values_count = values_are_given and isinstance(error, FeedsError)
        if rows_are_given or values_count:
            raise
        raise NotComparedError(
            f"{_said(error)} With rows of the program, feeds='batches.npz', it may be."
        ) from error
    except ValueError as error:
        raise NotComparedError(_said(error)) from error
    if report.exit_status != NOT_JUDGED or rows_are_given:
        return report
    # of fewer rows it is less likely that one is at the edge of a ReLU, where TF1's numbers jump
    with contextlib.suppress(ValueError):  # a graph may take batches of one size alone
        few = {name: each[:FEW] if each.ndim else each for name, each in rows.items()}
        again = verified(feeds=few)
        return report if again.exit_status == NOT_JUDGED else again
    return report


def _said(error: ValueError) -> str:
    return f"Training was not compared: {str(error).rstrip('.')}."


def variable_map(code: ModelCode, model: keras.Model) -> dict[str, str]:
    """Returns the map of the variables that are equal, reshaped or transposed.

    Args:
        code: the written code.
        model: the model that it builds.
    """
    found = {}
    for path, (origin, _) in built_model.weights(code, model).items():
        if len(origin.variables) != 1:
            continue
        if origin.transform is None or origin.transform.function == "reshape":
            found[origin.variables[0]] = path
        elif dict(origin.transform.arguments).get("order") == (1, 0):
            found[origin.variables[0]] = f"transpose:{path}"
    return found
