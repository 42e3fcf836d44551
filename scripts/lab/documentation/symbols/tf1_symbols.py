"""Lists TF1's public names. Runs on Python 3.7 under TensorFlow 1.15 as a program of its own.

The program writes the result of `record` as JSON to stdout.
"""

import collections
import inspect
import json
import os
import sys
import types

DEEPEST = 7  # names from `tf` on
# These hold every name again, or one function for each kernel.
LEFT_OUT = ("tf.compat", "tf.raw_ops.", "tf.contrib.keras.", "tf.contrib.quantization.")


def record(tf):
    """Returns TF1's version, names, arguments, members and private modules.

    `names` is `{name: [kind, number of its object]}`, `arguments` `{name: list}`, and `members`
    `{class: public attributes}`.
    """
    found = walk(tf)
    names = {name: [kind(value), id(value)] for name, value in found.items()}
    arguments = {}
    for name, value in found.items():
        listed = None if name.startswith("tf.contrib.") else signature(value)
        if listed is not None and kind(value) in ("class", "function"):
            arguments[name] = listed
    members = {
        name: public(value)
        for name, value in found.items()
        if kind(value) == "class" and not name.startswith(("tf.contrib.", "tf.keras."))
    }
    return {
        "tensorflow": tf.__version__,
        "names": names,
        "arguments": arguments,
        "members": members,
        "private": private(),
    }


def walk(tf):
    """Returns `{dotted name: object}` of the public names; the nearest to `tf` come first."""
    found, seen = {}, {id(tf)}
    waiting = collections.deque([("tf", tf)])
    while waiting:
        space, module = waiting.popleft()
        for name in public(module):
            full = f"{space}.{name}"
            value = getattr(module, name, None)
            if full.startswith(LEFT_OUT) or value is None:
                continue
            if not isinstance(value, types.ModuleType):
                found[full] = value
            elif is_public(space, name, value):
                found[full] = value
                if id(value) not in seen and full.count(".") < DEEPEST:
                    seen.add(id(value))
                    waiting.append((full, value))
    return found


def public(module):
    """Returns the names of a module that begin with no underscore."""
    return [name for name in dir(module) if not name.startswith("_")]


def private():
    """Returns the names of the modules below `tensorflow.python`, by the files that are there."""
    loaded = ("tensorflow.python", "tensorflow_core.python")
    module = next(sys.modules[name] for name in loaded if name in sys.modules)
    folder = os.path.dirname(module.__file__)
    found = set()
    for place, _, names in os.walk(folder):
        package = os.path.relpath(place, folder).replace(os.sep, ".")
        space = "tf.python" if package == "." else "tf.python." + package
        if "__init__.py" in names:
            found.add(space)
        for name in names:
            stem, _, suffix = name.partition(".")
            if suffix == "py" or suffix.endswith("so"):
                found.add(space + "." + stem)
    return sorted(each for each in found if not each.endswith("__init__"))


def is_public(space, name, module):
    """Returns whether a module was made for users, and is no import that a file left behind."""
    full = module.__name__.replace("tensorflow_core", "tensorflow")
    if space == "tf" and name == "contrib":
        return True
    if not space.startswith("tf.contrib"):
        return (
            "._api." in full
            or ".api." in full
            or full == "tensorflow." + name
            or full.startswith(("tensorflow.python.platform.", "tensorflow.examples."))
        )
    return full.startswith("tensorflow.contrib") and (
        space == "tf.contrib" or hasattr(module, "__path__")
    )


def kind(value):
    """Returns "module", "class", "function" or "value"."""
    if isinstance(value, types.ModuleType):
        return "module"
    if isinstance(value, type):
        return "class"
    return "function" if callable(value) else "value"


def signature(function):
    """Returns the list of a function's arguments, `*NAME` for those it only takes by name."""
    made = _arguments(function)
    hidden = made is not None and all(each.startswith("**") for each in made)
    if made and hidden and isinstance(function, type):  # the call of a metaclass, as of tf.Variable
        made = (_arguments(function.__init__) or made)[1:]
    return made


def _arguments(function):
    try:
        arguments = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    marks = {inspect.Parameter.VAR_POSITIONAL: "**", inspect.Parameter.VAR_KEYWORD: "**"}
    marks[inspect.Parameter.KEYWORD_ONLY] = "*"
    return [marks.get(each.kind, "") + each.name for each in arguments]


if __name__ == "__main__":
    import tensorflow
    import tensorflow.contrib.slim.nets
    import tensorflow.examples.tutorials.mnist.input_data

    sys.stdout.write(json.dumps(record(tensorflow)))
