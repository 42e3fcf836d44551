"""Draws dropout masks before the compiled loop begins.

XLA draws random numbers on CPUs many times more slowly than TensorFlow's own kernel, because it
computes them again at each use. So the layers draw the masks of all steps of a call before the
loop, from the same seeds and in the same order, and the loop takes the masks as an input.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from tf_recipes.fast_fit import operations

MEMORY = 2**26  # bytes that the masks of one call may take


def layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Returns the layers inside `model` that have a method `draw_mask`, each once."""
    drawing = (layer for layer in _nested_layers(model) if hasattr(layer, "draw_mask"))
    return list({id(layer): layer for layer in drawing}.values())


@contextlib.contextmanager
def drawing_by(
    draw: Callable[[Any, tf.Tensor], tf.Tensor], drawing: list[keras.layers.Layer]
) -> Iterator[None]:
    """Replaces `draw_mask` of the layers `drawing` by `draw(layer, inputs)` inside the block."""
    for layer in drawing:
        layer.draw_mask = lambda inputs, layer=layer: draw(layer, inputs)
    try:
        yield
    finally:
        for layer in drawing:
            del layer.draw_mask


def drawing_nothing(model: keras.Model) -> contextlib.AbstractContextManager[None]:
    """Returns a block in which these layers keep every element and draw no mask."""
    return drawing_by(lambda layer, inputs: tf.ones(inputs.shape, tf.bool), layers(model))


def states(model: keras.Model) -> list[keras.Variable]:
    """Returns the states of the generators that these layers draw from."""
    return [layer.seed_generator.state for layer in layers(model)]


def _nested_layers(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    for inner in getattr(layer, "layers", ()):
        yield inner
        yield from _nested_layers(inner)


class MasksAhead:
    """Draws the masks that training steps of `model` draw, in the same order.

    Args:
        model: a built `keras.Model`.
        x: the inputs of one batch, a structure of tensors.
        longest: int, the most steps of one call.

    Attributes:
        steps: int, the most steps whose masks fit into memory, at most `longest`.
    """

    def __init__(self, model: keras.Model, x: Any, longest: int) -> None:
        self._layers = layers(model)
        self._draws = self._record(model, x)
        elements = sum(shape.num_elements() for _, shape, _ in self._draws)
        self.steps = max(1, min(longest, MEMORY // elements)) if self._draws else longest

    def draw(self, steps: tf.Tensor) -> list[tf.Tensor]:
        """Draws the masks of the next `steps` steps.

        Args:
            steps: int scalar, at most `self.steps`.

        Returns:
            A bool tensor (self.steps, *shape) for each draw of a training step.
        """
        arrays = [
            tf.TensorArray(tf.bool, size=self.steps, element_shape=shape)
            for _, shape, _ in self._draws
        ]

        def body(step, *arrays):
            drawn = [layer.draw_mask(tf.zeros(shape, dtype)) for layer, shape, dtype in self._draws]
            written = [a.write(step, mask) for a, mask in zip(arrays, drawn, strict=True)]
            return (step + 1, *written)

        _, *arrays = tf.while_loop(
            lambda step, *_: step < steps, body, (0, *arrays), parallel_iterations=1
        )
        return [array.stack() for array in arrays]

    @contextlib.contextmanager
    def taken_from(self, masks: list[tf.Tensor], step: tf.Tensor) -> Iterator[None]:
        """Makes the layers take the masks of `step` instead of drawing new ones.

        Args:
            masks: the result of `draw`.
            step: int scalar, the step's number since `draw`.
        """
        following = iter(masks)

        def take(layer, inputs):
            with operations.ours():
                return next(following)[step]

        with drawing_by(take, self._layers):
            yield

    def _record(self, model: keras.Model, x: Any) -> list[tuple[Any, tf.TensorShape, tf.DType]]:
        """Returns layer, shape and dtype of the inputs, for each draw of a training step."""
        draws = []

        def note(layer, inputs):
            draws.append((layer, inputs.shape, inputs.dtype))
            return tf.ones(inputs.shape, tf.bool)

        with drawing_by(note, self._layers):
            tf.function(lambda: model(x, training=True), autograph=False).get_concrete_function()
        return draws
