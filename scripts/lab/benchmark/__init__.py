"""Measures the training speed of this project, TensorFlow 1.15, Keras, PyTorch and JAX.

The bare matrix products of a training step are measured, too. `registry.py`, `workload.py`,
`worker.py` and `contestants/session.py` must also run on Python 3.7.
"""
