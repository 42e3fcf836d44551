"""Records traces on real TensorFlow 1.15, in a process of its own.

    python scripts/record_reference.py --recipe=momentum_decay --output_dir=out/traces

scripts/create_tf1_environment.py makes the environment that it runs in. The traces that ship with
the package were recorded by

    python scripts/record_reference.py --output_dir=tf_recipes/parity/traces \\
        --hidden=10,8 --pool=256 --recorded_steps=1,5,20,50,100
    python scripts/record_reference.py --distributions_out=tf_recipes/parity/distributions.npz

The installed command `tf-recipes record` does the same.
"""

from tf_recipes.cli import application, record_command

record_command.define_flags()


if __name__ == "__main__":
    application.run(record_command.main)
