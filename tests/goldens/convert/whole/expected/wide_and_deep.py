"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    age = keras.Input(shape=(), name="age")
    income = keras.Input(shape=(), name="income")
    job = keras.Input(shape=(), dtype="int32", name="job")
    city = keras.Input(shape=(), dtype="int64", name="city")
    one_hot = keras.ops.one_hot(job, 5)
    mul = job * 4
    cast = keras.ops.cast(city, "int32")
    add = mul + cast
    one_hot_1 = keras.ops.one_hot(add, 20)
    concat = keras.ops.concatenate([one_hot, one_hot_1], axis=1)
    wide_linear = keras.layers.Dense(1, name="wide_linear")(concat)
    sub = age - 40.0
    truediv = sub / 12.5
    add_1 = income + 1.0
    log = keras.ops.log(add_1)
    maximum = keras.ops.maximum(age, 1.0)
    truediv_1 = income / maximum
    minimum = keras.ops.minimum(truediv_1, 50.0)
    truediv_2 = minimum / 10.0
    greater = age > 60.0
    cast_1 = keras.ops.cast(greater, "float32")
    stack = keras.ops.stack([truediv, log, truediv_2, cast_1], axis=1)
    deep_job_embedding = keras.layers.Embedding(5, 3, name="deep_job_embedding")(job)
    deep_city_embedding = keras.layers.Embedding(4, 2, name="deep_city_embedding")(city)
    concat_1 = keras.ops.concatenate(
        [stack, deep_job_embedding, deep_city_embedding], axis=1
    )
    deep_fc1 = keras.layers.Dense(10, activation="relu", name="deep_fc1")(concat_1)
    deep_fc2 = keras.layers.Dense(6, activation="relu", name="deep_fc2")(deep_fc1)
    deep_logit = keras.layers.Dense(1, name="deep_logit")(deep_fc2)
    add_2 = wide_linear + deep_logit
    squeeze = keras.ops.squeeze(add_2, axis=1)
    model = keras.Model([age, income, job, city], squeeze)
    model.compile(
        optimizer=tf_recipes.Adagrad(0.1),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
