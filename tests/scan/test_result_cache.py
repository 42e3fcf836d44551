"""Tests that kept results are those of a new scan, and hold no longer than they may."""

from pathlib import Path

from tf_recipes.scan import result_cache, scanner

CODES = ["TFR001"]


def test_a_kept_result_is_that_of_a_new_scan(tmp_path, monkeypatch):
    store = result_cache.Store(tmp_path / "kept")
    code = tmp_path / "code"
    code.mkdir()
    (code / "a.py").write_text("import tensorflow as tf\ntf.log(1)\n")
    (code / "b.py").write_text("from helper import tf1\ntf1.Session()\n")
    (code / "helper.py").write_text("import tensorflow as tf1\n")

    def scan(store=store):
        return scanner.scan([str(code)], CODES, 1, store=store)

    first = scan()
    assert len(first.findings) == 2 and first == scan(None)
    read = []
    real = scanner.source.read
    monkeypatch.setattr(
        scanner.source, "read", lambda path, *data: read.append(path) or real(path, *data)
    )
    assert scan() == first
    # b.py does not name TensorFlow: what it imports is looked up again, and nothing is parsed twice
    assert "a.py" not in {Path(path).name for path in read}
    (code / "helper.py").write_text("import numpy as tf1\n")
    assert [Path(each.path).name for each in scan().findings] == ["a.py"]
    (code / "tensorflow.py").write_text("log = 1\n")
    assert scan() == scan(None)


def test_a_damaged_result_is_made_again(tmp_path):
    store = result_cache.Store(tmp_path / "kept")
    (tmp_path / "a.py").write_text("import tensorflow as tf\ntf.log(1)\n")
    paths = [str(tmp_path / "a.py")]
    first = scanner.scan(paths, CODES, 1, store=store)
    (kept,) = (tmp_path / "kept").rglob("*.json")
    kept.write_text("[")
    assert scanner.scan(paths, CODES, 1, store=store) == first


def test_other_codes_have_other_results(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    one, other = result_cache.opened(["TFR001"]), result_cache.opened(["TFR002"])
    assert one._folder != other._folder and one._folder.is_relative_to(tmp_path)
    (tmp_path / "file").write_text("")
    broken = result_cache.Store(tmp_path / "file")
    broken.keep("a.py", b"", result_cache.Kept(1, [], {}, [], [], []))
    assert broken.find("a.py", b"") is None
