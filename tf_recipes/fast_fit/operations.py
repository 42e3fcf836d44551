"""Finds out from the operations of a traced step whether the loop, and XLA, may run this step.

A list of layers would not do: a loss, a metric or an activation function may hold any operation.
"""

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import tensorflow as tf

_SCOPE = "tf_recipes_loop"
_LEAF = re.compile(rf"{_SCOPE}(?:_\d+)?/leaf(\d+)(?:_\d+)?$")


def _kinds(names: str) -> frozenset[str]:
    return frozenset(names.split())


_LABEL_LOSS = "SparseSoftmaxCrossEntropyWithLogits"

# The operations for which XLA has the results of TensorFlow's kernels, to rounding. An operation
# that draws, that refuses a value (XLA compiles no check) or that runs Python must not be here.
# tests/fast_fit/test_every_class.py compares the results of some layers under XLA.
_SAME_UNDER_XLA = _kinds(
    """
    Abs Add AddN AddV2 All Any ArgMax ArgMin AssignAddVariableOp AssignSubVariableOp
    AssignVariableOp AvgPool AvgPool3D AvgPool3DGrad AvgPoolGrad BatchMatMulV2 BatchMatMulV3 BiasAdd
    BiasAddGrad Bitcast BitwiseAnd BitwiseOr BitwiseXor BroadcastArgs BroadcastGradientArgs
    BroadcastTo Ceil ClipByValue ConcatOffset ConcatV2 Const Conv2D Conv2DBackpropFilter
    Conv2DBackpropInput Conv3D Conv3DBackpropFilterV2 Conv3DBackpropInputV2 Cos Cosh Cumsum
    DepthwiseConv2dNative DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput
    DivNoNan Einsum Elu EluGrad EmptyTensorList EnsureShape Equal Erf Erfc Exp ExpandDims Expm1 Fill
    Floor FusedBatchNormGradV3 FusedBatchNormV3 Greater GreaterEqual Identity IdentityN Invert
    IsFinite IsInf IsNan L2Loss LeakyRelu LeakyReluGrad Less LessEqual Log Log1p LogicalAnd
    LogicalNot LogicalOr LogSoftmax MatMul Maximum MaxPool MaxPool3D MaxPool3DGrad MaxPoolGrad
    Mean Minimum MirrorPad MirrorPadGrad Mul MulNoNan Neg NoOp NotEqual OneHot OnesLike Pack Pad
    PadV2 Placeholder PreventGradient Prod Rank ReadVariableOp Reciprocal ReciprocalGrad Relu Relu6
    Relu6Grad ReluGrad Reshape ReverseV2 Round Rsqrt RsqrtGrad Select SelectV2 Selu SeluGrad Shape
    ShapeN Sigmoid SigmoidGrad Sign Sin Sinh Size Softmax SoftmaxCrossEntropyWithLogits Softplus
    SoftplusGrad Softsign SoftsignGrad Split SplitV Sqrt SqrtGrad Square SquaredDifference Squeeze
    StopGradient Sub Sum Tanh TanhGrad TensorListElementShape TensorListFromTensor TensorListLength
    TensorListPopBack TensorListPushBack TensorListReserve TensorListStack Tile Transpose Unpack
    VariableShape Xlogy ZerosLike
    """
)
# The same for whole numbers: XLA's ignore NaN.
_SAME_FOR_WHOLE_NUMBERS = _kinds("Max Min")
# The same for floats. For whole numbers TensorFlow's kernels refuse to divide by zero.
_SAME_FOR_FLOATS = _kinds("Div FloorDiv FloorMod Mod Pow RealDiv TruncateDiv TruncateMod")
# The same if these inputs are constants, which TensorFlow has checked while it traced the step. A
# place outside the tensor is refused by TensorFlow's kernels; XLA takes the nearest place.
_MUST_BE_CONSTANT = {
    "GatherV2": slice(1, None),
    "InvertPermutation": slice(None),
    "Range": slice(None),
    "Slice": slice(1, None),
    "StridedSlice": slice(1, None),
    "StridedSliceGrad": slice(0, 4),
    "UnsortedSegmentSum": slice(1, None),
}
# The same at a place that a loop counts, as a recurrent layer reads its inputs and its gradient
# reads them back.
_SAME_AT_COUNTED_PLACES = _kinds("TensorListGetItem TensorListSetItem")
# What gives a constant for constants.
_COMPUTES = (
    _SAME_UNDER_XLA | _SAME_FOR_FLOATS | set(_MUST_BE_CONSTANT) | _SAME_FOR_WHOLE_NUMBERS | {"Cast"}
)
_CALLS = _kinds(
    "Case If PartitionedCall StatefulPartitionedCall StatelessCase StatelessIf StatelessWhile While"
)
# What passes all or some labels on, with their values.
_PASSES_ON = _kinds(
    "Cast ExpandDims Identity Reshape Slice Squeeze StopGradient StridedSlice Transpose"
)


@dataclasses.dataclass(frozen=True)
class Operations:
    """Says what the operations of a step allow.

    Attributes:
        unproven: the kinds of operations that may have other results under XLA, sorted.
        placed_draws: the kinds of operations whose random numbers depend on their place in the
            graph, sorted. Only Keras' own functions have the graph of Keras.
        labels: `(leaf, classes)` for each loss that takes the numbers of classes: the leaf of the
            data that has the labels, and the number of classes.
    """

    unproven: tuple[str, ...]
    placed_draws: tuple[str, ...]
    labels: tuple[tuple[int, int], ...]


def ours() -> contextlib.AbstractContextManager[Any]:
    """Returns a name scope for the operations of the loop, whose places are always inside."""
    return tf.name_scope(_SCOPE)


def leaf_name(number: int) -> str:
    """Returns the name, in the scope `ours`, of the operation that gathers a leaf of the data."""
    return f"leaf{number}"


def traced(step: Callable[[Any], Any], specs: Any) -> Operations:
    """Returns the `Operations` of `step(batch)`, without running them.

    Args:
        step: a function of a batch.
        specs: a structure of `tf.TensorSpec`, the batch; a leaf may be None.
    """
    leaves = keras.tree.flatten(specs)
    numbers = [number for number, spec in enumerate(leaves) if spec is not None]

    def call(*tensors: tf.Tensor) -> None:
        batch = [None] * len(leaves)
        with ours():
            for number, tensor in zip(numbers, tensors, strict=True):
                batch[number] = tf.identity(tensor, name=leaf_name(number))
        step(keras.tree.pack_sequence_as(specs, batch))

    # Unlike `tf.function`, this traces once, even if variables are created.
    wrapped = tf.compat.v1.wrap_function(call, [leaves[number] for number in numbers])
    return of(wrapped.graph)


def of(graph: tf.Graph) -> Operations:
    """Returns the `Operations` of a traced function.

    Args:
        graph: the graph of the function. If it calls a function that XLA must compile, only this
            function counts.
    """
    definition = graph.as_graph_def(add_shapes=True)
    library = {function.signature.name: function for function in definition.library.function}
    compiled = [name for name, function in library.items() if _is_compiled(function)]
    roots = [library[name].node_def for name in compiled] or [definition.node]
    unproven: set[str] = set()
    draws: set[str] = set()
    labels: set[tuple[int, int]] = set()
    for nodes in _reachable(roots, library):
        body = _Body(nodes)
        for node in nodes:
            if "seed2" in node.attr:
                draws.add(node.op)
            if node.op == _LABEL_LOSS and (found := body.labels(node)):
                labels.add(found)
            elif not body.is_same_under_xla(node):
                unproven.add(node.op)
    return Operations(tuple(sorted(unproven)), tuple(sorted(draws)), tuple(sorted(labels)))


def _is_compiled(function: Any) -> bool:
    return "_XlaMustCompile" in function.attr and function.attr["_XlaMustCompile"].b


def _reachable(roots: Iterable[Any], library: dict[str, Any]) -> Iterator[Any]:
    """Yields the nodes of each root, and of each function that one of them calls."""
    waiting, seen = list(roots), set()
    while waiting:
        nodes = waiting.pop()
        yield nodes
        for name in (name for node in nodes for name in _called(node)):
            if name in library and name not in seen:
                seen.add(name)
                waiting.append(library[name].node_def)


def _called(node: Any) -> Iterator[str]:
    for value in node.attr.values():
        if value.WhichOneof("value") == "func":
            yield value.func.name
        for function in value.list.func:
            yield function.name


class _Body:
    """Answers questions about the nodes of one function.

    Args:
        nodes: the `NodeDef`s.
    """

    def __init__(self, nodes: Iterable[Any]) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._constant: dict[str, bool] = {}

    def is_same_under_xla(self, node: Any) -> bool:
        """Returns whether XLA computes what TensorFlow's kernel computes, to rounding."""
        if node.op in _SAME_UNDER_XLA or node.op in _CALLS or _is_ours(node):
            return True
        if node.op == "Cast":
            return self._is_same_cast(node)
        if node.op in _SAME_FOR_WHOLE_NUMBERS:
            is_whole = tf.as_dtype(node.attr["T"].type).is_integer
            return is_whole or self._is_constant(_inputs(node)[0])
        if node.op in _SAME_FOR_FLOATS:
            # The arithmetic of shapes has constant inputs: no value can come that is refused.
            is_float = tf.as_dtype(node.attr["T"].type).is_floating
            return is_float or all(map(self._is_constant, _inputs(node)))
        if node.op in _SAME_AT_COUNTED_PLACES:
            return self._is_counted(_inputs(node)[1])
        if node.op not in _MUST_BE_CONSTANT:
            return False
        return all(map(self._is_constant, _inputs(node)[_MUST_BE_CONSTANT[node.op]]))

    def labels(self, node: Any) -> tuple[int, int] | None:
        """Returns `(leaf, classes)` of a loss, or None if its labels are no leaf of the data."""
        classes = node.attr["_output_shapes"].list.shape[1].dim[-1].size
        leaf = self._leaf(_inputs(node)[1])
        return None if leaf is None or classes <= 0 else (leaf, classes)

    def _leaf(self, name: str) -> int | None:
        """Returns the leaf of the data whose values a node passes on, or None."""
        node = self._nodes.get(name)
        while node is not None:
            if match := _LEAF.search(node.name):
                return int(match[1])
            node = self._nodes.get(_inputs(node)[0]) if node.op in _PASSES_ON else None
        return None

    def _is_same_cast(self, node: Any) -> bool:
        """Returns whether the cast keeps to numbers that both types have, or casts data's leaf.

        A float that no whole number of the type equals gives another number under XLA. The labels
        among the data are checked before the step.
        """
        is_whole = tf.as_dtype(node.attr["DstT"].type).is_integer
        if not (is_whole and tf.as_dtype(node.attr["SrcT"].type).is_floating):
            return True
        source = _inputs(node)[0]
        return self._leaf(source) is not None or self._is_constant(source)

    def _is_counted(self, name: str) -> bool:
        """Returns whether a loop counts the value, or the gradient of a loop has kept it."""
        node = self._nodes.get(name)  # None for an argument of the loop's body
        return node is None or node.op == "TensorListPopBack" or self._is_constant(name)

    def _is_constant(self, name: str) -> bool:
        if name not in self._constant:
            node = self._nodes.get(name)  # None for an argument of the function
            inputs = _inputs(node) if node is not None and node.op in _COMPUTES else []
            is_constant = node is not None and node.op == "Const"
            self._constant[name] = is_constant or (
                bool(inputs) and all(map(self._is_constant, inputs))
            )
        return self._constant[name]


def _is_ours(node: Any) -> bool:
    """Returns whether the loop itself made the node: a place in it is always inside the data."""
    return any(part.startswith(_SCOPE) for part in node.name.split("/")[:-1])


def _inputs(node: Any) -> list[str]:
    """Returns the names of the nodes whose results are the node's inputs."""
    return [name.partition(":")[0] for name in node.input if not name.startswith("^")]
