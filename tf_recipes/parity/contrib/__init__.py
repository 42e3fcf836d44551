"""The small part of `tensorflow.contrib` that the TF1 originals and the documentation's code use.

Written from its documented behaviour, over `tensorflow.compat.v1`, and held against recorded traces
of the real one. The signatures are TF1's; an argument that would need more than is here is refused.
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


def namespace():
    """What stands for the module `tensorflow.contrib`."""
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
