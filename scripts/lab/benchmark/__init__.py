"""How fast this project trains, beside TensorFlow 1.15, Keras, PyTorch, JAX and the bare products.

`registry.py`, `workload.py`, `worker.py` and `contestants/session.py` run on Python 3.7 too.
"""
