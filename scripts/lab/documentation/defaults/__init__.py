"""Which defaults differ between TF1 and Keras 3: pairs of callables, and the table of them."""
