"""Builds the TF1 graph of a recipe in the style of the chapter."""

import collections
from typing import Any, Callable, Dict

import tensorflow as tf

from tf_recipes.originals.activations import leaky_relu
from tf_recipes.originals.batch_norm import parameters
from tf_recipes.originals.dropout import dropout
from tf_recipes.originals.gradient_clipping import clipped_training_op
from tf_recipes.originals.initializers import he_init, xavier_init
from tf_recipes.originals.max_norm import max_norm_regularizer
from tf_recipes.originals.optimizers import optimizer as make_optimizer
from tf_recipes.originals.regularization import regularizer, total_loss
from tf_recipes.originals.schedules import decayed
from tf_recipes.recipe import N_INPUTS, N_OUTPUTS, Recipe

Model = collections.namedtuple(
    "Model", "graph X y loss training_op clip_all_weights logits variables masks"
)


def build(recipe: Recipe) -> Model:
    """Builds the graph of a recipe: a training and an evaluation tower over one set of variables.

    `is_training` is a Python bool in each tower. With a `tf.cond` the session could not fetch the
    dropout masks.

    Raises:
        ValueError: if the recipe has batch normalization in float64, which TF1's fused kernel does
            not support.
    """
    if recipe.batch_norm is not None and recipe.dtype == "float64":
        raise ValueError(
            "TF1's batch normalization runs in float32 only. Received: dtype='float64' with "
            "batch_norm. Use dtype='float32', or leave batch_norm out."
        )
    graph = tf.Graph()
    with graph.as_default():
        tf.set_random_seed(recipe.seed)
        X = tf.placeholder(tf.as_dtype(recipe.dtype), shape=(None, N_INPUTS), name="X")
        y = tf.placeholder(tf.int64, shape=(None,), name="y")
        train_logits = network(recipe, X, is_training=True)
        with tf.variable_scope(tf.get_variable_scope(), reuse=True):
            logits = network(recipe, X, is_training=False)
        variables = collections.OrderedDict((v.op.name, v) for v in tf.global_variables())
        xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=train_logits)
        loss = total_loss(tf.reduce_mean(xentropy, name="avg_xentropy"))
        # The loss is computed before the update, also where it depends on the weights themselves.
        with tf.control_dependencies([loss]):
            training_op = training(recipe, loss)
        return Model(
            graph=graph,
            X=X,
            y=y,
            loss=loss,
            training_op=training_op,
            clip_all_weights=tf.get_collection("max_norm"),
            logits=logits,
            variables=variables,
            masks=dropout_masks(graph, recipe),
        )


def network(recipe: Recipe, X: tf.Tensor, is_training: bool) -> tf.Tensor:
    """Builds the network of a recipe: `X` (batch, 784) -> logits (batch, 10)."""
    fully_connected = tf.contrib.layers.fully_connected
    every_layer = {
        "weights_initializer": {"he": he_init, "xavier": xavier_init}[recipe.initializer]()
    }
    if recipe.batch_norm is not None:
        every_layer["normalizer_fn"] = tf.contrib.layers.batch_norm
        every_layer["normalizer_params"] = parameters(is_training, **recipe.batch_norm)
    if recipe.regularizer:
        every_layer["weights_regularizer"] = regularizer(**recipe.regularizer)
    hidden_only = {"activation_fn": activation(recipe.activation)}
    if recipe.max_norm is not None:
        arguments = recipe.max_norm_arguments()
        hidden_only["weights_regularizer"] = max_norm_regularizer(
            arguments["threshold"], axes=list(arguments["axes"])
        )

    def dropped(inputs, name):
        if recipe.keep_prob == 1.0:
            return inputs
        return dropout(inputs, recipe.keep_prob, is_training, scope=name + "_dropout")

    with tf.contrib.framework.arg_scope([fully_connected], **every_layer):
        outputs = dropped(X, "X")  # (batch, 784)
        for k, units in enumerate(recipe.hidden, start=1):
            scope = f"hidden{k}"
            outputs = fully_connected(outputs, units, scope=scope, **hidden_only)
            outputs = dropped(outputs, scope)  # (batch, units)
        return fully_connected(outputs, N_OUTPUTS, activation_fn=None, scope="outputs")


def activation(name: str) -> Callable[..., tf.Tensor]:
    """Returns the activation function of that name."""
    return {
        "relu": tf.nn.relu,
        "elu": tf.nn.elu,
        "leaky_relu": leaky_relu,
        "sigmoid": tf.nn.sigmoid,
        "tanh": tf.nn.tanh,
    }[name]


def training(recipe: Recipe, loss: tf.Tensor) -> Any:
    """Returns the op of one training step."""
    arguments = recipe.optimizer_arguments()
    global_step = None
    if recipe.schedule is not None:
        arguments["learning_rate"], global_step = decayed(
            arguments["learning_rate"], **recipe.schedule
        )
    optimizer = make_optimizer(recipe.optimizer["name"], **arguments)
    if recipe.clip_value is None:
        return optimizer.minimize(loss, global_step=global_step)
    return clipped_training_op(optimizer, loss, recipe.clip_value, global_step)


def dropout_masks(graph: tf.Graph, recipe: Recipe) -> Dict[str, tf.Tensor]:
    """Returns the masks of the units that the training tower keeps, `{"X": tensor, ...}`."""
    if recipe.keep_prob == 1.0:
        return {}
    names = ["X"] + [f"hidden{k + 1}" for k in range(len(recipe.hidden))]
    kept = [op.outputs[0] for op in graph.get_operations() if op.type == "GreaterEqual"]
    return dict(zip(names, kept))
