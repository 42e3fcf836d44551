"""Verifies a Keras port of a TF1 program, as `tf-recipes verify` does."""

from tf_recipes.cli import interrupts, main

if __name__ == "__main__":
    interrupts.end_at_once()
    main.run_script("verify")
