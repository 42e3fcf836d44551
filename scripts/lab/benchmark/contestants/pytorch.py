"""Trains with eager PyTorch: resident tensors, `torch.optim.SGD`, gradients clipped by value."""

import itertools

import torch

from lab.benchmark.workload import names

ACTIVATIONS = {"elu": torch.nn.ELU, "relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}


class Eager:
    """Trains in the usual loop: gather by a permutation, forward, backward, clip, step."""

    def __init__(self, workload):
        self.workload, self.step = workload, 0
        recipe = workload.recipe
        self.images = torch.from_numpy(workload.images)
        self.labels = torch.from_numpy(workload.labels)
        self.linear = [_linear(workload.initial, name) for name in names(recipe)]
        activations = [ACTIVATIONS[recipe.activation]() for _ in recipe.hidden]
        pairs = itertools.zip_longest(self.linear, activations)
        self.model = torch.nn.Sequential(*(each for pair in pairs for each in pair if each))
        arguments = recipe.optimizer_arguments()
        self.rate, self.schedule = arguments["learning_rate"], recipe.schedule_arguments()
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), self.rate, momentum=arguments["momentum"], fused=True
        )

    def epoch(self, shuffle):
        """Trains one epoch, and returns the mean loss."""
        size, steps = self.workload.recipe.batch_size, self.workload.steps
        order = torch.randperm(steps * size) if shuffle else torch.arange(steps * size)
        total = torch.zeros(())
        for rows in order.split(size):
            total += self.train(self.images[rows], self.labels[rows])
        return total.item() / steps

    def train(self, images, labels):
        """Trains one step, and returns the loss before the step."""
        self.optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(self.model(images), labels)
        loss.backward()
        torch.nn.utils.clip_grad_value_(self.model.parameters(), self.workload.recipe.clip_value)
        # Setting the rate is faster than any class of torch.optim.lr_scheduler.
        passed = self.step / self.schedule["decay_steps"]
        self.optimizer.param_groups[0]["lr"] = self.rate * self.schedule["decay_rate"] ** passed
        self.optimizer.step()
        self.step += 1
        return loss.detach()

    def weights(self):
        """Returns `{TF1's name: array}`."""
        arrays = {}
        for name, layer in zip(names(self.workload.recipe), self.linear, strict=True):
            arrays[f"{name}/weights"] = layer.weight.detach().numpy().T.copy()
            arrays[f"{name}/biases"] = layer.bias.detach().numpy().copy()
        return arrays


def _linear(initial, name):
    """Returns a dense layer with the initial weights."""
    weights, biases = initial[f"{name}/weights"], initial[f"{name}/biases"]
    layer = torch.nn.Linear(*weights.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights.T))
        layer.bias.copy_(torch.from_numpy(biases))
    return layer
