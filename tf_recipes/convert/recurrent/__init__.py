"""Recognises recurrent nets in a TF1 graph: cells, the loops that repeat them, unrolled chains."""
