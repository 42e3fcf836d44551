"""Defines the contestants, a file for each family. Each trains the same net in its own way.

A contestant is made from a `lab.benchmark.workload.Workload`. It has `epoch(shuffle)`, which trains
one epoch and returns the mean loss or None, and `weights()`, which returns `{TF1's name: array}`.
"""
