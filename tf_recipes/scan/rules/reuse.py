"""Finds weights that are shared by name: Keras shares them by calling one layer twice."""

from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, source, trap


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a call that reuses weights."""
    given = {each.arg: each.value for each in call.node.keywords}
    reuse = given.get("reuse")
    text = source(reuse) if reuse else ""
    if text == "True" or text.endswith("AUTO_REUSE"):
        yield Advice(
            f"reuse={text} shares weights by their names; a second layer of Keras has new weights.",
            "one layer, made once and called for each input",
        )


RULE = trap(
    code="TFR025",
    name="reuse",
    difference="shared_by_name",
    before=("import tensorflow as tf\nwith tf.variable_scope('a', reuse=True):\n    pass\n"),
    after=("import tensorflow as tf\nwith tf.variable_scope('a', reuse=False):\n    pass\n"),
    keywords=frozenset({"reuse"}),
    call=check,
)
