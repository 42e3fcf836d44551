"""Tests the script that records vanished symbols; the recording has a test of its own."""

NAME = "record_symbols"


def test_help_begins_with_an_example(run_script):
    _, printed, _ = run_script(NAME, "--help")
    assert "python scripts/record_symbols.py --output_dir=" in printed


def test_it_needs_a_folder(refuses):
    refuses(NAME, [], "Name a folder for the tables: --output_dir=FOLDER.")
