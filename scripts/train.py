"""Trains one recipe on MNIST.

    python scripts/train.py --recipe=best_practice --epochs=3 --output_dir=out/best_practice

That takes the sample of MNIST that ships with the package. The whole set comes through TensorFlow
Datasets with --data=tfds, from --data_dir if it names a prepared copy. In --output_dir:
history.json, learning_curves.png, model.keras and TensorBoard's logs. --port=textbook trains with
Keras' built-ins instead of TF1's semantics. To load model.keras elsewhere, import tf_recipes.

Killed or stopped by Ctrl-C at any moment, the same command goes on where it was, and ends with the
same bits as in one go. With more --epochs it goes on, too.

--strategy=mirrored trains on all GPUs, or on --replicas=N parts of the processor; with
--strategy=multiworker the same command runs on every machine of TF_CONFIG. See docs/scaling.md.

The installed command `tf-recipes train` does the same.
"""

from tf_recipes.cli import application, train_command

train_command.define_flags()


if __name__ == "__main__":
    application.run(train_command.main)
