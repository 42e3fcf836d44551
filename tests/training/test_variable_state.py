import keras
import numpy as np

from tf_recipes.training import variable_state


def test_every_variable_that_training_changes_has_an_array(small):
    training = small(
        keras.layers.Dropout(0.5, seed=1, name="drop"), keras.layers.BatchNormalization()
    )
    names = [name.split("/", 2)[2] for name in training.variables.arrays()]
    for name in (
        "a/kernel",
        "batch_normalization/moving_variance",
        "seed_generator/seed_generator_state",
        "sgd/iteration",
        "sgd/learning_rate",
        "sgd/a_kernel_momentum",
        "loss/total",
        "loss/count",
        "sparse_categorical_accuracy/total",
    ):
        assert name in names or name.replace("sparse_categorical_", "") in names, (name, names)


def test_arrays_are_copies_and_come_back(small):
    training = small()
    before = training.variables.arrays()
    kernel = training.model.get_layer("a").kernel
    kernel.assign(kernel * 0)
    assert before["model/0/a/kernel"].any()
    training.variables.assign(before)
    assert kernel.numpy().tobytes() == before["model/0/a/kernel"].tobytes()
    assert training.variables.byte_count == sum(array.nbytes for array in before.values())


def test_names_do_not_depend_on_what_was_made_before(small):
    assert list(small().variables.arrays()) == list(small().variables.arrays())


def test_slots_may_overflow_and_weights_may_not():
    assert variable_state.all_finite(
        {"model/0/w": np.ones(2), "optimizer/0/slot": np.array([np.inf])}
    )
    assert not variable_state.all_finite({"model/0/w": np.array([1.0, np.nan])})
    assert variable_state.all_finite({"model/0/seed": np.array([1, 2], np.uint32)})
