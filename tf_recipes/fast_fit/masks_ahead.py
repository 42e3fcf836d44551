"""Dropout masks drawn ahead of the compiled loop.

XLA draws random numbers on CPUs many times more slowly than TensorFlow's own kernel does, because
it draws them again wherever they are used. So the masks of all steps of a call are drawn before the
loop by the layers themselves, from the same seeds in the same order, and handed to it.
"""

import contextlib

import keras
import tensorflow as tf

MEMORY = 2**26  # bytes that the masks of one call may take


def layers(model):
    """The layers inside `model` that draw a mask, those with a method `draw_mask`, once each."""
    found = (layer for layer in _flattened(model) if hasattr(layer, "draw_mask"))
    return list({id(layer): layer for layer in found}.values())


def draws_otherwise(model):
    """Whether `model` draws random numbers that are not such masks."""
    ahead = {id(layer.seed_generator.state) for layer in layers(model)}
    return any(
        variable.path.endswith("seed_generator_state") and id(variable) not in ahead
        for variable in model.variables
    )


def embeds(model):
    """Whether there is an embedding in `model`."""
    return any(isinstance(layer, keras.layers.Embedding) for layer in _flattened(model))


def _flattened(layer):
    for inner in getattr(layer, "layers", ()):
        yield inner
        yield from _flattened(inner)


class MasksAhead:
    """The masks that one training step of `model` draws, in the order in which it does.

    Args:
        model: a built `keras.Model`.
        x: the inputs of one batch, a structure of tensors.
        longest: int, steps of one call at most.
    """

    def __init__(self, model, x, longest):
        self._layers = layers(model)
        self._draws = self._record(model, x)  # [(layer, shape, dtype of its inputs)]
        each = sum(shape.num_elements() for _, shape, _ in self._draws)
        self.steps = max(1, min(longest, MEMORY // each)) if self._draws else longest

    def draw(self, steps):
        """The masks of the next `steps` steps: for each draw bool (self.steps, *shape)."""
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
    def taken_from(self, masks, step):
        """Has the layers take the masks of `step` in place of drawing."""
        following = iter(masks)
        with self._drawing_by(lambda layer, inputs: next(following)[step]):
            yield

    def _record(self, model, x):
        draws = []

        def note(layer, inputs):
            draws.append((layer, inputs.shape, inputs.dtype))
            return tf.ones(inputs.shape, tf.bool)

        with self._drawing_by(note):
            tf.function(lambda: model(x, training=True), autograph=False).get_concrete_function()
        return draws

    @contextlib.contextmanager
    def _drawing_by(self, draw):
        for layer in self._layers:
            layer.draw_mask = lambda inputs, layer=layer: draw(layer, inputs)
        try:
            yield
        finally:
            for layer in self._layers:
                del layer.draw_mask
