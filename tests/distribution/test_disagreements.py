from tf_recipes.distribution import disagreements


def test_the_first_difference_is_named_with_both_values():
    theirs, ours = {"a": 1, "b": {"c": [1, 2]}}, {"a": 1, "b": {"c": [1, 3]}}
    assert disagreements.first(theirs, ours) == ("b.c", "[1, 2]", "[1, 3]")


def test_equals_have_none_and_what_is_absent_is_said():
    assert disagreements.first({"a": {"b": None}}, {"a": {"b": None}}) is None
    assert disagreements.first({"a": 1}, {}) == ("a", "1", "nothing")
    assert disagreements.first({}, {"a": None}) == ("a", "nothing", "null")
