import os

import keras
import pytest

from tf_recipes.training import results

RESULT = {
    "loss": [0.9],
    "val_loss": [0.8],
    "accuracy": [0.5],
    "val_accuracy": [0.25],
    "test_accuracy": 0.9,
    "recipe": {"name": "momentum"},
    "epochs": 1,
}


@pytest.fixture
def model():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


def test_what_is_written_is_read(tmp_path, model):
    assert results.read(tmp_path) is None
    results.write(model, RESULT, tmp_path)
    assert sorted(os.listdir(tmp_path)) == [
        *("history.json", "learning_curves.png", "model.keras", "results.sha256")
    ]
    assert results.read(tmp_path) == RESULT


def test_the_digests_are_written_last(tmp_path, model, monkeypatch):
    real, names = os.replace, []

    def replace(source, target):
        names.append(target.name)
        if target.name == "results.sha256":
            raise KeyboardInterrupt  # killed between two renames
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        results.write(model, RESULT, tmp_path)
    assert names == ["model.keras", "learning_curves.png", "history.json", "results.sha256"]
    assert results.read(tmp_path) is None


@pytest.mark.parametrize("name", [*results.FILES, results.DIGESTS])
def test_with_a_file_missing_it_is_not_finished(tmp_path, model, name):
    results.write(model, RESULT, tmp_path)
    (tmp_path / name).unlink()
    assert results.read(tmp_path) is None


def test_a_torn_history_is_none(tmp_path, model):
    results.write(model, RESULT, tmp_path)
    (tmp_path / "history.json").write_text('{"loss": [0.')
    assert results.read(tmp_path) is None


@pytest.mark.parametrize("name", results.FILES)
@pytest.mark.parametrize("content", [None, b"{}"])
def test_a_changed_file_is_no_result_and_is_not_replaced(tmp_path, model, fails, name, content):
    results.write(model, RESULT, tmp_path)
    results.check_ours(tmp_path)
    written = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content or written[:-1] + b"?")  # the length stays
    assert results.read(tmp_path) is None and results.changed(tmp_path) == [name]
    with fails(
        f"hold results as training wrote them. Received: output_dir='{tmp_path}' with {name}"
    ):
        results.check_ours(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "step-00000001.ckpt").write_text("")
    results.check_ours(tmp_path)  # training's own directory: the file is written again


@pytest.mark.parametrize("name", [*results.FILES, "tensorboard/train/events.out.tfevents.1"])
def test_a_file_of_somebody_else_is_not_replaced(tmp_path, fails, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "notes.txt").write_text("beside them anything may be")
    results.check_ours(tmp_path)
    (tmp_path / name).write_bytes(b"PK")
    with fails(f"with {name.split('/')[0]}, not as results.sha256 says. Pass another directory"):
        results.check_ours(tmp_path)


def test_digests_of_somebody_else_are_not_replaced(tmp_path, fails):
    (tmp_path / results.DIGESTS).write_text("mine")
    with fails("not as results.sha256 says. Pass another directory"):
        results.check_ours(tmp_path)


@pytest.mark.parametrize("name", [*results.FILES, results.DIGESTS])
def test_a_directory_in_the_place_of_a_file_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(IsADirectoryError, match=rf"Received: '.*{name}', which is a directory\."):
        results.check_ours(tmp_path)


def test_a_file_in_the_place_of_the_logs_is_refused(tmp_path):
    (tmp_path / "tensorboard").write_text("")
    with pytest.raises(NotADirectoryError, match=r"tensorboard', which is a file\. Move"):
        results.check_ours(tmp_path)


def test_results_without_checkpoints_are_refused_unless_of_the_same_training(fails):
    written = {"recipe": {"name": "momentum"}}
    results.check(RESULT, written, 1, "D")
    with fails("recipe.name: 'momentum' saved, 'adam' now"):
        results.check(RESULT, {"recipe": {"name": "adam"}}, 1, "D")
    with fails("cannot go on", "output_dir='D' with 1 epochs, epochs=2"):
        results.check(RESULT, written, 2, "D")


def test_a_result_of_another_training_is_not_the_same():
    assert results.is_result_of(RESULT, {"recipe": {"name": "momentum"}})
    assert not results.is_result_of(RESULT, {"recipe": {"name": "adam"}})
    assert not results.is_result_of({"loss": [1]}, {"recipe": {"name": "momentum"}})
    assert not results.is_result_of(None, {})


def test_the_error_on_a_full_disk_says_what_is_complete(tmp_path, model, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match=r"results could not be written.*No space.*are complete"):
        results.write(model, RESULT, tmp_path)
    assert os.listdir(tmp_path) == []
