import json
from pathlib import Path

import pytest

from tf_recipes.convert.reports import conversion_schema

PAGE = Path(__file__).parents[3] / "docs" / "convert.md"


def test_results_are_taken_and_after_json_too(results):
    conversion_schema.check(results)
    conversion_schema.check(json.loads(json.dumps(results, allow_nan=False)))


def objects(path, value):
    """Yields `(path, object)` of every object below a value, paths as in the table of keys."""
    if isinstance(value, dict):
        yield path, value
        for key, each in value.items():
            yield from objects(f"{path}.{key}" if path else key, each)
    elif isinstance(value, list):
        for each in value:
            yield from objects(f"{path}[]", each)


def test_each_key_is_needed_and_no_other_is_taken(results, fails):
    seen = {}
    for path, found in objects("", results):
        for key in found:
            seen[f"{path}.{key}" if path else key] = found, key
    assert seen.keys() == {path for path, _, _ in conversion_schema.KEYS}
    for found, key in seen.values():
        kept = found.pop(key)
        with fails(f"`{key}`" if key != "format" else "`format` must be"):
            conversion_schema.check(results)
        found[key] = kept
        found["other"] = 1
        with fails("the schema alone", "unknown key='other'"):
            conversion_schema.check(results)
        del found["other"]
    conversion_schema.check(results)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda made: made.update(passed=False), "passed=False"),
        (lambda made: made["predictions"][0].update(passed=False), "passed=True"),
        (lambda made: made["predictions"][0].update(ratio=float("nan")), "must be: number of"),
        (lambda made: made["layers"][0].update(line=1.5), "`layers[0].line` must be: whole number"),
        (lambda made: made.update(training={}), "`format` must be 'tf_recipes verify 1'"),
        (lambda made: made.update(format=1), "`format` must be 'tf_recipes convert 1'"),
    ],
)
def test_what_does_not_agree_is_refused(results, change, part, fails):
    change(results)
    with fails(part):
        conversion_schema.check(results)


def test_the_page_has_the_tables():
    assert conversion_schema.tables("###") in PAGE.read_text()
