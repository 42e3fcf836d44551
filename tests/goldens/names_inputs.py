"""Holds the inputs of `names_cases.txt`, and reads the cases; for Python 3.7 too."""

import pathlib
import re

import numpy as np

CASES = pathlib.Path(__file__).with_name("names_cases.txt")
NAME = re.compile(r"\btf\.[\w.]*\w")
BRACES = re.compile(r"\{([\w.,]+)\}")
BIAS = re.compile(r"bias|^b_")  # in the last part of a variable's name
# An Example with the feature "a", the floats 1.5 and -2, serialized.
RECORD = b"\n\x13\n\x11\n\x01a\x12\x0c\x12\n\n\x08\x00\x00\xc0?\x00\x00\x00\xc0"
# A SequenceExample with the feature list "a" of the floats 1.5 and -2, serialized.
SEQUENCE = (
    b"\x12\x1b\n\x19\n\x01a\x12\x14\n\x08\x12\x06\n\x04\x00\x00\xc0?"
    b"\n\x08\x12\x06\n\x04\x00\x00\x00\xc0"
)
BMP = (  # two pixels, red and blue
    b"BM>\0\0\0\0\0\0\x006\0\0\0(\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x18"
    + 25 * b"\0"
    + b"\0\0\xff\xff\0\0\0\0"
)
GIF = (  # a white pixel
    b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
)
STEPS = (0, 1, 5, 10, 15, 25)
GRADIENTS = np.float32([[0.5, -2.0, 0.0], [0.25, 1.0, 0.1], [-1.0, 0.5, 0.2]])


def _image(*shape):
    return (np.arange(np.prod(shape)) * 37 % 101 / 100).reshape(shape).astype("float32")


def inputs():
    """Returns the arrays that an expression may name."""
    f = np.float32
    return {
        "np": np,
        "x": f([[-1.5, 0.0, 2.0], [0.5, -0.25, 1.0]]),
        "y": f([[1.0, 2.0, -1.0], [0.5, 3.0, 2.0]]),
        "zeros": f([[0.0, 1.0, 0.0], [2.0, 0.0, 1.0]]),
        "p": f([[0.2, 0.5, 0.3], [0.9, 0.0625, 0.0375]]),
        "q": f([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
        "i": np.int32([[-7, 2, 3], [5, -4, 1]]),
        "j": np.int32([[2, 3, -2], [3, 3, 2]]),
        "c": np.int32([1, 0]),
        "b": np.array([[True, False, True], [False, False, True]]),
        "d": np.array([[True, True, False], [False, True, False]]),
        "v": f([3.0, -1.0, 2.0, 0.5, -2.0, 2.5]),
        "z": np.complex64([[1 + 2j, -1j], [3, -2 + 0.5j]]),
        "halves": f([0.5, 1.5, 2.5, -0.5, -1.5, 2.7, -2.7]),
        "holes": f([1.0, np.inf, -np.inf, np.nan]),
        "m": f([[2.0, 1.0, 0.0], [-1.0, 3.0, 1.0], [0.5, -1.0, 4.0]]),
        "spd": f([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]]),
        "unit": f([[0.6, 0.8], [1.0, 0.0]]),
        "im": _image(2, 5, 4, 3),
        "big": _image(1, 16, 16, 3),
        "k4": _image(3, 3, 3, 2) - f(0.5),
        "k5": _image(2, 2, 2, 3, 2) - f(0.5),
        "kt": _image(3, 3, 2, 3) - f(0.5),
        "kd": _image(3, 3, 3, 1) - f(0.5),
        "ones": np.ones((90, 300), "float32"),
        "edges": np.tile(f([[[0]], [[1]]]), (27000, 1, 1, 1)),
        "tail": f([[1, 1, 1, 0]] * 4 + [[1, 0, 0, 0]]),
        "wa": f([[2.0], [0.5]]),
        "wb": f([[2.0], [0.0]]),
        "boxes": f([[0, 0, 1, 1], [0, 0, 1, 0.9], [0.2, 0.2, 0.9, 0.3]]),
        "scores": f([[0.5, 0.2], [0.9, 0.1], [0.3, 0.8]]),
        "many": np.linspace(0.01, 0.99, 40, dtype="float32"),
        "many_labels": f([0, 0, 1, 0, 1, 0, 0, 1, 1, 1] * 4),
        "record": RECORD,
        "sequence": SEQUENCE,
        "bmp": BMP,
        "gif": GIF,
        "u8": (255 * _image(16, 16, 3)).astype("uint8"),
        "words": [b"ab cD", b" c1 "],
        "tokens": np.int32([[1, 3, 0], [2, 0, 0]]),
        "table": f([[1, 2], [3, -1], [0.5, 4], [-2, 1], [0, 1]]),
        "spoken": np.log(_image(6, 2, 4) + f(0.1)),
        "dist": quantiles,
        "share": share,
        "sorted_values": lambda values: np.sort(run(values)),
        "gram": lambda matrix: np.matmul(run(matrix), np.transpose(run(matrix))),
    }


def sparse(tf, expression):
    """Returns the sparse tensors among the names of an expression; each is three operations."""
    named, found = set(re.findall(r"\w+", expression)), {}
    if "sp" in named:
        found["sp"] = tf.SparseTensor([[0, 1], [1, 2]], [2.0, 3.0], [2, 3])
    if "ids" in named:
        numbers = tf.constant([2, 0, 1], "int64")
        found["ids"] = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], numbers, [2, 2])
    return found


def run(value):
    """Returns a NumPy array of a tensor; the recorder replaces this by a session."""
    return np.asarray(value)


def texts(array):
    """Returns an array of bytes in lists of strings, one character for each byte."""
    if array.ndim:
        return [texts(np.asarray(each)) for each in array]
    return bytes(array.item()).decode("latin-1")


def quantiles(drawn):
    """Returns nine quantiles and the standard deviation of random numbers."""
    drawn = np.ravel(run(drawn)).astype("float64")
    shares = [0, 1, 10, 25, 50, 75, 90, 99, 100]
    return np.append(np.percentile(drawn, shares), drawn.std())


def share(kept):
    """Returns the share of zeros in an array of ones after dropout, and the other value."""
    kept = run(kept)
    return np.float64([np.mean(kept == 0), np.max(kept)])


def braces(text):
    """Yields the text with each choice in `{a,b}`; equal braces take the same choice.

    >>> list(braces("f{x,y}(1) => g.{a,b}"))
    ['fx(1) => g.a', 'fy(1) => g.b']
    """
    left, arrow, right = text.partition(" => ")
    lefts, rights = list(_expand(left)), list(_expand(right))
    if len(rights) == 1:
        rights = rights * len(lefts)
    assert len(lefts) == len(rights), text
    for each, other in zip(lefts, rights):
        yield each + arrow + other


def _expand(text):
    found = BRACES.search(text)
    if not found:
        yield text
        return
    for choice in found.group(1).split(","):
        yield from _expand(text[: found.start()] + choice + text[found.end() :])


def cases():
    """Returns all cases as `(TF1 name, TF1 expression, Keras expression or "")`."""
    found = []
    for line in CASES.read_text().splitlines():
        if line and not line.startswith("#"):
            for each in braces(line):
                tf1, _, ported = each.partition(" => ")
                found.append((NAME.search(tf1).group(), tf1, ported))
    return found
