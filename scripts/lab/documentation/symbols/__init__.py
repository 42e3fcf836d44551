"""Records which public names and arguments of TensorFlow 1.15 TensorFlow 2 lacks."""
