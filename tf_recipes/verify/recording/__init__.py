"""Holds what records a TF1 program on its own machine, and what reads the recording here."""
