"""The small part of `tensorflow.contrib` that the TF1 originals and the documentation's code use.

Written from its documented behaviour, over `tensorflow.compat.v1`, and held against recorded traces
of the real one. The signatures are TF1's; an argument that would need more than is here is refused.
"""

import types

from tf_recipes.parity import (
    contrib_arg_scope,
    contrib_batch_norm,
    contrib_image,
    contrib_initializers,
    contrib_layers,
    contrib_regularizers,
)


def namespace():
    """What stands for the module `tensorflow.contrib`."""
    return types.SimpleNamespace(
        framework=types.SimpleNamespace(
            add_arg_scope=contrib_arg_scope.add_arg_scope,
            arg_scope=contrib_arg_scope.arg_scope,
        ),
        image=contrib_image.namespace(),
        layers=types.SimpleNamespace(
            batch_norm=contrib_batch_norm.batch_norm,
            dropout=contrib_layers.dropout,
            fully_connected=contrib_layers.fully_connected,
            l1_l2_regularizer=contrib_regularizers.l1_l2_regularizer,
            l1_regularizer=contrib_regularizers.l1_regularizer,
            l2_regularizer=contrib_regularizers.l2_regularizer,
            variance_scaling_initializer=contrib_initializers.variance_scaling_initializer,
            xavier_initializer=contrib_initializers.xavier_initializer,
        ),
    )
