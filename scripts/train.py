"""Trains one recipe on MNIST, as `tf-recipes train` does."""

from tf_recipes.cli import interrupts, main

if __name__ == "__main__":
    interrupts.end_at_once()
    main.run_script("train")
