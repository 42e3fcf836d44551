"""Scans TensorFlow 1 source code for what has vanished, and for what silently changes numbers.

`scanner.scan(paths)` returns a report. Nothing here needs TensorFlow or Keras.
"""
