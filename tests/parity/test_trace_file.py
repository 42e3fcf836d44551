"""Tests that a file from elsewhere is refused before much of it is read."""

import io
import json
import tracemalloc
import zipfile

import numpy as np
import pytest

from tf_recipes.parity import references, trace, trace_file

SHIPPED = references.RECORDED / "dropout_float64.npz"


@pytest.fixture
def refused():
    """`refused(path)`: the error's text; hardly any memory is used before."""

    def load(path):
        tracemalloc.start()
        try:
            with pytest.raises(trace.TraceError) as caught:
                trace.load(path)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2 * 10**6, peak
        text = str(caught.value)
        assert text.startswith(str(path)) and text.isprintable() and len(text) < 1500
        return text.removeprefix(f"{path}: ")

    return load


def npy(array, **header):
    """The bytes of an array in NumPy's format, whose header may lie."""
    file = io.BytesIO()
    described = {**np.lib.format.header_data_from_array_1_0(array), **header}
    np.lib.format.write_array_header_1_0(file, described)
    return file.getvalue() + array.tobytes()


def archive(path, members, method=zipfile.ZIP_DEFLATED):
    """Writes an archive of a shipped trace's texts and of `[(name, bytes)]`."""
    with np.load(SHIPPED, allow_pickle=False) as file:
        texts = [(f"{name}.npy", npy(file[name])) for name in ("spec", "provenance", "steps")]
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in [*texts, *members]:
            file.writestr(name, content)
    return path


def test_what_unpacks_to_much_is_refused_unread(tmp_path, refused):
    """A few kilobytes: an unknown array, images without labels, and a header of a text."""
    zeros = np.zeros((6_000, 784), np.uint8)
    bomb = archive(tmp_path / "images.npz", [("images.npy", npy(zeros))])
    assert bomb.stat().st_size < 10**5
    assert refused(bomb).startswith("labels: this array must not be missing.")
    with np.load(SHIPPED, allow_pickle=False) as file:
        arrays = dict(file)
    np.savez_compressed(tmp_path / "unknown.npz", **arrays, surprise=zeros)
    assert refused(tmp_path / "unknown.npz").startswith("surprise: this array is one too many")
    np.savez_compressed(tmp_path / "text.npz", spec=np.array(10**6 * " "))
    assert refused(tmp_path / "text.npz").startswith("spec: must be one JSON text of at most")
    np.savez_compressed(tmp_path / "steps.npz", **{**arrays, "steps": np.arange(10**6)})
    assert refused(tmp_path / "steps.npz").startswith("steps: must be different steps")


def test_a_trace_of_right_shapes_that_unpacks_to_much_is_refused_unread(
    tmp_path, refused, monkeypatch
):
    """Every array is as the spec says, and all zeros; or there are too many images."""
    with np.load(SHIPPED, allow_pickle=False) as file:
        whole = dict(file)
    texts = ("spec", "provenance", "steps", "digest")
    zeros = {key: array if key in texts else np.zeros_like(array) for key, array in whole.items()}
    np.savez_compressed(tmp_path / "x.npz", **zeros)
    packed = (tmp_path / "x.npz").stat().st_size
    monkeypatch.setattr(trace, "SMALL", 10**5)
    monkeypatch.setattr(trace, "UNPACKED", 20)
    size = sum(array.nbytes for key, array in zeros.items() if key not in texts)
    assert size > 40 * packed
    assert refused(tmp_path / "x.npz").startswith(
        f"all arrays: may unpack to at most 100000 bytes, or 20 times the file. Received: {size} "
        f"bytes from a file of {packed} bytes."
    )
    assert trace.load(SHIPPED).recipe.name == "dropout_float64"
    many = {"images": np.zeros((6001, 784), np.uint8), "labels": np.zeros(6001, np.uint8)}
    np.savez_compressed(tmp_path / "many.npz", **{**whole, **many})
    rows = whole["batches"].size
    assert rows < 6000
    assert refused(tmp_path / "many.npz").startswith(
        "images: may hold at most 6000 images: as many as the batches take, or 6000. Received: "
        "6001 images."
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (npy(np.zeros(3, np.uint8), shape=(10**12, 784)), "131 bytes for an array uint8"),
        (npy(np.zeros(3, np.uint8), shape=(2**64, 2**64)), "131 bytes for an array uint8"),
        (npy(np.zeros(3, np.uint8), descr="|O"), "for an array object"),
        (npy(np.zeros(3, np.uint8)) + b"more", "135 bytes for an array uint8 (3,)"),
        (npy(np.zeros(3, np.uint8))[:-1], "130 bytes for an array uint8 (3,)"),
        (b"\x93NUMPY\x09\x00" + bytes(99), "no array in NumPy's format"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(99), "no array in NumPy's format"),
        (b"\x93NUMPY\x01\x00\xff\x0f" + 4095 * b"(", "no array in NumPy's format"),
        (b"", "no array in NumPy's format"),
    ],
)
def test_a_member_whose_head_lies_is_refused_unread(tmp_path, refused, content, says):
    path = archive(tmp_path / "x.npz", [("images.npy", content)])
    text = refused(path)
    assert text.startswith("images: must be a whole array of an .npz file. Received: ")
    assert says in text
    assert text.endswith(trace.REMEDY)


def test_an_archive_of_too_many_members_or_with_one_twice_is_refused(
    tmp_path, refused, monkeypatch
):
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = archive(tmp_path / "twice.npz", 2 * [("images.npy", b"")])
    assert refused(twice).startswith("images: must be a whole array")
    many = archive(tmp_path / "many.npz", [(f"{k}.npy", b"") for k in range(20)])
    monkeypatch.setattr(trace_file, "MEMBERS", 20)
    assert "23 members, of at most 20" in refused(many)
    monkeypatch.setattr(trace_file, "DIRECTORY", 1000)
    assert "a directory of" in refused(many)


def test_another_compression_or_an_encrypted_member_is_refused(tmp_path, refused):
    bz2 = archive(tmp_path / "bz2.npz", [], zipfile.ZIP_BZIP2)
    assert "a kind of compression that NumPy does not write" in refused(bz2)
    path = archive(tmp_path / "locked.npz", [])
    with zipfile.ZipFile(path) as file:
        place = file.getinfo("spec.npy").header_offset
    data = bytearray(path.read_bytes())
    for at in (place + 6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1
    path.write_bytes(data)
    assert "encrypted" in refused(path)


def test_a_damaged_member_is_named(tmp_path, refused):
    with np.load(SHIPPED, allow_pickle=False) as file:
        spec = npy(np.array(json.dumps(json.loads(str(file["spec"])))))
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("spec.npy", spec)
    data = path.read_bytes().replace(b"d\0\0\0r", b"D\0\0\0r", 1)
    path.write_bytes(data)
    assert refused(path).startswith(
        "spec: must be a whole array of an .npz file. Received: Bad CRC"
    )


def test_names_and_arrays_of_a_good_file():
    with trace_file.opened(SHIPPED) as file:
        assert {"spec", "images", "digest", "sensitivity/logits"} <= set(file)
        assert file.head("images") == ((256, 784), np.uint8)
        assert file.read("labels")[:3].tolist() == [5, 0, 4]
