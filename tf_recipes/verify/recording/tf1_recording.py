"""Records the first training steps of a TensorFlow 1 program in one file.

Copy this file to the machine of the program; it needs TensorFlow 1.13 to 1.15, NumPy and Python
3.5 to 3.7. Two lines change in the program:

    from tf1_recording import recording

    with recording(sess, "trace.npz", train_op, loss=loss) as sess:
        ...  # the training loop, as it was

or, for a MonitoredSession or an Estimator:

    from tf1_recording import RecordingHook

    estimator.train(input_fn, hooks=[RecordingHook("trace.npz")])

Recording adds no operation to the graph, and draws no random number. It fetches more tensors in the
runs that train, and reads variables between the runs. `docs/trace-format.md` describes the file.
"""

import contextlib
import json
import os
import platform
import re
import sys
import threading
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

import numpy as np
import tensorflow

tf = getattr(tensorflow.compat, "v1", tensorflow)

_Hook = tf.train.SessionRunHook  # type: Any

FORMAT = "tf_recipes recording 2"
VERSION = 2
END = b"."  # follows each text, because NumPy drops zero bytes at the end of a text
# The bounds of the reader, see `tf_recipes/parity/trace_file.py`; a recording stops before them.
LARGEST = 2**30  # bytes of all arrays
SMALL = 16 * 2**20  # bytes of all arrays of a file of any size
UNPACKED = 100  # more bytes than `SMALL`: at most so many for each byte of the file
MEMBERS = 20000  # arrays
NAMES = 2 * 2**20  # characters of the arrays' names together, with 50 for each array
RESERVED = 5  # arrays besides those of the steps: format, recording, kinds, graph, losses

_HIDDEN = (tf.resource, tf.variant)  # dtypes that no run returns
_PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
# An operation of these types gives another value at each run, or needs what is not in the graph.
_KINDS = (
    (
        "random",
        r"Random(?!.*(Queue|Dataset|Grad)).*|(Parameterized)?TruncatedNormal|Multinomial"
        r"|\w*CandidateSampler|SampleDistortedBoundingBox(V2)?|Fractional(Avg|Max)Pool"
        r"|Stateful(Uniform|StandardNormal|TruncatedNormal|RandomBinomial)\w*"
        r"|NonDeterministicInts",
    ),
    (
        "iterator",
        r"IteratorGetNext\w*|MultiDeviceIteratorGetNextFromShard|DatasetToSingleElement"
        r"|ReduceDataset",
    ),
    (
        "queue",
        r"Queue(Dequeue(Many|UpTo)?|Size|IsClosed)(V2)?|(Ordered)?(Map)?(Unstage|Peek)(NoKey)?"
        r"|StagePeek|BarrierTakeMany",
    ),
    (
        "outside",
        r"(Eager)?PyFunc(Stateless)?|Reader(Read|ReadUpTo)(V2)?|ReadFile|MatchingFiles"
        r"|LookupTable(Find|Size)(V2)?|Timestamp",
    ),
)
_KINDS_BY_TYPE = [(kind, re.compile("(" + types + r")\Z")) for kind, types in _KINDS]
_CHANGE = re.compile(r"(Resource)?(Sparse)?(Apply|Assign|Scatter|StridedSliceAssign|CountUpTo)")
_VARIABLES = ("Variable", "VariableV2", "VarHandleOp")
_NOT_FETCHABLE = "lies inside tf.cond or tf.while_loop, where no tensor can be fetched"
_IN_A_LOOP = "lies inside tf.while_loop, where a tensor has many values and none can be fetched"
_UNKNOWN_BRANCH = "lies inside a tf.cond whose condition is not known before the step"


@contextlib.contextmanager
def recording(
    sess: Any,
    path: Any,
    train_op: Any,
    steps: Optional[Iterable[int]] = None,
    max_steps: int = 50,
    loss: Any = None,
) -> Iterator[Any]:
    """Records the training steps that a session runs in the block; writes the file after it.

    Each run that runs `train_op` is a training step. Other runs pass through. An exception in the
    block is passed on, and no file is written.

    Args:
        sess: a `tf.Session`. A `MonitoredSession` takes a `RecordingHook` instead.
        path: the file to write, such as "trace.npz". An older file is replaced.
        train_op: the operation or tensor that trains, or its name. None takes what the runs fetch
            of the collection "train_op".
        steps: the steps after which all variables are kept. The default is 1, 10, 20, 30, ....
            The last recorded step is kept too.
        max_steps: the steps to record; the program then goes on without recording.
        loss: a scalar tensor or its name, fetched in the same run, or None.

    Yields:
        `sess` itself. Its methods `run`, `make_callable` and `partial_run_setup` are replaced
        until the block ends.

    Raises:
        ValueError: if an argument is wrong, a value cannot be stored, the variables are larger
            than a file may be, or no run of the block trained.
    """
    recorder = _Recorder(path, train_op, steps, max_steps, loss)
    if hasattr(sess, "run_step_fn") or not (hasattr(sess, "run") and hasattr(sess, "graph")):
        _refuse(
            "sess must be a tf.Session.",
            "sess={!r}".format(sess),
            "Give a MonitoredSession or an Estimator hooks=[RecordingHook({!r})].".format(path),
        )
    recorder.graph = sess.graph
    recorder.check_names()
    run = sess.run
    with _replaced(sess, _methods(sess, recorder)):
        yield sess
    recorder.finish(run)


class RecordingHook(_Hook):
    """Records the training steps of a MonitoredSession or an Estimator; writes the file at the end.

    An exception ends the training without a file. Where nothing can be written at the end, one line
    on the standard error says why, and the training ends as it would without the hook.

    Args:
        path: the file to write, such as "trace.npz". An older file is replaced.
        train_op: the operation or tensor that trains, or its name. None takes what the runs fetch
            of the collection "train_op", where every optimizer of `tf.train` puts its update.
        steps, max_steps: as those of `recording`.
        loss: a scalar tensor or its name. If `train_op` and `loss` are None, the loss is the tensor
            that is fetched beside the training operation, as an Estimator does.

    Raises:
        ValueError: as `recording`.
    """

    def __init__(
        self,
        path: Any,
        train_op: Any = None,
        steps: Optional[Iterable[int]] = None,
        max_steps: int = 50,
        loss: Any = None,
    ) -> None:
        self._arguments = (path, train_op, steps, max_steps, loss)
        self._recorder = _Recorder(*self._arguments)
        self._step = None  # type: Any

    def begin(self) -> None:
        """Begins a new recording of the default graph."""
        self._recorder = _Recorder(*self._arguments)
        self._recorder.graph = tf.get_default_graph()
        self._recorder.hook = True
        self._recorder.check_names()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Begins again if the session is a new one, which continues from a checkpoint."""
        if self._recorder.count:
            _say("the session was made anew, so the recording begins again.")
            self.begin()

    def before_run(self, run_context: Any) -> Any:
        """Asks for the values of a training step."""
        given = run_context.original_args
        self._step = self._recorder.look(given.fetches, given.feed_dict)
        if self._step is None or not self._step.trains:
            return None
        self._recorder.start(run_context.session.run, self._step)
        self._step = self._recorder.asked(run_context.session.run, self._step, given.feed_dict)
        if self._step.in_branches:
            vars(self._recorder.graph).update(is_fetchable=_always)
        return tf.train.SessionRunArgs(self._step.fetches)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Keeps the values of a training step."""
        if self._step is not None and self._step.in_branches:
            vars(self._recorder.graph).pop("is_fetchable", None)
        if self._step is not None and self._step.trains:
            self._recorder.keep(run_context.session.run, self._step, run_values.results)
        elif self._step is not None:
            self._recorder.note(self._step)

    def end(self, session: Any) -> None:
        """Writes the file."""
        try:
            self._recorder.finish(session.run)
        except (OSError, ValueError) as error:
            _say(str(error))


def _methods(sess: Any, recorder: "_Recorder") -> Dict[str, Any]:
    """Returns the methods of a session that record what the session's own methods do."""
    own_run, own_callable, own_partial = sess.run, sess.make_callable, sess.partial_run_setup
    one_at_a_time = threading.RLock()  # for steps alone: a step may wait for another thread's run

    def run(
        fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        step = recorder.look(fetches, feed_dict)
        if step is None or not step.trains:
            result = own_run(fetches, feed_dict, options, run_metadata)
            if step is not None:
                recorder.note(step)
            return result
        with one_at_a_time:
            recorder.start(own_run, step)
            step = recorder.asked(own_run, step, feed_dict)
            with _all_fetchable(sess.graph, step):
                both = own_run([fetches, step.fetches], feed_dict, options, run_metadata)
            recorder.keep(own_run, step, both[1])
        return both[0]

    def make_callable(fetches: Any, feed_list: Any = None, accept_options: bool = False) -> Any:
        step = recorder.look(fetches, dict.fromkeys(feed_list or ()))
        if step is None or not (step.trains or step.changes):
            return own_callable(fetches, feed_list, accept_options)

        def call(*values: Any, **options: Any) -> Any:
            return sess.run(fetches, dict(zip(feed_list or (), values)), **options)

        return call

    def partial_run_setup(fetches: Any, feeds: Any = None) -> Any:
        step = recorder.look(fetches, dict.fromkeys(feeds or ()))
        if step is not None and step.trains:
            _refuse(
                "a training step must be one run.",
                "train_op in sess.partial_run_setup",
                "Train by sess.run while you record.",
            )
        return own_partial(fetches, feeds)

    return {"run": run, "make_callable": make_callable, "partial_run_setup": partial_run_setup}


@contextlib.contextmanager
def _replaced(sess: Any, methods: Dict[str, Any]) -> Iterator[None]:
    """Gives one session other methods for a while."""
    before = {name: vars(sess)[name] for name in methods if name in vars(sess)}
    vars(sess).update(methods)
    try:
        yield
    finally:
        for name in methods:
            del vars(sess)[name]
        vars(sess).update(before)


class _Step(object):
    """Says what a run is to the recording, and what is to be fetched besides.

    Attributes:
        trains: if the run is a training step.
        changes: names of the operations that the run fetches, without `train_op`, and that change
            variables which `train_op` leaves.
        fed: names of the fed tensors.
        kinds: `{name: kind}` of the tensors to fetch.
        fetches: the tensors to fetch, and the loss last.
        in_branches: `{name: tensor}` of what is fetched where the branch is taken that it lies in.
    """

    def __init__(self, changes: List[str], fed: List[str]) -> None:
        self.trains = False
        self.changes = changes
        self.fed = fed
        self.kinds = {}  # type: Dict[str, str]
        self.names = []  # type: List[str]
        self.fetches = []  # type: List[Any]
        self.in_branches = {}  # type: Dict[str, Any]


class _Recorder(object):
    """Keeps what the training steps did, and writes it."""

    def __init__(self, path: Any, train_op: Any, steps: Any, max_steps: int, loss: Any) -> None:
        self.path = os.path.realpath(str(path))
        if os.path.isdir(self.path) or not os.path.isdir(os.path.dirname(self.path)):
            _refuse(
                "path must name a file in a directory that exists.",
                "path={!r}".format(path),
                "Make the directory, or give another path.",
            )
        self.max_steps = max_steps
        self.kept_steps = _checked_steps(steps, max_steps)
        self.train_op = train_op
        self.loss = loss
        self.hook = False
        self.graph = None  # type: Any
        self.count = 0  # recorded steps
        self.stopped = False
        self._known = {}  # type: Dict[Any, _Step]
        self._conditions = {}  # type: Dict[str, Any]
        self._meta_graph = b""
        self._functions = {}  # type: Dict[str, Any]
        self._variables = {}  # type: Dict[str, Any]
        self._arrays = {}  # type: Dict[str, np.ndarray]
        self._kinds = {}  # type: Dict[str, str]
        self._losses = []  # type: List[np.ndarray]
        self._fed = []  # type: List[List[str]]
        self._drawn = []  # type: List[List[str]]
        self._updates = []  # type: List[List[str]]
        self._between = []  # type: List[Dict[str, Any]]
        self._unrecorded = {}  # type: Dict[str, Dict[str, Any]]
        self._trained = set()  # type: Any
        self._moved = False  # variables were changed since the last recorded step

    def check_names(self) -> None:
        """Finds `train_op` and `loss` in the graph."""
        self._found_by_itself = self.train_op is None
        if self.train_op is None:
            if not self.graph.get_collection(tf.GraphKeys.TRAIN_OP):
                _refuse(
                    "train_op must be given where the graph's collection 'train_op' is empty.",
                    "train_op=None",
                    "Give the operation that the program runs to train.",
                )
        else:
            self.train_op = self._element(self.train_op, "train_op")
            self.train_op = getattr(self.train_op, "op", self.train_op)
        if self.loss is not None:
            self.loss = self._element(self.loss, "loss")
            self._check_loss(self.loss)

    def _element(self, given: Any, argument: str) -> Any:
        """Returns the operation or tensor that an argument names."""
        try:
            return self.graph.as_graph_element(given)
        except (KeyError, TypeError, ValueError) as error:
            remedy = "Give an operation or a tensor of the session's graph, or its name ({})."
            _refuse(
                "{} must be in the graph.".format(argument),
                "{}={!r}".format(argument, given),
                remedy.format(str(error).partition("\n")[0].strip("'\".")),
            )

    def _check_loss(self, loss: Any) -> None:
        shape = getattr(loss, "shape", None)
        if shape is None or shape.ndims not in (0, None) or not loss.dtype.is_floating:
            _refuse(
                "loss must be one floating-point number.",
                "loss={!r}".format(loss),
                "Give a scalar tensor, such as tf.reduce_mean(losses).",
            )
        if not self.graph.is_fetchable(loss.op):
            _refuse(
                "loss must be a tensor that a run can fetch.",
                "loss={!r}, which {}".format(loss.name, _NOT_FETCHABLE),
                "Give a scalar tensor outside of them.",
            )

    def look(self, fetches: Any, feed_dict: Any) -> Optional[_Step]:
        """Returns what a run is to the recording; None for a run that is nothing to it."""
        if self.stopped:
            return None
        fetched = list(_operations(self.graph, fetches))
        fed, wrong = _fed_tensors(self.graph, feed_dict)
        key = (tuple(op.name for op in fetched), tuple(sorted(fed)))
        if key not in self._known:
            self._known[key] = self._looked_at(fetched, fed, fetches)
        step = self._known[key]
        if step.trains and wrong is not None:
            _refuse(
                "the recording must know the tensors that a training step is fed.",
                "feed_dict with the key {!r}".format(wrong),
                "Feed tensors of the session's graph, one key for each.",
            )
        return step

    def _looked_at(self, fetched: List[Any], fed: Dict[str, Any], fetches: Any) -> _Step:
        """Returns what the run of these operations is to the recording."""
        reached = [_ancestors([op], fed) for op in fetched]
        if self._found_by_itself and self.train_op is None:
            self._find_train_op(fetched, reached, fetches)
        trains = self.train_op is not None and any(self.train_op.name in each for each in reached)
        by_training = _ancestors([self.train_op], fed) if trains else {}
        others = [
            (op, each)
            for op, each in zip(fetched, reached)
            if any(self._changes(one) for name, one in each.items() if name not in by_training)
        ]
        step = _Step([op.name for op, _ in others], sorted(fed))
        if trains:
            step.trains = True
            roots = [self.train_op] + [op for op, _ in others]
            everything = {}  # type: Dict[str, Any]
            for each in reached:
                everything.update(each)
            self._plan(step, roots, fed, everything)
        return step

    def _changes(self, op: Any) -> bool:
        """Returns whether an operation changes a variable that belongs to the training."""
        if not _changes(op):
            return False
        if not self._trained:
            variables = self.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
            self._trained = {each.op.name for each in variables}
            if self.train_op is not None:
                self._trained.update(_ancestors([self.train_op], ()))
        here = op
        while here.type not in _VARIABLES and len(here.inputs):
            here = here.inputs[0].op
        return here.name in self._trained

    def _find_train_op(self, fetched: List[Any], reached: List[Any], fetches: Any) -> None:
        """Takes the fetched operation that runs one of the collection "train_op"."""
        marked = [getattr(each, "op", each) for each in self.graph.get_collection("train_op")]
        names = {op.name for op in marked if isinstance(op, tf.Operation)}
        found = [op for op, each in zip(fetched, reached) if not names.isdisjoint(each)]
        if len(found) > 1:
            _refuse(
                "train_op must be given where a run fetches several training operations.",
                ", ".join(op.name for op in found),
                "Give train_op the name of one of these.",
            )
        if not found:
            return
        self.train_op = found[0]
        self._trained = set()
        if self.loss is None and isinstance(fetches, (list, tuple)) and len(fetches) == 2:
            beside = fetches[1]
            if isinstance(beside, tf.Tensor) and beside.shape.ndims == 0:
                self.loss = beside if beside.dtype.is_floating else None

    def _plan(
        self, step: _Step, roots: List[Any], fed: Dict[str, Any], everything: Dict[str, Any]
    ) -> None:
        """Decides what a training step fetches besides the program's own fetches."""
        if not self._meta_graph:
            self._export()
        if self.loss is not None:
            self._check_pure_loss(roots, fed, everything)
            roots = roots + [self.loss.op]
        ops = _ancestors(roots, fed)
        if not self._variables:
            self._variables = _variables(self.graph, ops, self._cannot)
        tensors = dict(fed)
        kinds = dict.fromkeys(fed, "feed")
        if self.hook:  # other hooks may feed, too; a fed tensor that is fetched gives what was fed
            for op in ops.values():
                if op.type in _PLACEHOLDERS:
                    tensors[op.outputs[0].name] = op.outputs[0]
                    kinds[op.outputs[0].name] = "feed"
        loops, self._conditions = _places(self.graph, ops)
        for name, tensor in sorted(tensors.items()):
            if _hidden(tensor):
                self._cannot(name, "feed", "has the dtype {}".format(tensor.dtype.name))
            elif name in self._conditions or not self._fetchable(tensor, loops):
                self._cannot(name, "feed", _NOT_FETCHABLE)
            else:
                continue
            del tensors[name]
        root_names = {op.name for op in roots}
        for name in sorted(ops):
            kind = _kind(ops[name])
            if kind is None:
                self._look_inside(ops[name])
                continue
            for tensor in _outputs(ops[name], ops, root_names):
                if tensor.name in tensors:
                    continue
                if loops.get(tensor.op.name):
                    self._cannot(tensor.name, kind, _IN_A_LOOP, _seeds(tensor.op))
                elif tensor.op.name in self._conditions:
                    if not (self.graph.is_fetchable(tensor.op) or hasattr(self.graph, "__dict__")):
                        self._cannot(tensor.name, kind, _NOT_FETCHABLE, _seeds(tensor.op))
                    elif self._can_ask(tensor.op, fed):
                        step.in_branches[tensor.name] = tensor
                        step.kinds[tensor.name] = kind
                    else:
                        self._cannot(tensor.name, kind, _UNKNOWN_BRANCH, _seeds(tensor.op))
                elif self.graph.is_fetchable(tensor.op):
                    tensors[tensor.name] = tensor
                    kinds[tensor.name] = kind
                else:
                    self._cannot(tensor.name, kind, _NOT_FETCHABLE, _seeds(tensor.op))
        step.names = sorted(tensors)
        step.kinds.update({name: kinds[name] for name in step.names})
        step.fetches = [tensors[name] for name in step.names]
        if self.loss is not None:
            step.fetches.append(self.loss)

    def _fetchable(self, tensor: Any, loops: Dict[str, int]) -> bool:
        return self.graph.is_fetchable(tensor.op) and not loops.get(tensor.op.name)

    def _can_ask(self, op: Any, fed: Dict[str, Any]) -> bool:
        """Returns whether a run before the step gives the same answers as the step will."""
        asked = [self.graph.as_graph_element(name).op for name, _ in self._conditions[op.name]]
        needed = _ancestors(asked, fed).values()
        return not any(_kind(each) is not None or _changes(each) for each in needed)

    def asked(self, run: Any, step: _Step, feed_dict: Any) -> _Step:
        """Returns a step that fetches what lies in the branches that it will take, too."""
        if not step.in_branches or self.stopped:
            return step
        answers = {}  # type: Dict[str, bool]
        wanted = {name for t in step.in_branches.values() for name, _ in self._of(t.op)}
        while wanted:
            for name in list(wanted):  # a condition inside a branch needs that branch
                wanted.update(each for each, _ in self._of(self._op(name)))
            ready = [
                name
                for name in sorted(wanted)
                if all(each in answers for each, _ in self._of(self._op(name)) if each != name)
            ]
            taken = [name for name in ready if self._holds(self._op(name), answers)]
            try:
                with _all_fetchable(self.graph, step):
                    values = run(taken, feed_dict) if taken else []
            except tf.errors.InvalidArgumentError:  # a placeholder that another hook feeds
                for name, tensor in sorted(step.in_branches.items()):
                    self._cannot(name, step.kinds[name], _UNKNOWN_BRANCH, _seeds(tensor.op))
                return step
            answers.update(dict.fromkeys(ready, False))
            answers.update({name: bool(value) for name, value in zip(taken, values)})
            wanted -= set(answers)
        found = _Step(step.changes, step.fed)
        found.trains = True
        found.in_branches = step.in_branches
        live = [n for n, t in sorted(step.in_branches.items()) if self._holds(t.op, answers)]
        found.names = step.names + live
        found.kinds = {name: step.kinds[name] for name in found.names}
        number = len(step.names)
        found.fetches = list(step.fetches[:number]) + [step.in_branches[name] for name in live]
        found.fetches += step.fetches[number:]
        return found

    def _op(self, name: str) -> Any:
        return self.graph.as_graph_element(name).op

    def _of(self, op: Any) -> Any:
        return self._conditions.get(op.name, ())

    def _holds(self, op: Any, answers: Dict[str, bool]) -> bool:
        return all(answers.get(name) == answer for name, answer in self._of(op))

    def _check_pure_loss(
        self, roots: List[Any], fed: Dict[str, Any], everything: Dict[str, Any]
    ) -> None:
        """Refuses a loss that would make a step run more than it does without recording."""
        trained = _ancestors(roots, fed)
        for name, op in _ancestors([self.loss.op], fed).items():
            if name in trained or name in everything:
                continue
            if _kind(op) is not None or _changes(op):
                _refuse(
                    "loss must need nothing drawn, read or assigned that the step does not need.",
                    "loss={!r}, which runs {!r} ({})".format(self.loss.name, name, op.type),
                    "Give the loss that train_op reduces, or fetch this loss in the same run.",
                )

    def _look_inside(self, op: Any) -> None:
        """Notes what is drawn inside the functions that an operation calls, or in its kernel."""
        if re.match(r"CudnnRNN(V\d)?\Z", op.type) and op.get_attr("dropout") > 0:
            self._cannot(op.name, "random", "draws dropout's masks inside cuDNN", _seeds(op))
        if not self._functions or re.search("Iterator|Dataset", op.type):
            return
        for function in _called(op, self._functions):
            for node in self._functions[function].node_def:
                kind = _kind_of_type(node.op)
                if kind is not None:
                    name = "{}/{}".format(op.name, node.name)
                    seeds = [int(node.attr[key].i) for key in ("seed", "seed2") if key in node.attr]
                    reason = "lies inside the function {}".format(function)
                    self._cannot(name, kind, reason, seeds or None)

    def _cannot(self, name: str, kind: str, reason: str, seeds: Any = None) -> None:
        """Notes what is not recorded, and why."""
        found = {"name": name, "kind": kind, "reason": reason}  # type: Dict[str, Any]
        if seeds is not None:
            found["seeds"] = seeds
        self._unrecorded[name] = found

    def _export(self) -> None:
        """Keeps the graph."""
        try:
            meta_graph = tf.train.export_meta_graph(graph=self.graph)
            self._meta_graph = meta_graph.SerializeToString()
        except ValueError as error:  # protobuf writes at most 2 GB
            _refuse(
                "the graph must be one that tf.train.export_meta_graph can write.",
                str(error).partition("\n")[0].rstrip("."),
                "Feed large constants, or hold them in variables.",
            )
        library = meta_graph.graph_def.library.function
        self._functions = {each.signature.name: each for each in library}
        self._put("graph", np.frombuffer(self._meta_graph, np.uint8))

    def start(self, run: Any, step: _Step) -> None:
        """Keeps the initial variables before the first step."""
        if self.count or any(name.startswith("initial/") for name in self._arrays):
            return
        for name, value in sorted(self._read(run).items()):
            self._put("initial/" + name, value)
        if not self._fits({}):
            _refuse(
                "graph and variables must take at most {} bytes.".format(LARGEST),
                "{} bytes".format(sum(each.nbytes for each in self._arrays.values())),
                "Record a smaller net of the same kind.",
            )

    def _read(self, run: Any) -> Dict[str, np.ndarray]:
        """Returns the values of all variables; those without a value are noted and left out."""
        names = sorted(self._variables)
        try:
            values = run([self._variables[name] for name in names])
        except tf.errors.FailedPreconditionError:
            values = []
            for name in list(names):
                try:
                    values.append(run(self._variables[name]))
                except tf.errors.FailedPreconditionError:
                    names.remove(name)
                    del self._variables[name]
                    self._cannot(name, "variable", "is not initialised before the first step")
        return {name: _storable(value, name) for name, value in zip(names, values)}

    def keep(self, run: Any, step: _Step, values: List[Any]) -> None:
        """Keeps the values of a training step that has run."""
        if self.stopped:
            return
        number = self.count + 1
        found = {
            "values/{}/{}".format(number, name): _storable(value, name)
            for name, value in zip(step.names, values)
        }
        loss = None
        if self.loss is not None:
            loss = np.array(_storable(values[-1], self.loss.name))
            if loss.ndim:
                _refuse(
                    "loss must be one number.",
                    "loss={!r} of shape {}".format(self.loss.name, loss.shape),
                    "Give a scalar tensor, such as tf.reduce_mean(losses).",
                )
        if number in self.kept_steps or number == self.max_steps:
            found.update(self._after(run, number))
        if not self._fits(found):
            self.stopped = True
            _say("recorded {} steps; a file can hold no more.".format(self.count))
            return
        for name, array in found.items():
            self._put(name, array)
        self.count = number
        self._moved = False
        if loss is not None:
            self._losses.append(loss)
        for name in step.names:
            self._kinds.setdefault(name, step.kinds[name])
        fed = [name for name in step.names if step.kinds[name] == "feed"]
        self._fed.append(fed)
        self._drawn.append([name for name in step.names if step.kinds[name] != "feed"])
        self._updates.append(step.changes)
        if number == self.max_steps:
            self.stopped = True
            _say("recorded {} steps, as max_steps says; training goes on.".format(number))

    def _after(self, run: Any, number: int) -> Dict[str, np.ndarray]:
        """Returns the variables after a step, by the names of their arrays."""
        return {
            "variables/{}/{}".format(number, name): value for name, value in self._read(run).items()
        }

    def note(self, step: _Step) -> None:
        """Notes that a run between the steps changed variables."""
        if self.count and not self.stopped and step.changes:
            self._moved = True
            run = {"after": self.count, "operations": step.changes, "fed": step.fed, "times": 0}
            last = self._between[-1] if self._between else {}
            if dict(last, times=0) != run:
                self._between.append(run)
            self._between[-1]["times"] += 1

    def _put(self, name: str, array: np.ndarray) -> None:
        self._arrays[name] = array

    def _fits(self, more: Dict[str, np.ndarray]) -> bool:
        """Returns whether the reader would take a file with these arrays, too."""
        arrays = list(self._arrays.items()) + list(more.items())
        return (
            sum(array.nbytes for _, array in arrays) <= LARGEST - NAMES
            and len(arrays) + RESERVED <= MEMBERS
            and sum(len(name) + 50 for name, _ in arrays) <= NAMES
        )

    def finish(self, run: Any) -> None:
        """Writes the file."""
        if not self.count:
            name = "the collection 'train_op'" if self.train_op is None else self.train_op.name
            _refuse(
                "a recording must have a training step.",
                "no run that fetched {}".format(name),
                "Give train_op the operation that the program runs to train.",
            )
        kept = {int(name.split("/")[1]) for name in self._arrays if name.startswith("variables/")}
        if self.count not in kept and not self._moved and not self.stopped:
            with contextlib.suppress(RuntimeError, tf.errors.OpError):  # a closed session
                found = self._after(run, self.count)
                if self._fits(found):
                    self._arrays.update(found)
                    kept.add(self.count)
        if not kept:
            _refuse(
                "a recording must have the variables after one step at least.",
                "{} steps, steps={}".format(self.count, sorted(self.kept_steps)),
                "Give steps=(1,).",
            )
        described = {
            "version": VERSION,
            "train_op": self.train_op.name,
            "loss": None if self.loss is None else self.loss.name,
            "steps": self.count,
            "kept": sorted(kept),
            "fed": self._fed,
            "drawn": self._drawn,
            "updates": self._updates,
            "between": self._between,
            "unrecorded": [self._unrecorded[name] for name in sorted(self._unrecorded)],
            "provenance": {
                "tensorflow": tf.__version__,
                "python": platform.python_version(),
                "numpy": np.__version__,
            },
        }
        arrays = dict(self._arrays)  # type: Dict[str, Any]
        arrays["format"] = np.array(FORMAT.encode("ascii"))
        arrays["recording"] = _text(described)
        arrays["kinds"] = _text(self._kinds)
        if self.loss is not None:
            arrays["losses"] = np.array(self._losses)
        _write(self.path, arrays)


def _refuse(rule: str, received: str, remedy: str) -> None:
    """Raises an error of one line."""
    line = "{} Received: {}. {}".format(rule, received, remedy)
    raise ValueError(" ".join(line.split()))


def _say(text: str) -> None:
    """Prints one line for the person at the terminal."""
    sys.stderr.write("tf1_recording: {}\n".format(text))


def _checked_steps(steps: Any, max_steps: int) -> Any:
    """Returns the set of the steps after which the variables are kept."""
    if isinstance(max_steps, bool) or not isinstance(max_steps, int) or max_steps < 1:
        _refuse("max_steps must be 1 or more.", "max_steps={!r}".format(max_steps), "Give 50.")
    if steps is None:
        return {1} | set(range(10, max_steps + 1, 10))
    found = list(steps)
    whole = all(isinstance(step, (int, np.integer)) and 1 <= step <= max_steps for step in found)
    if not found or not whole:
        _refuse(
            "steps must be whole numbers from 1 to max_steps.",
            "steps={!r}, max_steps={!r}".format(steps, max_steps),
            "Give larger max_steps, or other steps.",
        )
    return {int(step) for step in found}


def _operations(graph: Any, fetch: Any) -> Iterator[Any]:
    """Yields the operations of what a run fetches; what TensorFlow will refuse is left out."""
    if isinstance(fetch, (list, tuple)):
        parts = list(fetch)
    elif hasattr(fetch, "keys") and hasattr(fetch, "values"):
        parts = [fetch[key] for key in fetch]
    elif hasattr(type(fetch), "__attrs_attrs__"):
        parts = [getattr(fetch, each.name) for each in type(fetch).__attrs_attrs__]
    elif isinstance(fetch, (tf.SparseTensor, tf.IndexedSlices)):
        parts = [fetch.indices, fetch.values]
    else:
        try:
            element = graph.as_graph_element(fetch)
        except (KeyError, TypeError, ValueError):
            return
        yield getattr(element, "op", element)
        return
    for part in parts:
        for op in _operations(graph, part):
            yield op


def _fed_tensors(graph: Any, feed_dict: Any) -> Tuple[Dict[str, Any], Any]:
    """Returns the fed tensors by name, and the first key that is no tensor of the graph."""
    found = {}
    wrong = None
    for key in feed_dict or ():
        try:
            for part in _feed_parts(key):
                tensor = graph.as_graph_element(part, allow_operation=False)
                found[tensor.name] = tensor
        except (KeyError, TypeError, ValueError):
            wrong = key
    return found, wrong


def _feed_parts(key: Any) -> List[Any]:
    """Returns the tensors that one key of a feed stands for."""
    if isinstance(key, (list, tuple)):
        return [part for each in key for part in _feed_parts(each)]
    if isinstance(key, (tf.SparseTensor, tf.IndexedSlices)):
        parts = [key.indices, key.values, key.dense_shape]
        return [part for part in parts if part is not None]
    return [key]


def _ancestors(ops: Iterable[Any], fed: Any) -> Dict[str, Any]:
    """Returns the operations, by name, that a run of `ops` runs if the tensors `fed` are fed."""
    found = {}  # type: Dict[str, Any]
    waiting = list(ops)
    while waiting:
        op = waiting.pop()
        if op.name in found:
            continue
        found[op.name] = op
        waiting.extend(tensor.op for tensor in op.inputs if tensor.name not in fed)
        waiting.extend(
            each
            for each in op.control_inputs
            if not (each.type in _PLACEHOLDERS and each.outputs[0].name in fed)
        )
    return found


def _kind_of_type(name: str) -> Optional[str]:
    for kind, types in _KINDS_BY_TYPE:
        if types.match(name):
            return kind
    return None


def _kind(op: Any) -> Optional[str]:
    """Returns where the values of an operation come from; None if the graph computes them."""
    return _kind_of_type(op.type)


def _changes(op: Any) -> bool:
    """Returns whether an operation changes a variable."""
    if not _CHANGE.match(op.type):
        return False
    described = op.op_def
    return described.is_stateful or any(each.is_ref for each in described.input_arg)


def _hidden(tensor: Any) -> bool:
    return tensor.dtype.base_dtype in _HIDDEN


def _outputs(op: Any, ops: Dict[str, Any], roots: Any) -> Iterator[Any]:
    """Yields the outputs that the operations `ops` use, or what they unpack from them."""
    waiting, seen = [op], set()  # type: Tuple[List[Any], Any]
    while waiting:
        here = waiting.pop()
        if here.name in seen:
            continue
        seen.add(here.name)
        for tensor in here.outputs:
            users = [each for each in tensor.consumers() if each.name in ops]
            if _hidden(tensor):
                waiting.extend(each for each in users if _kind(each) is None)
            elif users or here.name in roots:
                yield tensor


def _seeds(op: Any) -> Optional[List[int]]:
    """Returns the two seeds of a random operation; None if it has none."""
    try:
        return [int(op.get_attr("seed")), int(op.get_attr("seed2"))]
    except ValueError:
        return None


def _always(tensor_or_op: Any) -> bool:
    """Lets a run fetch what lies inside a branch: `tf.Session` refuses it, and the runtime can."""
    return True


@contextlib.contextmanager
def _all_fetchable(graph: Any, step: _Step) -> Iterator[None]:
    """Lets the runs of a step that fetches inside branches do so."""
    if not (step.in_branches and hasattr(graph, "__dict__")):
        yield
        return
    with _replaced(graph, {"is_fetchable": _always}):
        yield


def _places(graph: Any, ops: Dict[str, Any]) -> Tuple[Dict[str, int], Dict[str, Any]]:
    """Returns in how many loops each operation lies, and on which conditions each has values.

    The conditions are pairs of the tensor that a `tf.cond` asks and the answer that leads to the
    operation. A graph that was imported does not say so. The operations that open and close
    branches and loops are followed on the way to each operation.
    """
    ordered = [op for op in graph.get_operations() if op.name in ops]
    repeats = set()
    for op in ordered:
        types = {tensor.op.type for tensor in op.inputs}
        if op.type in ("Merge", "RefMerge") and types & {"Enter", "RefEnter", "NextIteration"}:
            repeats.add(op.name)
    depth = {}  # type: Dict[str, int]
    conditions = {}  # type: Dict[str, Any]
    before = None  # type: Any
    while before != (depth, conditions):  # a second time only finds the same, in most graphs
        before = dict(depth), dict(conditions)
        for op in ordered:
            tensors = [each for each in op.inputs if "NextIteration" not in each.op.type]
            sources = [each.op for each in tensors] + list(op.control_inputs)
            level = max([depth.get(each.name, 0) for each in sources] + [0])
            level += op.type in ("Enter", "RefEnter")
            level -= op.type in ("Exit", "RefExit")
            depth[op.name] = max(level, 0)
            given = [_needed(each, conditions) for each in tensors]
            given += [conditions.get(each.name, frozenset()) for each in op.control_inputs]
            if op.type in ("Merge", "RefMerge") and op.name not in repeats and given:
                needed = frozenset.intersection(*given)
            else:
                needed = frozenset().union(*given)
            if needed:
                conditions[op.name] = needed
            else:
                conditions.pop(op.name, None)
    return depth, conditions


def _needed(tensor: Any, conditions: Dict[str, Any]) -> Any:
    """Returns the conditions on which a tensor has a value."""
    op = tensor.op
    found = conditions.get(op.name, frozenset())
    if op.type not in ("Switch", "RefSwitch"):
        return found
    asked = op.inputs[1]
    while asked.op.type in ("Identity", "Switch", "RefSwitch"):  # these change no value
        asked = asked.op.inputs[0]
    if asked.op.type == "LoopCond":
        return found
    return found | {(asked.name, tensor.value_index == 1)}


def _called(op: Any, functions: Dict[str, Any]) -> List[str]:
    """Returns the names of the functions that an operation calls, and of those that they call."""
    found = []  # type: List[str]
    waiting = [op.node_def]
    while waiting:
        node = waiting.pop()
        names = [node.op]
        for value in node.attr.values():
            names.extend([value.func.name] + [each.name for each in value.list.func])
        for name in names:
            if name in functions and name not in found:
                found.append(name)
                waiting.extend(functions[name].node_def)
    return found


def _variables(graph: Any, ops: Dict[str, Any], cannot: Any) -> Dict[str, Any]:
    """Returns what to fetch for each variable: the global ones, and those that `ops` use."""
    known = {}
    for key in graph.get_all_collection_keys():
        for each in graph.get_collection(key):
            if hasattr(each, "initializer") and isinstance(getattr(each, "op", None), tf.Operation):
                known[each.op.name] = each
    found = {}
    for each in graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES):
        found[each.op.name] = each
    for name, op in ops.items():
        if op.type in _VARIABLES and name not in found:
            if name in known:
                found[name] = known[name]
            elif op.type != "VarHandleOp":
                found[name] = op.outputs[0]
            else:
                reads = [
                    each.outputs[0]
                    for each in op.outputs[0].consumers()
                    if each.type == "ReadVariableOp" and not each.control_inputs
                ]
                if reads:
                    found[name] = reads[0]
                else:
                    cannot(name, "variable", "is in no collection, and nothing reads it plainly")
    return found


def _storable(value: Any, name: str) -> np.ndarray:
    """Returns a copy of a value in a dtype that a file can hold without pickle."""
    array = np.asarray(value)
    if array.dtype == tf.bfloat16.as_numpy_dtype:
        return array.astype(np.float32)
    if array.dtype.kind in "biufc":
        return np.array(array, order="C")
    texts = []
    for each in array.astype(object).ravel():
        text = each.encode("utf-8") if isinstance(each, str) else each
        if not isinstance(text, bytes):
            _refuse(
                "a recorded tensor must hold numbers, truth values or texts.",
                "{!r} with {!r}".format(name, type(text).__name__),
                "Give the tensor another dtype while you record.",
            )
        texts.append(text + END)
    width = max([len(text) for text in texts] + [1])
    if width * len(texts) > LARGEST:
        _refuse(
            "the texts of a tensor must take at most {} bytes.".format(LARGEST),
            "{!r} with {} texts of up to {} bytes".format(name, len(texts), width),
            "Record with smaller batches.",
        )
    return np.array(texts, "S{}".format(width)).reshape(array.shape)


def _text(value: Any) -> np.ndarray:
    """Returns an array of one JSON text."""
    return np.array(json.dumps(value, sort_keys=True).encode("ascii"))


def _write(path: str, arrays: Dict[str, Any]) -> None:
    """Writes the file; a failure leaves an older file as it was."""
    folder, name = os.path.split(path)
    partial = os.path.join(folder, ".{}.{}.partial".format(name[:60], os.getpid()))
    try:
        with open(partial, "wb") as file:
            np.savez_compressed(file, **arrays)
        unpacked = sum(array.nbytes for array in arrays.values())
        if unpacked > max(SMALL, UNPACKED * os.path.getsize(partial)):
            with open(partial, "wb") as file:  # readers refuse what unpacks to so much
                np.savez(file, **arrays)
        os.replace(partial, path)
    finally:
        with contextlib.suppress(OSError):
            os.remove(partial)
