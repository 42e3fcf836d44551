"""Makes a Python 3.7 environment with TensorFlow 1.15.5, as the installed command does."""

from tf_recipes.cli import interrupts, main

if __name__ == "__main__":
    interrupts.end_at_once()
    main.run_script("create-tf1-environment")
