import hashlib
import json

NAME = "keep_chapter"


def test_a_chapter_is_run_timed_and_kept(run_script, tmp_path):
    docs = tmp_path / "docs"
    (docs / "figures").mkdir(parents=True)
    (docs / "figures" / "other.png").write_bytes(b"stays")
    flags = ["--chapters=watch_gradients", f"--docs={docs}"]
    status, printed, _ = run_script(NAME, *flags, children=True)
    assert status == 0
    assert "| hidden1 " in printed and "watch_gradients: kept, after " in printed
    kept = json.loads((docs / "measured" / "chapters" / "watch_gradients.json").read_text())
    command = "python scripts/watch_gradients.py --recipe=best_practice --interval=50"
    assert kept["command"] == command
    assert list(kept) == [
        *("command", "settings", "summary", "claims", "environment", "seconds", "figures"),
    ]
    assert 1 < kept["seconds"] < 300
    assert kept["settings"]["interval"] == 50 and kept["summary"][0]["layer"] == "hidden1"
    drawn = (docs / "figures" / "watch_gradients.png").read_bytes()
    assert kept["figures"] == {"watch_gradients.png": hashlib.sha256(drawn).hexdigest()}
    assert sorted(path.name for path in docs.rglob("*.*")) == [
        *("other.png", "watch_gradients.json", "watch_gradients.png"),
    ]
    assert (docs / "figures" / "other.png").read_bytes() == b"stays"


def test_where_the_chapter_fails_nothing_is_kept(run_script, tmp_path):
    docs, broken = tmp_path / "docs", tmp_path / "broken"
    broken.mkdir()
    (broken / "tensorflow.py").write_text("raise ImportError('no TensorFlow here')\n")
    arguments = ["--chapters=watch_gradients", f"--docs={docs}"]
    status, printed, errors = run_script(NAME, *arguments, PYTHONPATH=broken)
    assert (status, printed) == (2, "")
    assert errors == (
        "watch_gradients.py: error: no TensorFlow here\n"
        "keep_chapter.py: error: watch_gradients.py ended with status 2.\n"
    )
    assert not list(docs.rglob("*.*"))
