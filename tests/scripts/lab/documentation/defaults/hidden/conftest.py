"""Keeps pytest from collecting these files, which `test_pairs.py` runs: TF1's need TF 1.15."""

collect_ignore_glob = ["*.py"]
