"""Lifts how a TF1 graph trains: loss, penalties, clipping, schedule, optimizer and their state.

`compilation.py` finds what a model is compiled with, `state.py` sets the optimizer's state. Most
facts are measured on small parts of the graph (`graph_probe.py`), whatever their form.
"""
