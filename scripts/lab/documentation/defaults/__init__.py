"""Lists pairs of TF1 and Keras 3 callables, and makes the table of their different defaults."""
