"""Shows, step by step, that each port does what TensorFlow 1.15 did, as `tf-recipes check` does."""

from tf_recipes.cli import interrupts, main

if __name__ == "__main__":
    interrupts.end_at_once()
    main.run_script("check")
