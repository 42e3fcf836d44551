"""Reads variables of checkpoints that `tf.compat.v1` writes in this process."""

import numpy as np
import pytest

from tf_recipes.graph import checkpoint_values, meta_graph


@pytest.fixture
def saved(tmp_path):
    """`saved(build, **saver)`: the prefix, the graph and the values of a new checkpoint."""

    def save(build, **saver):
        import tensorflow as tf

        v1, prefix = tf.compat.v1, str(tmp_path / "model.ckpt")
        with tf.Graph().as_default():
            names = build(v1)
            made = v1.train.Saver(**{key: give() for key, give in saver.items()})
            with v1.Session() as session:
                session.run(v1.global_variables_initializer())
                made.save(session, prefix)
                values = {each.op.name: session.run(each) for each in v1.global_variables()}
        return prefix, meta_graph.read(f"{prefix}.meta"), values, names

    return save


def two(v1):
    v1.get_variable("a", [3, 2], use_resource=False)
    v1.get_variable("b", [4], use_resource=True)


def test_each_value_is_read_where_it_is_asked_for(saved):
    prefix, graph, values, _ = saved(two)
    found = checkpoint_values.read(prefix, graph, {"a": (3, 2), "b": (4,)})
    assert list(found) == ["a", "b"] and len(found) == 2
    for name, value in values.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name] is not found[name]  # nothing is kept
    assert set(checkpoint_values.read(prefix, graph, {"a": (3, 2)}, {"b": (4,), "c": ()})) == {
        "a",
        "b",
    }


def test_a_partitioned_variable_is_read_in_its_parts(saved):
    def parts(v1):
        v1.get_variable(
            "table", [5, 2], partitioner=v1.fixed_size_partitioner(2), use_resource=False
        )

    prefix, graph, values, _ = saved(parts)
    found = checkpoint_values.read(prefix, graph, {"table/part_0": (3, 2), "table/part_1": (2, 2)})
    for name, value in found.items():
        np.testing.assert_array_equal(value, values[name])


def test_a_saver_knows_a_variable_by_another_name(saved):
    import tensorflow as tf

    def build(v1):
        two(v1)

    given = {"var_list": lambda: {"x": tf.compat.v1.global_variables()[0]}}
    prefix, graph, values, _ = saved(build, **given)
    np.testing.assert_array_equal(
        checkpoint_values.read(prefix, graph, {"a": (3, 2)})["a"], values["a"]
    )


@pytest.mark.parametrize(
    ("shapes", "parts"),
    [
        ({"a": (2, 3)}, ("(3, 2) in the checkpoint and (2, 3)", "The transpose would fit.")),
        ({"a": (6,)}, ("(3, 2) in the checkpoint and (6,)", "with all its shards.")),
        ({"a": (3, 2), "c": (1,)}, ("must hold every variable", "without 'c'")),
    ],
)
def test_shapes_and_names_of_another_graph(shapes, parts, saved, fails):
    prefix, graph, *_ = saved(two)
    with fails(*parts):
        checkpoint_values.read(prefix, graph, shapes)


def test_dtypes_that_lose_bits(saved, fails):
    prefix, graph, *_ = saved(two)
    node = next(each for each in graph.definition.node if each.name == "a")
    node.attr["dtype"].type = 19  # float16
    with fails("'a' as float32 in the checkpoint, float16 in the graph: bits would be lost"):
        checkpoint_values.read(prefix, graph, {"a": (3, 2)})


def test_large_values_are_read_from_the_file_wherever_they_are_used(saved, monkeypatch):
    prefix, graph, values, _ = saved(two)
    assert checkpoint_values.large_in_file(values, prefix, graph) is values
    monkeypatch.setattr(checkpoint_values, "IN_MEMORY", 20)
    given = {**values, "a": values["a"] + 1, "c": np.ones(3)}
    found = checkpoint_values.large_in_file(given, prefix, graph)
    assert list(found) == list(given) and len(found) == 3 and "d" not in found
    for name, value in given.items():  # what the file does not hold as it is stays in memory
        np.testing.assert_array_equal(found[name], value)
    found = checkpoint_values.large_in_file(values, prefix, graph)
    assert found["a"] is not found["a"] and found["b"] is found["b"]
    with pytest.raises(KeyError):
        found["d"]
