"""Tests loading of saved models: an intact file, and files damaged in every way."""

import json
import zipfile

import keras
import numpy as np
import pytest

from tf_recipes._support import saved_models


@pytest.fixture
def saved(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="line")])
    model.save(tmp_path / "model.keras")
    return model, tmp_path / "model.keras"


def rewritten(path, **changed):
    """Returns a copy of the file with other parts; a part that is None is left out."""
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    parts |= {name.replace("_json", ".json"): value for name, value in changed.items()}
    other = path.with_name("other.keras")
    with zipfile.ZipFile(other, "w") as file:
        for name, value in parts.items():
            if value is not None:
                file.writestr(name, value)
    return other


def test_a_whole_model(saved):
    model, path = saved
    for given in (path, str(path)):
        loaded = saved_models.load(given)
        np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])
        assert not loaded.compiled


@pytest.mark.parametrize("config", [b"{nope", b"[]", b"null", b"\xff\xfe", None])
def test_a_broken_configuration_is_damage(saved, config):
    with pytest.raises(OSError, match=r"other\.keras' is damaged or is not a \.keras file"):
        saved_models.load(rewritten(saved[1], config_json=config))


def test_weights_that_are_missing_are_damage(saved):
    other = rewritten(saved[1], **{"model.weights.h5": None})
    with pytest.raises(OSError, match="is damaged"):
        saved_models.load(other)


def test_what_is_cut_off_empty_or_a_directory_is_damage(saved, tmp_path):
    path = saved[1]
    content = path.read_bytes()
    for part in (b"", content[: len(content) // 2], b"text"):
        path.write_bytes(part)
        with pytest.raises(OSError, match="is damaged"):
            saved_models.load(path)
    with pytest.raises(OSError, match="is damaged"):
        saved_models.load(tmp_path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.keras"):
        saved_models.load(tmp_path / "none.keras")


def test_what_keras_does_not_know_names_the_remedy(saved, fails):
    with zipfile.ZipFile(saved[1]) as file:
        config = json.loads(file.read("config.json"))
    config["class_name"], config["module"] = "Unknown", "nowhere"
    with fails("must be a model that Keras can load", "custom_objects"):
        saved_models.load(rewritten(saved[1], config_json=json.dumps(config)))
