import tf_recipes
from lab.documentation import public_names
from tf_recipes import convert, verify


def test_every_public_name_is_listed_once_with_its_module():
    modules = public_names.by_module()
    assert modules.pop("verify.ambiguous_map") == ["AmbiguousMap"]
    assert [*modules.pop("verify.migration"), "AmbiguousMap"] == list(verify._NAMES)
    assert modules.pop("convert.conversion") == list(convert._NAMES)
    listed = [name for names in modules.values() for name in names]
    assert sorted(listed) == sorted(set(dir(tf_recipes)) & set(listed))
    assert set(listed) == set(tf_recipes._NAMES)
    assert public_names.by_module()["blocks.dropout"] == ["Dropout"]
    rows = public_names.table().splitlines()
    assert len(rows) == len(listed) + len(verify._NAMES) + len(convert._NAMES) + 2
    (row,) = (each for each in rows if each.startswith("| `verify.verify` |"))
    assert row.startswith("| `verify.verify` | Verifies that")
    (row,) = (each for each in rows if each.startswith("| `convert.convert` |"))
    assert row.endswith("| `tf_recipes/convert/conversion.py` |")
    assert rows[0] == "| name | what it is | file |"


def test_a_row_is_the_docstrings_first_sentence():
    rows = public_names.table().splitlines()
    assert (
        "| `Adagrad` | Implements Adagrad without an epsilon. | `tf_recipes/blocks/optimizers.py` |"
        in rows
    )
    (l1,) = (line for line in rows if line.startswith("| `l1_regularizer`"))
    assert r"sum\|w\|" in l1  # an unescaped bar would end the cell
