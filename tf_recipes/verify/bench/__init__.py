"""Puts a Keras model beside a TF1 graph: the map, the forward pass, the training, judged."""
