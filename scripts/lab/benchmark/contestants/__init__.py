"""One family of contestants, one file: each trains the same net in its own way.

A contestant is made from a `lab.benchmark.workload.Workload` and has `epoch(shuffle)`, one
pass over the images that returns the mean loss or None, and `weights()`, TF1's names to arrays.
"""
