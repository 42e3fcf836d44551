import shutil
import urllib.error

import numpy as np
import pytest

from tf_recipes import mnist

# How the original files begin: train-labels-idx1-ubyte and t10k-labels-idx1-ubyte.
FIRST_TRAIN = [5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7, 2, 8, 6, 9]
FIRST_TEST = [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_the_sample_is_the_head_of_the_original_files():
    sample = mnist.load()
    assert sample.train_images.shape == (6000, 784)
    assert sample.test_images.shape == (1000, 784)
    assert sample.train_images.dtype == sample.test_images.dtype == np.uint8
    assert sample.train_labels.dtype == sample.test_labels.dtype == np.int64
    assert sample.train_labels[:20].tolist() == FIRST_TRAIN
    assert sample.test_labels[:10].tolist() == FIRST_TEST
    assert sample.train_images[:5].sum(axis=1).tolist() == [27525, 31095, 19443, 17135, 23214]
    assert sample.test_images[:3].sum(axis=1).tolist() == [18454, 28850, 9871]
    assert np.bincount(sample.test_labels).tolist() == [85, 126, 116, 107, 110, 87, 87, 99, 89, 94]


def test_the_images_stand_upright():
    # The first image is a 5: ink in rows 5 to 24 and columns 4 to 23 of 28.
    five = mnist.load().train_images[0].reshape(28, 28)
    rows, columns = np.nonzero(five)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (5, 24, 4, 23)


def shuffled(order):
    """Returns images and labels in the given order, each filled with its original index."""
    images = np.repeat(np.array(order, np.uint8), 784).reshape(-1, 28, 28, 1)
    return images, np.array(order, np.int64)


def test_tfds_is_put_back_into_the_original_order(monkeypatch):
    # Indices sorted by `md5sum` of test0, test1, ... and of train0, train1, ...
    splits = {"test": shuffled([1, 4, 3, 2, 5, 0]), "train": shuffled([0, 3, 1, 2])}
    monkeypatch.setattr(mnist, "_read_tfds", lambda data_dir, download: splits)
    whole = mnist.load("tfds", data_dir="somewhere")
    assert whole.test_labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert whole.train_labels.tolist() == [0, 1, 2, 3]
    assert whole.test_images[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert whole.train_images.shape == (4, 784)


def test_a_directory_without_mnist_names_both_ways_out(tmp_path, capfd):
    with pytest.raises(OSError, match="this directory has no prepared copy") as raised:
        mnist.load("tfds", data_dir=tmp_path)
    text = str(raised.value)
    assert repr(str(tmp_path)) in text
    assert "data='sample'" in text and "data_dir='DIR'" in text and "--" not in text
    assert "\n" not in text
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_damaged_copy_names_both_ways_out(tmp_path):
    prepared = tmp_path / "mnist" / "3.0.1"
    prepared.mkdir(parents=True)
    (prepared / "dataset_info.json").write_text("{")
    (prepared / "features.json").write_text("{")
    with pytest.raises(OSError, match=r"No MNIST in .*data='sample'.*data_dir='DIR'") as raised:
        mnist.load("tfds", data_dir=tmp_path)
    assert "\n" not in str(raised.value)


def test_without_a_network_it_says_so_and_does_not_try_to_download(monkeypatch):
    downloads = []

    def read(data_dir, download):
        downloads.append(download)
        raise AssertionError("could not find data")

    def urlopen(request, timeout):
        assert timeout == 5
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(mnist, "_read_tfds", read)
    monkeypatch.setattr(mnist.urllib.request, "urlopen", urlopen)
    text = r"download failed: .*not known.*data='sample'.*data_dir='DIR'"
    with pytest.raises(OSError, match=text):
        mnist.load("tfds")
    assert downloads == [False]


def test_with_a_network_it_downloads_into_the_default_directory(monkeypatch):
    calls = []
    splits = {"test": shuffled([1, 4, 3, 2, 5, 0]), "train": shuffled([0, 3, 1, 2])}

    class Response:
        def close(self):
            calls.append("close")

    def read(data_dir, download):
        calls.append((data_dir, download))
        assert download, "could not find data"
        return splits

    monkeypatch.setattr(mnist, "_read_tfds", read)
    monkeypatch.setattr(mnist.urllib.request, "urlopen", lambda request, timeout: Response())
    assert mnist.load("tfds").train_labels.tolist() == [0, 1, 2, 3]
    assert calls == [(None, False), "close", (None, True)]


@pytest.mark.parametrize(
    "arguments, text",
    [
        ({"data": "cifar"}, "`data` must be one of sample, tfds. Received: data='cifar'."),
        (
            {"data_dir": "x"},
            "data='sample', data_dir='x'. Leave data_dir out, or pass data='tfds'.",
        ),
    ],
)
def test_wrong_arguments_are_refused(arguments, text):
    with pytest.raises(ValueError) as raised:
        mnist.load(**arguments)
    assert text in str(raised.value)


def test_a_missing_sample_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(mnist, "SAMPLE", tmp_path / "gone.npz")
    with pytest.raises(OSError, match=r"gone\.npz is missing. Install the package again"):
        mnist.load()


@pytest.mark.parametrize("size", [0, 100, 500_000, 1_100_000])
def test_a_truncated_sample_is_named(monkeypatch, tmp_path, size):
    cut = tmp_path / "cut.npz"
    cut.write_bytes(mnist.SAMPLE.read_bytes()[:size])
    monkeypatch.setattr(mnist, "SAMPLE", cut)
    with pytest.raises(OSError, match=r"cut\.npz cannot be read: .* Install the package again"):
        mnist.load()


def test_a_sample_with_flipped_bytes_is_named(monkeypatch, tmp_path):
    flipped = tmp_path / "flipped.npz"
    shutil.copy(mnist.SAMPLE, flipped)
    with flipped.open("r+b") as file:
        file.seek(500_000)
        file.write(bytes(64))
    monkeypatch.setattr(mnist, "SAMPLE", flipped)
    with pytest.raises(OSError, match="cannot be read"):
        mnist.load()


@pytest.mark.parametrize(
    "images, text",
    [
        (np.zeros((6000, 28, 28), np.uint8), r"its images are uint8 \(6000, 28, 28\)"),
        (np.zeros((6000, 784), np.float32), r"its images are float32 \(6000, 784\)"),
    ],
)
def test_a_sample_of_another_form_is_named(monkeypatch, tmp_path, images, text):
    other = tmp_path / "other.npz"
    labels = np.zeros(6000, np.uint8)
    np.savez(other, train_images=images, train_labels=labels)
    monkeypatch.setattr(mnist, "SAMPLE", other)
    with pytest.raises(OSError, match=text):
        mnist.load()


def test_labels_of_another_count_are_named(monkeypatch, tmp_path):
    other = tmp_path / "other.npz"
    np.savez(other, train_images=np.zeros((6000, 784), np.uint8), train_labels=np.zeros(5999, int))
    monkeypatch.setattr(mnist, "SAMPLE", other)
    with pytest.raises(OSError, match=r"its labels are int64 \(5999,\)"):
        mnist.load()


def test_the_sample_needs_no_tensorflow(run_python):
    code = (
        "import sys; from tf_recipes import mnist; mnist.load();"
        "print([name for name in ('tensorflow', 'tensorflow_datasets') if name in sys.modules])"
    )
    assert run_python(code, new=True) == "[]"
