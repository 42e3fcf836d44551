"""Finds `feed_dict` in a loop of Python: `fit` and compiled steps are much faster."""

from collections.abc import Iterator

from tf_recipes.scan.terms.findings import STYLE
from tf_recipes.scan.terms.rule import Advice, Rule, Whole


def check(whole: Whole) -> Iterator[Advice]:
    """Yields advice on the first call with `feed_dict` inside a loop."""
    if "feed_dict" not in whole.text:
        return
    for call in whole.in_loops:
        if any(each.arg == "feed_dict" for each in call.keywords):
            yield Advice(
                "A session is fed batch by batch; fit, or one compiled loop, runs the same steps.",
                "keras.Model.fit(x, y, batch_size=..., epochs=...), or tf_recipes.FastFitModel",
                node=call,
            )
            return


RULE = Rule(
    code="TFR026",
    name="feed-loop",
    severity=STYLE,
    page="training.md",
    summary="A session that is fed in a loop: fit runs the same steps compiled.",
    before=(
        "import tensorflow as tf\n"
        "s = tf.Session()\n"
        "for batch in batches:\n"
        "    s.run(step, feed_dict={x: batch})\n"
    ),
    after=("import tensorflow as tf\ns = tf.Session()\ns.run(step)\n"),
    whole=check,
)
