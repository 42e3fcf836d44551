"""Says why a graph cannot be converted: the operations that no pattern takes, in one line."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import NoReturn

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.lifting.pattern import by_operation
from tf_recipes.convert.lifting.step_builder import LiftError
from tf_recipes.convert.lifting.values import Unknown


@dataclasses.dataclass(frozen=True)
class Refused:
    """Names operations without a counterpart: what they are for, and why no model can have them.

    `why` ends with what to do instead.
    """

    what: str
    ops: tuple[str, ...]
    why: str


# the kinds of graphs that people ask for most; every other operation in no pattern is refused, too
KNOWN = (
    Refused(
        "sampled softmax, NCE (word2vec)",
        ("LogUniformCandidateSampler", "UniformCandidateSampler", "LearnedUnigramCandidateSampler"),
        "Keras has no loss over sampled classes. Convert the look-up of the embeddings alone with "
        "`inference` and `outputs`.",
    ),
    Refused(
        "Python in the graph",
        ("PyFunc", "PyFuncStateless", "EagerPyFunc"),
        "The function itself is not in the file. Name the tensors behind it with `inputs`.",
    ),
    Refused(
        "texts",
        ("StringSplit", "StringToHashBucketFast", "RegexReplace", "DecodeRaw", "ParseExample"),
        "A model of numbers takes no texts. Name the tensors of numbers behind them with "
        "`inputs`, and prepare these in the input pipeline.",
    ),
    Refused(
        "look-up tables",
        ("LookupTableFind", "LookupTableFindV2", "HashTable", "HashTableV2"),
        "Their content is a file of another machine. Look up in the input pipeline.",
    ),
    Refused(
        "other while loops",
        (
            *("Enter", "Exit", "NextIteration", "LoopCond", "While", "StatelessWhile"),
            "TensorArrayGatherV3",
        ),
        "A loop that is no recurrent layer has no counterpart among layers. Write it as a layer of "
        "your own, and fill the model with `model`.",
    ),
    Refused(
        "sparse look-ups (embedding_lookup_sparse, safe_embedding_lookup_sparse)",
        (
            *("SparseReshape", "SparseFillEmptyRows", "SparseSegmentSum", "SparseSegmentMean"),
            *("SparseSegmentSqrtN", "SegmentSum", "Unique", "SparseTensorDenseMatMul"),
        ),
        "A model of Keras takes arrays with a row for each row of the batch. Name the joined "
        "embeddings behind the look-up with `inputs`, and look up in the input pipeline, or with "
        "an Embedding layer and padded ids.",
    ),
    Refused(
        "beam search, CTC",
        ("CTCLoss", "CTCBeamSearchDecoder", "CTCGreedyDecoder"),
        "Name the logits with `outputs`, and decode with `keras.ops.ctc_decode`.",
    ),
    Refused(
        "recurrent nets in one kernel of cuDNN",
        ("CudnnRNN", "CudnnRNNV2", "CudnnRNNV3", "CudnnRNNCanonicalToParams"),
        "Their weights have a layout of their own. Save the checkpoint from the compatible cells, "
        "such as `CudnnCompatibleLSTMCell`.",
    ),
    Refused(
        "numbers of less precision",
        ("QuantizeV2", "QuantizedConv2D", "QuantizedMatMul", "Dequantize"),
        "Convert the checkpoint from before the quantization.",
    ),
)
KEEP = ", or keep_unknown=True to keep them as they are"
MOST = 4  # kinds of operations that an error names


def refuse(view: GraphView, error: LiftError, keep_unknown: bool = False) -> NoReturn:
    """Raises the error of a graph with operations that no pattern takes.

    Args:
        view: the graph.
        error: what the lifter raised.
        keep_unknown: whether operations that can be kept were kept.

    Raises:
        ValueError: always.
    """
    kinds: dict[tuple[str, str], list[Unknown]] = defaultdict(list)
    for each in error.unknown:
        kinds[each.op, each.reason].append(each)
    listed = [_said(view, found) for found in list(kinds.values())[:MOST]]
    more = len(kinds) - MOST
    validation.fail(
        "Every operation between the inputs and the outputs must have a counterpart in Keras.",
        "; ".join(listed) + (f"; and {more} other kinds" if more > 0 else ""),
        _way_out(error.unknown)
        + "Name other inputs=[…] or outputs=[…] to leave them out, such as a tensor after or "
        + f"before them{'' if keep_unknown else KEEP}.",
    )


def _way_out(unknown: Sequence[Unknown]) -> str:
    """Returns what a person can do about the first operation that many graphs have; or nothing."""
    ops = {each.op for each in unknown}
    why = next((each.why for each in KNOWN if ops & set(each.ops)), "")
    return f"{why.replace('`', '')} " if why else ""


def _said(view: GraphView, found: list[Unknown]) -> str:
    first = found[0]
    taken = [each.partition(":")[0] for each in view.inputs(first.node)][:2]
    users = sorted(
        {u for each in view.outputs_of(first.node) for u in view.consumers.get(each, [])}
    )[:1]
    between = (f"after {', '.join(_name(t) for t in taken)}" if taken else "") + (
        f"{' and ' if taken else ''}before {_name(users[0])}" if users else ""
    )
    number = len(found)
    if first.op not in by_operation():  # what comes after the first is at fault, too
        number = sum(view.op(name) == first.op for name in view.order)
    count = f"{number} times, such as " if number > 1 else ""
    where = f"{count}{_name(first.node)}" + (f", {between}" if between else "")
    return f"{shortened(first.op, 40)} ({where}) {first.reason}"


def _name(node: str) -> str:
    return repr(shortened(node, 60))
