"""Rewrites dropout that is told the share to keep as dropout that is told the share to drop."""

from tf_recipes.scan.rules.keep_prob import dropped_share
from tf_recipes.scan.terms import new_arguments
from tf_recipes.scan.terms.rewrite import EITHER, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, New, Piece


def _dropout(call: Call) -> New:
    given = call.take("keep_prob")
    if given is None:
        raise CannotFix("it has rate already")
    share = Piece("rate", dropped_share(given.text.strip()))
    renamed = {name: name for name in ("noise_shape", "seed", "name")}
    inputs = new_arguments.pieces(call, {}, {}, ["x"])
    rest = new_arguments.pieces(call, renamed, {})
    call.done()
    return New("tf.nn.dropout", [*inputs, share, *rest])


REWRITE = Rewrite(
    name="dropout",
    idiom=EITHER,
    summary="`tf.nn.dropout` with `rate`, the share to drop, in place of `keep_prob`.",
    before=(
        "import tensorflow as tf\n\nkept = tf.placeholder(tf.float32)\ny = tf.nn.dropout(x, kept)\n"
    ),
    after=(
        "import tensorflow as tf\n\n"
        "kept = tf.placeholder(tf.float32)\n"
        "y = tf.nn.dropout(x, rate=1 - kept)\n"
    ),
    calls={"tf.nn.dropout": _dropout},
)
