"""Implements the small part of `tensorflow.contrib` that the originals and the docs' code use.

The code follows contrib's documented behaviour on top of `tensorflow.compat.v1`, and is tested
against traces of the real contrib. The signatures are TF1's. An argument that would need an
algorithm that is not implemented is refused.
"""

import types

from tf_recipes.parity.contrib import (
    arg_scope,
    batch_norm,
    image,
    initializers,
    layers,
    regularizers,
)


def namespace() -> types.SimpleNamespace:
    """Returns the replacement of the module `tensorflow.contrib`."""
    return types.SimpleNamespace(
        framework=types.SimpleNamespace(
            add_arg_scope=arg_scope.add_arg_scope,
            arg_scope=arg_scope.arg_scope,
        ),
        image=image.namespace(),
        layers=types.SimpleNamespace(
            batch_norm=batch_norm.batch_norm,
            dropout=layers.dropout,
            fully_connected=layers.fully_connected,
            l1_l2_regularizer=regularizers.l1_l2_regularizer,
            l1_regularizer=regularizers.l1_regularizer,
            l2_regularizer=regularizers.l2_regularizer,
            variance_scaling_initializer=initializers.variance_scaling_initializer,
            xavier_initializer=initializers.xavier_initializer,
        ),
    )
