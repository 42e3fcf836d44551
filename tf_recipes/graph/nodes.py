"""Names the kinds of nodes that matter in a TF1 training graph."""

PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
VARIABLES = ("VariableV2", "Variable", "VarHandleOp")
SIZES = ("Shape", "ShapeN", "Size", "Rank")  # no value of a tensor goes through them
# What draws anew at each run. The draws of a step are kept, and are fed wherever it is repeated.
RANDOM = (
    "RandomUniform",
    "RandomUniformInt",
    "RandomStandardNormal",
    "TruncatedNormal",
    "ParameterizedTruncatedNormal",
    "Multinomial",
    "RandomGamma",
    "RandomPoissonV2",
    "RandomShuffle",
)
# What gives the rows of a batch without being fed.
SOURCES = (
    "IteratorGetNext",
    "IteratorGetNextSync",
    "QueueDequeueV2",
    "QueueDequeueManyV2",
    "QueueDequeueUpToV2",
    "QueueDequeue",
    "QueueDequeueMany",
    "QueueDequeueUpTo",
)


def node_of(tensor: str) -> str:
    """Returns the name of the node that gives a tensor, or of a control input.

    >>> node_of("a/b:1"), node_of("^c"), node_of("d")
    ('a/b', 'c', 'd')
    """
    return tensor.removeprefix("^").partition(":")[0]


def full(tensor: str) -> str:
    """Returns the name of a tensor with its index; a node's name means its first output.

    >>> full("a/b"), full("a/b:1")
    ('a/b:0', 'a/b:1')
    """
    return tensor if ":" in tensor else f"{tensor}:0"
