"""Holds small TF1 programs, one pattern of the converter each."""
