from tf_recipes.distribution import disagreements


def test_the_first_difference_is_named_with_both_values():
    left, right = {"a": 1, "b": {"c": [1, 2]}}, {"a": 1, "b": {"c": [1, 3]}}
    assert disagreements.first_disagreement(left, right) == ("b.c", "[1, 2]", "[1, 3]")


def test_equal_objects_have_none_and_an_absent_value_is_called_nothing():
    assert disagreements.first_disagreement({"a": {"b": None}}, {"a": {"b": None}}) is None
    assert disagreements.first_disagreement({"a": 1}, {}) == ("a", "1", "nothing")
    assert disagreements.first_disagreement({}, {"a": None}) == ("a", "nothing", "null")
