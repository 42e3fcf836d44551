"""Scans TensorFlow 1 source code, as `tf-recipes scan` does."""

from tf_recipes.cli import interrupts, main

if __name__ == "__main__":
    interrupts.end_at_once()
    main.run_script("scan")
