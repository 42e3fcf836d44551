"""Contains the programs that build, run and record the TF1 originals."""
