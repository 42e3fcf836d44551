"""Records traces on real TensorFlow 1.15, as `tf-recipes record` does.

The traces that ship with the package were recorded by

    python scripts/record_reference.py --output_dir=tf_recipes/parity/traces \\
        --hidden=10,8 --pool=256 --recorded_steps=1,5,20,50,100
    python scripts/record_reference.py --distributions_out=tf_recipes/parity/distributions.npz
"""

from tf_recipes.cli import interrupts, main

if __name__ == "__main__":
    interrupts.end_at_once()
    main.run_script("record")
