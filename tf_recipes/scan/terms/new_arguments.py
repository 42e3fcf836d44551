"""Turns the arguments of a TF1 call into those of its Keras counterpart."""

from collections.abc import Callable, Mapping, Sequence

from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, Given, New, Piece, literal, short

# What Keras calls TF1's activations. Others are passed on as they are.
ACTIVATIONS = {
    "tf.nn.leaky_relu": '"leaky_relu"',
    "tf.nn.elu": "tf_recipes.elu",
    "tf.nn.relu": '"relu"',
    "tf.nn.relu6": '"relu6"',
    "tf.nn.selu": '"selu"',
    "tf.nn.sigmoid": '"sigmoid"',
    "tf.nn.softmax": '"softmax"',
    "tf.nn.softplus": '"softplus"',
    "tf.nn.softsign": '"softsign"',
    "tf.nn.tanh": '"tanh"',
    "tf.sigmoid": '"sigmoid"',
    "tf.tanh": '"tanh"',
}
BOOKKEEPING = ("name", "use_locking")
Value = str | Given
Converter = Callable[[Given, str], Value | None]


def as_given(given: Given, name: str) -> Value:
    """Returns an argument unchanged."""
    return given


def activation(given: Given, name: str) -> Value:
    """Returns the activation of Keras for one of TF1."""
    if given.name is not None and not given.called:
        return ACTIVATIONS.get(given.name, given)
    return given


def padding(given: Given, name: str) -> Value:
    """Returns a padding in the letters of Keras."""
    value = literal(given, name)
    if not isinstance(value, str):
        raise CannotFix(f"{name}={short(given.text)} is no text")
    return f'"{value.lower()}"'


def unless_none(given: Given, name: str) -> Value | None:
    """Returns an argument, or None where it is None and so the default."""
    return None if given.text.strip() == "None" else given


def layer_name(given: Given, name: str) -> Value | None:
    """Returns the name of a layer, which Keras takes without a slash."""
    if given.text.strip() == "None":
        return None
    if isinstance(value := _text(given), str) and "/" in value:
        raise CannotFix(f"{name}={short(given.text)} has a slash, which Keras refuses")
    return given


def _text(given: Given) -> object:
    try:
        return literal(given, "name")
    except CannotFix:
        return None


def channels(given: Given, name: str) -> Value | None:
    """Returns the order of the axes in the words of Keras; None for the default of TF1."""
    value = literal(given, name)
    if value in (None, "NHWC", "NWC", "NDHWC", "channels_last"):
        return None
    if value in ("NCHW", "NCW", "NCDHW", "channels_first"):
        return '"channels_first"'
    raise CannotFix(f"{name}={short(given.text)}")


def pieces(
    call: Call,
    renamed: Mapping[str, str],
    converters: Mapping[str, Converter],
    positional: Sequence[str] = (),
    spelled: Mapping[str, str] | None = None,
) -> list[Piece]:
    """Takes the arguments of a call, in its order, and returns those of the new call.

    Args:
        call: the call of TF1.
        renamed: `{TF1's argument: the new argument}`; those of the same name as well.
        converters: `{TF1's argument: function of its value}`; None leaves it out.
        positional: TF1's arguments that the new call takes by position, in this order, before
            the others.
        spelled: `{TF1's argument: source}` of what is written where the call gives nothing.
    """
    made = []
    for name in positional:
        if call.has(name):
            made.append(_piece(call, name, None, converters))
        elif spelled and name in spelled:
            made.append(Piece(None, spelled[name]))
        else:
            raise CannotFix(f"{name} is missing")
    given = [name for name in call.left() if name in renamed]
    for name in given:
        made.append(_piece(call, name, renamed[name], converters))
    absent = [name for name in spelled or {} if name not in (*given, *positional)]
    made += [Piece(renamed[name], (spelled or {})[name]) for name in absent]
    return [piece for piece in made if piece is not None]


def _piece(
    call: Call, name: str, keyword: str | None, converters: Mapping[str, Converter]
) -> Piece | None:
    given = call.need(name)
    value = converters.get(name, as_given)(given, name)
    return None if value is None else Piece(keyword, value)


def simple(
    function: str,
    renamed: Mapping[str, str],
    spelled: Mapping[str, str] | None = None,
    positional: Sequence[str] = (),
    converters: Mapping[str, Converter] | None = None,
    dropped: Sequence[str] = BOOKKEEPING,
    without_effect: Sequence[str] = (),
) -> Callable[[Call], New]:
    """Returns the function that rewrites a call as one of `function`; see `pieces`."""

    def make(call: Call) -> New:
        call.drop(*dropped)
        call.drop_without_effect(*without_effect)
        made = pieces(call, renamed, converters or {}, positional, spelled)
        call.done()
        return New(function, made)

    return make
