"""`test_defaults_pairs.py` runs these files: those of TF1 need TF 1.15, and none is a test."""

collect_ignore_glob = ["*.py"]
