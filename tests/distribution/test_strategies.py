import json

import keras
import pytest

from tf_recipes import GradientClippingModel
from tf_recipes.distribution import strategies

MIRRORED = """
import sys
from tf_recipes._support.quiet_tensorflow import quiet
with quiet():
    import keras, numpy as np, tensorflow as tf
    from tf_recipes.distribution import strategies
    strategy = strategies.mirrored(2)
    with strategies.scope(strategy):
        metric = keras.metrics.Mean()
        weight = keras.Variable([1.0])
    @tf.function
    def add():
        def replica():
            index = tf.distribute.get_replica_context().replica_id_in_sync_group
            metric.update_state(tf.cast(index, tf.float32) + 1.0)
        strategy.run(replica)
    add()
    names = {node.type for node in add.get_concrete_function().graph.get_operations()}
print([d.name[-5:] for d in tf.config.list_logical_devices()])
print(strategy.num_replicas_in_sync, metric.total.numpy(), metric.result().numpy())
print(type(metric.total.value).__name__, type(weight.value).__name__)
print(any("Reduce" in name or "AddN" in name for name in names))
"""


def test_a_processor_in_two_parts_and_metrics_that_are_added_up_when_read(run_python):
    devices, totals, kinds, messages = run_python(MIRRORED).splitlines()
    assert devices == "['CPU:0', 'CPU:1']"
    assert totals == "2 3.0 1.5"
    assert kinds == "SyncOnReadVariable MirroredVariable"
    assert messages == "False"  # no replica waits for another replica


@pytest.mark.parametrize("replicas", [0, -1, 1.5, True])
def test_replicas_must_be_a_whole_number(fails, replicas):
    with fails("`replicas` must be a whole number of at least 1", f"replicas={replicas!r}"):
        strategies.mirrored(replicas)


def test_more_replicas_than_gpus_are_refused(fails, monkeypatch):
    monkeypatch.setattr(strategies.tf.config, "list_physical_devices", lambda kind: ["one"])
    with fails("GPU of its own", "replicas=2, GPUs=1. Pass replicas=1"):
        strategies.mirrored(2)


class TwoReplicas:
    num_replicas_in_sync = 2


def model(optimizer):
    inputs = keras.Input((2,))
    made = GradientClippingModel(inputs, keras.layers.Dense(1)(inputs), clip_value=1.0)
    made.compile(optimizer, "mse")
    return made


@pytest.mark.parametrize(
    "arguments", [{"clipvalue": 1.0}, {"clipnorm": 2.0}, {"global_clipnorm": 0.5}]
)
def test_an_optimizer_that_clips_before_the_sum_is_refused(fails, arguments):
    ((name, value),) = arguments.items()
    with fails("before they are summed", f"{name}={value}", "GradientClippingModel"):
        strategies.prepare(model(keras.optimizers.SGD(**arguments)), TwoReplicas())


def test_a_loss_scale_is_refused(fails):
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())
    with fails("loss scale", "LossScaleOptimizer"):
        strategies.prepare(model(optimizer), TwoReplicas())


def test_the_prepared_model_has_all_its_variables(run_python):
    code = """
import json
from tf_recipes._support.quiet_tensorflow import quiet
with quiet():
    from tf_recipes import catalog, models
    from tf_recipes.distribution import strategies
    strategy = strategies.mirrored(2)
    with strategies.scope(strategy):
        model = models.build(catalog.get("adam").replace(hidden=(3,)))
    strategies.prepare(model, strategy)
print(json.dumps([v.name for v in model.optimizer.variables + model.metrics_variables]))
"""
    names = json.loads(run_python(code))
    assert names[0] == "iteration"
    assert names.count("total") == names.count("count") == 2  # loss and accuracy
    assert {"beta_1_power", "outputs_kernel_m"} <= set(names)


@pytest.mark.parametrize("layer", [keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)])
def test_keras_layers_that_know_only_the_rows_of_their_replica_are_refused(fails, layer):
    inputs = keras.Input((2,))
    made = keras.Model(inputs, layer(inputs))
    made.compile("sgd", "mse")
    kind = type(layer).__name__
    with fails(f"keras.layers.{kind}", f"Use tf_recipes.{kind} instead, as port='exact' does"):
        strategies.prepare(made, TwoReplicas())
