"""Trains by `keras.Model.fit` on arrays: Keras with its defaults, and this project."""

import keras

from lab.benchmark.workload import names
from tf_recipes.recipe import N_INPUTS, N_OUTPUTS


class Fitted:
    """Trains a pass in one call of `fit`, with every argument but `verbose` at its default.

    Args:
        model: a compiled `keras.Model` whose layers have TF1's names.
        workload: a `Workload`.
    """

    def __init__(self, model, workload):
        self.model, self.workload = model, workload
        # This says that nobody writes into them: this project then copies them to a device once.
        workload.images.setflags(write=False)
        workload.labels.setflags(write=False)
        for name, variable in self.variables().items():
            variable.assign(workload.initial[name])

    def epochs(self, count, shuffle):
        """Trains `count` epochs, and returns the last epoch's mean loss."""
        fitted = self.model.fit(
            self.workload.images,
            self.workload.labels,
            batch_size=self.workload.recipe.batch_size,
            epochs=count,
            verbose=0,
            shuffle=shuffle,
        )
        return float(fitted.history["loss"][-1])

    def epoch(self, shuffle):
        """Trains one epoch, and returns the mean loss."""
        return self.epochs(1, shuffle)

    def variables(self):
        """Returns `{TF1's name: Keras variable}`."""
        layers = {name: self.model.get_layer(name) for name in names(self.workload.recipe)}
        kernels = {f"{name}/weights": layer.kernel for name, layer in layers.items()}
        return kernels | {f"{name}/biases": layer.bias for name, layer in layers.items()}

    def weights(self):
        """Returns `{TF1's name: array}`."""
        return {name: keras.ops.convert_to_numpy(value) for name, value in self.variables().items()}


class Defaults(Fitted):
    """Trains a model as in Keras' guide: built-ins, and `compile` with its defaults."""

    def __init__(self, workload):
        super().__init__(defaults(workload.recipe), workload)


class Resident(Fitted):
    """Calls the `train_step` of Keras' model for each batch of resident tensors, without `fit`.

    This is what a `fit` on PyTorch's backend could be at best without a compiler: no pipeline of
    data, no callbacks, and the metrics are read once an epoch.
    """

    def __init__(self, workload):
        super().__init__(defaults(workload.recipe), workload)
        self.images = keras.ops.convert_to_tensor(workload.images)
        self.labels = keras.ops.convert_to_tensor(workload.labels)

    def epochs(self, count, shuffle):
        """Trains `count` epochs, and returns the last epoch's mean loss."""
        import torch

        model, size = self.model, self.workload.recipe.batch_size
        rows = len(self.workload.labels)
        model.optimizer.build(model.trainable_variables)
        for _ in range(count):
            model.reset_metrics()
            order = torch.randperm(rows) if shuffle else torch.arange(rows)
            for batch in order.split(size):
                self.step(self.images[batch], self.labels[batch])
        return float(model.get_metrics_result()["loss"])

    def step(self, images, labels):
        """Trains one step."""
        self.model.train_step((images, labels))


class Compiled(Resident):
    """Does as `Resident`, with a step that `torch.compile` has compiled."""

    def __init__(self, workload):
        import torch

        super().__init__(workload)
        self.model.optimizer.build(self.model.trainable_variables)
        self.step = torch.compile(super().step)


class ThisProject(Fitted):
    """Trains by `tf_recipes.models.build(recipe).fit(...)`."""

    def __init__(self, workload):
        from tf_recipes import models  # imported here: `Defaults` does not need the import

        super().__init__(models.build(workload.recipe), workload)


class WithoutXLA(Fitted):
    """Trains as `ThisProject` does, by TensorFlow's kernels: what the choice of XLA is worth."""

    def __init__(self, workload):
        from tf_recipes import models

        super().__init__(models.build(workload.recipe, jit_compile=False), workload)


def defaults(recipe):
    """Builds the compiled model of the recipe with Keras' built-ins."""
    net = [keras.Input((N_INPUTS,))]
    for name, units in zip(names(recipe), recipe.hidden, strict=False):
        net.append(
            keras.layers.Dense(
                units, activation=recipe.activation, kernel_initializer="he_normal", name=name
            )
        )
    net.append(keras.layers.Dense(N_OUTPUTS, kernel_initializer="he_normal", name="outputs"))
    model = keras.Sequential(net)
    arguments, schedule = recipe.optimizer_arguments(), recipe.schedule_arguments()
    rate = keras.optimizers.schedules.ExponentialDecay(arguments["learning_rate"], **schedule)
    model.compile(
        optimizer=keras.optimizers.SGD(
            rate, momentum=arguments["momentum"], clipvalue=recipe.clip_value
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model
