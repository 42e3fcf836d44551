import json

from lab.documentation.defaults import table

NAME = "record_signatures"
FOUND = {"tensorflow": "1.15.5", "public": {}, "signatures": {}}


def test_help_begins_with_an_example(run_script):
    _, printed, _ = run_script(NAME, "--help")
    assert "python scripts/record_signatures.py --json_out=" in printed


def test_what_tf1_says_is_written(run_script, interpreter, tmp_path):
    python = interpreter(
        f"""case "$*" in
*print*) echo 1.15.5;;
*) cat > {tmp_path}/names; echo '{json.dumps(FOUND)}';;
esac"""
    )
    path = tmp_path / "new" / "signatures.json"
    made = run_script(NAME, f"--tf1_python={python}", f"--json_out={path}")
    assert made == (0, "", "")
    assert json.loads(path.read_text()) == FOUND
    assert json.loads((tmp_path / "names").read_text()) == table.recorded_names()


def test_it_needs_a_file(refuses):
    refuses(NAME, [], "Name a file for the signatures: --json_out=FILE.")


def test_it_needs_tf1(refuses, interpreter, tmp_path):
    python = interpreter("echo 2.21.0")
    arguments = [f"--tf1_python={python}", f"--json_out={tmp_path}/signatures.json"]
    refuses(NAME, arguments, "must have TensorFlow 1.15. Received: 2.21.0.")
    assert not (tmp_path / "signatures.json").exists()
