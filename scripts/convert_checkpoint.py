"""Converts a TF1 checkpoint to a Keras model, as `tf-recipes convert` does."""

from tf_recipes.cli import interrupts, main

if __name__ == "__main__":
    interrupts.end_at_once()
    main.run_script("convert")
