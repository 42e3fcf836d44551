"""Finds calls with arguments that a function of the same name no longer has, or has elsewhere."""

import ast
import functools
from collections.abc import Iterator

from tf_recipes.knowledge import signatures
from tf_recipes.scan.terms.findings import VANISHED
from tf_recipes.scan.terms.rule import Advice, Called, Rule, number
from tf_recipes.scan.terms.unparsing import unparsed

# TF1's argument -> the arguments of TensorFlow 2 with the same meaning, the first that is there
RENAMED = {
    "keep_dims": ("keepdims",),
    "lr": ("learning_rate",),
    "alpha": ("negative_slope",),
    "l": ("l1", "l2"),
    "y": ("x",),
    "text": ("input_text",),
    **dict.fromkeys(("reduction_indices", "reduction_axes", "dimension", "dim"), ("axis",)),
    **dict.fromkeys(("squeeze_dims", "concat_dim", "split_dim"), ("axis",)),
    "seq_dim": ("seq_axis",),
    "batch_dim": ("batch_axis",),
    "fn1": ("true_fn",),
    "fn2": ("false_fn",),
    "filter": ("filters",),
    "kernel": ("filters",),
    **dict.fromkeys(("value", "string_tensor", "source", "input_tensor"), ("input",)),
    **dict.fromkeys(("rate", "rates", "dilation_rate"), ("dilations",)),
    "targets": ("labels",),
    "tensor": ("data", "input"),
    "values": ("data",),
    "inputs": ("logits",),
    "sequence_length": ("logit_length",),
    "t": ("x", "input"),
    "m": ("mean",),
    "v": ("variance",),
    "msg": ("message",),
    "box_ind": ("box_indices",),
    "uniform_noise": ("noise",),
    "thresh": ("threshold",),
    "preferred_dtype": ("dtype_hint",),
    "expand_nonconcat_dim": ("expand_nonconcat_dims",),
    "virtual_devices": ("logical_devices",),
    "algorithm": ("alg",),
    "device_name_or_function": ("device_name",),
    "value_structure": ("element_spec",),
}
_KERAS_NAMES = {"alpha": ("negative_slope",)}  # Keras 3 takes the old name, too
OWN_RULE = ("tf.nn.dropout",)
KERAS = "tf.keras."
# what to write for arguments of TF1's Keras that no other argument has taken over
_INSTEAD = {
    "batch_input_shape": "keras.Input(batch_shape={given}) before the layer",
    "decay": "a schedule: learning_rate=keras.optimizers.schedules.InverseTimeDecay({rate}, 1, "
    "{given})",
    "weights": "layer.set_weights({given}) after the layer is built",
}
_LONGEST = 200  # characters of a call that is written out
# TF 1.15 refuses these by position; TensorFlow 0.x took them in this order.
_WITHOUT_NAMES = ("logits", "labels")


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on arguments that are gone, and on positions that mean something else."""
    before, now = _plain(call.name)
    keras = call.name.startswith(KERAS)
    if keras and not call.in_tf1_code:
        return  # Keras 2 of TensorFlow 2 took these, too
    for name in call.names():
        if name in before and name not in now:
            yield Advice(
                f"{call.name} of {'Keras 3' if keras else 'TensorFlow 2'} has no argument {name}.",
                _written(call, before, now) or _one(call, name, now),
            )
    if not call.in_tf1_code or call.name in OWN_RULE:
        return
    for position in range(min(call.positional(), len(before))):
        old = before[position]
        new = now[position] if position < len(now) else "none"
        moved = new == "none" or new in before or old in now
        if moved and new not in (old, renamed(old, now), *_KERAS_NAMES.get(old, ())):
            yield Advice(
                f"Argument {position + 1} of {call.name} was {_shown(old)}; now it is {new}.",
                _written(call, before, now) or _one(call, old, now, position),
            )
            return


def _shown(name: str) -> str:
    return f"{_WITHOUT_NAMES[0]} in TensorFlow 0.x" if name == "_sentinel" else name


def renamed(name: str, now: list[str]) -> str:
    """Returns what TensorFlow 2 calls an argument of TF1; nothing if it has none."""
    return next((each for each in (name, *RENAMED.get(name, ())) if each in now), "")


def _one(call: Called, name: str, now: list[str], position: int | None = None) -> str:
    """Returns what to do with one argument, of a call that cannot be written out."""
    new = renamed(name, now)
    given = call.text(name, position)
    if call.name.startswith(KERAS) and name in _INSTEAD:
        rate = next((call.text(n, 0) for n in ("lr", "learning_rate") if not call.lacks(n, 0)), "…")
        return _INSTEAD[name].format(rate=rate, given=given)
    if name == "block_size" and "block_shape" in now:
        new, given = "block_shape", f"[{given}, {given}]"
    return f"{call.name}(..., {new}={given})" if new else f"leave {name} out"


def _written(call: Called, before: list[str], now: list[str]) -> str:
    """Returns the call for TensorFlow 2 with the arguments of the code; nothing if too long."""
    if call.unsure or (
        call.name.startswith(KERAS) and not _INSTEAD.keys().isdisjoint(call.names())
    ):
        return ""
    order = before if before[0] != "_sentinel" else [*_WITHOUT_NAMES, *before[3:]]
    made, by_position = [], True
    for position, (name, value) in enumerate(call.given()):
        old = (order[position] if position < len(order) else "*") if name is None else name
        new, text = renamed(old, now), unparsed(value)
        if old == "keep_prob":
            new, text = "rate", _complement(value)
        if old == "block_size" and "block_shape" in now:  # a number for each of two axes
            new, text = "block_shape", f"[{text}, {text}]"
        by_position &= name is None and now[position : position + 1] == [new]
        if old == "*":
            return ""
        if new:
            made.append(text if by_position else f"{new}={text}")
    text = f"{call.name}({', '.join(made)})"
    return text if len(text) <= _LONGEST else ""


def _complement(keep_prob: ast.expr) -> str:
    kept = number(keep_prob)
    if kept is not None:
        return f"{1 - kept:.6g}"
    is_sum = isinstance(keep_prob, ast.BinOp | ast.IfExp | ast.BoolOp)
    return f"1 - ({unparsed(keep_prob)})" if is_sum else f"1 - {unparsed(keep_prob)}"


@functools.cache
def _plain(name: str) -> tuple[list[str], list[str]]:
    """Returns the arguments of TF1 and of TensorFlow 2, without stars."""
    before, now = signatures.changed()[name]
    return [each.lstrip("*") for each in before], [each.lstrip("*") for each in now]


RULE = Rule(
    code="TFR003",
    name="changed-argument",
    severity=VANISHED,
    page="names.md",
    summary="An argument that TensorFlow 2's function of the same name lacks, or has elsewhere.",
    before="import tensorflow as tf\ny = tf.reduce_mean([[1.0]], 1, keep_dims=True)\n",
    after="import tensorflow as tf\ny = tf.reduce_mean([[1.0]], 1, keepdims=True)\n",
    functions=frozenset(signatures.changed()),
    call=check,
)
