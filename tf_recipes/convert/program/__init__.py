"""Holds a Keras program: its steps, its source code, and the model that the code builds."""
