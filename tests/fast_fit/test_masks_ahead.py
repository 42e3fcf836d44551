"""Tests that masks drawn before the loop are the masks that the layers would draw."""

import keras
import numpy as np
import tensorflow as tf

from tf_recipes.blocks.dropout import Dropout
from tf_recipes.fast_fit import masks_ahead
from tf_recipes.fast_fit.masks_ahead import MasksAhead


def layers():
    return Dropout(0.5, seed=1), Dropout(0.25, seed=2)


def network(first, second):
    inputs = keras.Input((6,))
    inner = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4), second])
    return keras.Model(inputs, second(inner(first(inputs))))


def test_layers_are_found_inside_models_once_each():
    first, second = layers()
    assert masks_ahead.layers(network(first, second)) == [first, second]


def test_masks_are_those_that_the_layers_draw_step_by_step():
    first, second = layers()
    ahead = MasksAhead(network(first, second), tf.ones((3, 6)), longest=10)
    drawn = ahead.draw(tf.constant(2))
    first, second = layers()
    for step in range(2):
        expected = [
            first.draw_mask(np.ones((3, 6))),
            second.draw_mask(np.ones((3, 4))),  # the layer is called twice in a step
            second.draw_mask(np.ones((3, 4))),
        ]
        for mask, each in zip(drawn, expected, strict=True):
            assert mask.shape == (10, *each.shape)
            assert mask[step].numpy().tolist() == each.numpy().tolist()


def test_layers_take_the_step_and_draw_again_afterwards():
    layer = Dropout(0.5, seed=1)
    inputs = keras.Input((6,))
    model = keras.Model(inputs, layer(inputs))
    ahead = MasksAhead(model, tf.ones((1, 6)), longest=2)
    masks = [np.array([[[True] * 6], [[False] * 6]])]
    with ahead.taken_from(masks, 1):
        assert model(np.ones((1, 6)), training=True).numpy().tolist() == [[0.0] * 6]
    with ahead.taken_from(masks, 0):
        assert model(np.ones((1, 6)), training=True).numpy().tolist() == [[2.0] * 6]
    drawn = np.concatenate([layer(np.ones((1, 100)), training=True) for _ in range(3)])
    assert set(drawn.flatten().tolist()) == {0.0, 2.0}


def test_as_many_steps_as_memory_has_room_for(monkeypatch):
    monkeypatch.setattr(masks_ahead, "MEMORY", 100)
    inputs = keras.Input((6,))
    model = keras.Model(inputs, Dropout(0.5)(inputs))
    steps = {rows: MasksAhead(model, tf.ones((rows, 6)), longest=10).steps for rows in (1, 3, 99)}
    assert steps == {1: 10, 3: 5, 99: 1}


def test_nothing_is_drawn_in_a_block():
    layer = Dropout(0.5, seed=1)
    inputs = keras.Input((6,))
    model = keras.Model(inputs, layer(inputs))
    before = [state.numpy().tolist() for state in masks_ahead.states(model)]
    with masks_ahead.drawing_nothing(model):
        assert model(np.ones((1, 6)), training=True).numpy().tolist() == [[2.0] * 6]
    assert [state.numpy().tolist() for state in masks_ahead.states(model)] == before
    assert before == [layer.seed_generator.state.numpy().tolist()]
