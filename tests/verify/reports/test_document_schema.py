import copy
import json
from pathlib import Path

import pytest

from tf_recipes.verify.reports import document_schema

PAGE = Path(__file__).parents[3] / "docs" / "verify_json.md"


def test_every_form_of_results_is_taken_and_after_json_too(make):
    for made in (
        make.match(),
        make.differs(),
        make.forward_only(),
        make.unpaired(),
        make.refused(),
    ):
        document_schema.check(made)
        document_schema.check(json.loads(json.dumps(made, allow_nan=False)))


def test_numbers_that_are_not_finite_are_texts(make, fails):
    made = make.differs()
    made["training"]["losses"]["keras"] = ["nan", "-inf", -1.7e308]
    document_schema.check(made)
    for wrong in (float("nan"), float("inf"), "NaN", None, True, 10**400):
        made["training"]["losses"]["keras"][1] = wrong
        with fails("`training.losses.keras` must be: list of numbers."):
            document_schema.check(made)


def test_no_ratio_is_negative(make, fails):
    made = make.match()
    for wrong in (-0.1, "-inf", float("nan")):
        made["training"]["variables"][0]["ratio"][1] = wrong
        with fails("`training.variables[0].ratio` must be: list of numbers of at least 0."):
            document_schema.check(made)


def objects(path, value):
    """Yields `(path, object)` of every object below a value, paths as in the table of keys."""
    if isinstance(value, dict):
        yield path, value
        for key, each in value.items():
            yield from objects(f"{path}.{key}" if path else key, each)
    elif isinstance(value, list):
        for each in value:
            yield from objects(f"{path}[]", each)


def test_each_key_is_needed_and_no_other_is_taken(make, fails):
    """Every key of the table is left out once, and one is added beside it."""
    seen = {}
    for path, found in objects("", make.differs()):
        for key in found:
            seen.setdefault(f"{path}.{key}" if path else key, len(seen))
    assert seen.keys() == {path for path, _, _ in document_schema.KEYS}
    for wanted in seen:
        made = make.differs()
        parent, _, key = wanted.rpartition(".")
        place = next(found for path, found in objects("", made) if path == parent)
        kept = place.pop(key)
        with fails(f"`{key}`" if wanted != "format" else "`format` must be"):
            document_schema.check(made)
        place[key] = kept
        place["other"] = 1
        with fails("the schema alone", "unknown key='other'"):
            document_schema.check(made)


def test_each_key_has_its_type(make, fails):
    """Every key of the table has a value of another type once."""
    for wanted, kind, _ in document_schema.KEYS[1:]:
        made = make.differs()
        parent, _, key = wanted.rpartition(".")
        place = next(found for path, found in objects("", made) if path == parent)
        for wrong in ({"a": 1}, 3.5, -1, 2**63, "other", [None], None, b""):
            if kind.accepts(wrong) or (isinstance(wrong, dict) and kind.of_objects):
                continue
            place[key] = wrong
            with fails(f" must be: {kind.words}."):
                document_schema.check(made)


def test_other_formats_and_what_is_no_object_are_refused(make, fails):
    with fails("`format` must be 'tf_recipes verify 1'", "format='tf_recipes verify 2'"):
        document_schema.check(make.match(format="tf_recipes verify 2"))
    with fails("must be an object", "the results=[]"):
        document_schema.check([])


def test_what_is_received_is_shown_short_and_visible(make, fails):
    with fails(r"verdict='\x1b[31m", "characters left out]"):
        document_schema.check(make.match(verdict="\x1b[31m" + 9000 * "x"))


def no_step(made):
    made["training"]["variables"][1]["ratio"].pop()


def no_loss(made):
    made["training"]["losses"]["ratio"].pop()


def two_losses(made):
    for values in made["training"]["losses"].values():
        values.pop()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda made: made.update(passed=False), "`passed` must be true exactly where"),
        (lambda made: made.update(verdict="differs", passed=False), "`first_failure` must be"),
        (lambda made: made.update(training=None), "`training` may not be null"),
        (lambda made: made.update(forward=None), "`forward` may be null only where"),
        (lambda made: made.update(settings=None), "`settings` may be null only where"),
        (lambda made: made["forward"].update(passed=False), "forward.passed=False"),
        (lambda made: made["training"].update(passed=False), "training.passed=False"),
        (
            lambda made: made["forward"]["outputs"][0].update(passed=False),
            "forward.outputs[0].passed=False",
        ),
        (
            lambda made: made["training"]["variables"][2].update(passed=False),
            "training.variables[2].passed=False",
        ),
        (
            lambda made: made["training"]["after"]["outputs"][0].update(passed=False),
            "training.after.outputs[0].passed=False",
        ),
        (no_step, "`training.variables[1].ratio` must have a value for each of the steps"),
        (no_loss, "lengths=[3, 3, 2]"),
        (two_losses, "lengths=[2, 2, 2]"),
        (lambda made: made["training"].update(steps=[1, 1, 2]), "must grow, from 1 on"),
        (lambda made: made["training"].update(steps=[0, 1, 2]), "must grow, from 1 on"),
    ],
)
def test_a_match_contradicts_nothing(make, fails, change, part):
    made = copy.deepcopy(make.match())
    change(made)
    with fails(part):
        document_schema.check(made)


def test_losses_may_be_those_of_every_step_or_none(make, fails):
    made = make.match()
    assert list(document_schema.loss_steps(made)) == [1, 5, 10]
    made["training"]["losses"] |= {"tf1": [1.0] * 10, "keras": [1.0] * 10}
    document_schema.check(made)
    assert list(document_schema.loss_steps(made)) == list(range(1, 11))
    assert list(document_schema.loss_steps(made, "ratio")) == [1, 5, 10]
    made["training"]["losses"]["ratio"] = []
    document_schema.check(made)
    made["training"]["losses"]["ratio"] = [1.0] * 7
    with fails("lengths=[10, 10, 7]"):
        document_schema.check(made)
    for count in (10, 0):
        made["training"]["losses"] = {key: [1.0] * count for key in ("tf1", "keras", "ratio")}
        document_schema.check(made)
        assert list(document_schema.loss_steps(made)) == list(range(1, count + 1))


def test_the_page_has_a_table_for_each_key_with_more_below_it():
    text = document_schema.tables()
    heads = [line for line in text.splitlines() if line.startswith("## ")]
    nested = dict.fromkeys(
        path.partition(".")[0].removesuffix("[]")
        for path, _, _ in document_schema.KEYS
        if "." in path
    )
    assert heads == [f"## `{key}`" for key in nested]
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == len(document_schema.KEYS)
    assert "| `map[].slots[].role` | text | the slot's part in the update" in text
    assert text in PAGE.read_text()
