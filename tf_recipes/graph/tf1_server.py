"""Runs a TF1 graph in the TensorFlow that starts this file, for a client on the standard streams.

`graph_session.GraphSession` starts it on Python 3.7 with TF 1.15; the file needs TensorFlow and
NumPy alone. A message is its length in eight bytes and then an `.npz` file without pickles. The
first request has the `graph`, a serialized `GraphDef`, and `variables`, a JSON list of the names
of variables. Each further one has `fetched`, a JSON list of names, and the fed arrays under
`feed/NAME`. An answer has an array `K` for the K-th name that is a tensor, or `error` and `kind`.
"""

import io
import json
import sys
from typing import Any, Dict, List, Mapping, Optional

import numpy as np
import tensorflow as tf

READ, ASSIGN, NEW = "read:", "assign:", "new:"  # before the name of a variable


def accessors(graph: Any, variables: List[str]) -> Dict[str, Any]:
    """Adds to a graph what reads and assigns its variables.

    Returns:
        `{"read:NAME": tensor, "assign:NAME": operation, "new:NAME": placeholder}`.
    """
    found = {}
    with graph.as_default():
        for name in variables:
            handle = graph.get_tensor_by_name(name + ":0")
            dtype = tf.as_dtype(handle.op.get_attr("dtype")).base_dtype
            value = found[NEW + name] = tf.compat.v1.placeholder(dtype)
            if handle.op.type == "VarHandleOp":
                found[READ + name] = tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype)
                found[ASSIGN + name] = tf.raw_ops.AssignVariableOp(resource=handle, value=value)
            else:
                found[READ + name] = tf.raw_ops.Identity(input=handle)
                found[ASSIGN + name] = tf.raw_ops.Assign(
                    ref=handle, value=value, validate_shape=False
                ).op
    return found


def as_written() -> Any:
    """Returns the settings with which a graph is computed node by node, as TF1 wrote it."""
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.optimizer_options.opt_level = -1  # no common subexpressions
    config.gpu_options.allow_growth = True
    return config


def write(stream: Any, arrays: Mapping[str, Any]) -> None:
    """Writes a message."""
    content = io.BytesIO()
    np.savez(content, **arrays)
    stream.write(np.int64(content.tell()).tobytes() + content.getvalue())
    stream.flush()


def read(stream: Any) -> Optional[Dict[str, Any]]:
    """Reads a message; None at the end of the stream."""
    size = stream.read(8)
    if len(size) < 8:
        return None
    content = io.BytesIO(stream.read(int(np.frombuffer(size, np.int64)[0])))
    with np.load(content, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def answer(session: Any, special: Dict[str, Any], request: Dict[str, Any]) -> Dict[str, Any]:
    """Returns the arrays of an answer."""
    names = json.loads(str(request["fetched"]))
    feeds = {special.get(k[5:], k[5:]): v for k, v in request.items() if k.startswith("feed/")}
    try:
        values = session.run([special.get(name, name) for name in names], feeds)
    except Exception as error:  # whatever it is, the client tells the user
        return {"error": getattr(error, "message", str(error)), "kind": type(error).__name__}
    found = {str(k): np.asarray(v) for k, v in enumerate(values) if v is not None}
    odd = [names[int(k)] for k, value in found.items() if value.dtype.hasobject]
    if odd:
        return {"error": "a text at " + odd[0], "kind": "TypeError"}
    return found


def main() -> None:
    """Answers requests until the client closes the stream."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what TensorFlow prints must not come between the answers
    first = read(requests)
    if first is None:
        return
    graph = tf.Graph()
    definition = tf.compat.v1.GraphDef.FromString(first["graph"].tobytes())
    with graph.as_default():
        tf.import_graph_def(definition, name="")
    special = accessors(graph, json.loads(str(first["variables"])))
    with tf.compat.v1.Session(graph=graph, config=as_written()) as session:
        write(answers, {"version": tf.__version__})
        while True:
            request = read(requests)
            if request is None:
                return
            write(answers, answer(session, special, request))


if __name__ == "__main__":
    tf.compat.v1.logging.set_verbosity("ERROR")
    main()
