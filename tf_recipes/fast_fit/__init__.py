"""Training on arrays as one compiled loop, through `fit` as Keras users know it."""
