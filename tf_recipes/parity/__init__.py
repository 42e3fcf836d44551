"""Compares the ports with TF1: traces, replay, comparison, verdict and reports."""
