"""TensorFlow 1's training recipes as Keras 3, with proof that they do what TF1 did.

Names resolve when they are first used, so that importing the package costs nothing:

    tf_recipes.he_init()                          tf_recipes.recipe.Recipe(name=...)
    tf_recipes.BatchNormalization(momentum=0.99)  tf_recipes.models.build(recipe, port="exact")
    tf_recipes.MaxNorm(threshold=1.0, axis=0)     tf_recipes.catalog.get("best_practice")
    tf_recipes.Momentum(learning_rate=0.05)
"""

import importlib
import sys

__version__ = "0.1.0"

# name -> the module that defines it
_NAMES = {
    "he_init": "blocks.initializers",
    "xavier_init": "blocks.initializers",
    "VarianceScaling": "blocks.initializers",
    "leaky_relu": "blocks.activations",
    "hard_sigmoid": "blocks.activations",
    "elu": "blocks.activations",
    "fully_connected": "blocks.dense",
    "BatchNormalization": "blocks.batch_norm",
    "MaxNorm": "blocks.max_norm",
    "ClipWeights": "blocks.max_norm",
    "clip_by_norm": "blocks.max_norm",
    "FastFitModel": "fast_fit.model",
    "GradientClippingModel": "blocks.gradient_clipping",
    "clip_gradients": "blocks.gradient_clipping",
    "GradientDescent": "blocks.optimizers",
    "Momentum": "blocks.optimizers",
    "Adagrad": "blocks.optimizers",
    "RMSProp": "blocks.optimizers",
    "Adam": "blocks.optimizers",
    "MomentumW": "blocks.optimizers",
    "AdamW": "blocks.optimizers",
    "SeveralOptimizers": "blocks.several_optimizers",
    "ExponentialMovingAverage": "blocks.moving_averages",
    "AveragedEvaluation": "blocks.moving_averages",
    "exponential_decay": "blocks.schedules",
    "l1_regularizer": "blocks.regularization",
    "l2_regularizer": "blocks.regularization",
    "l1_l2_regularizer": "blocks.regularization",
    "penalty": "blocks.regularization",
    "Dropout": "blocks.dropout",
    "Embedding": "blocks.embedding",
    "Weight": "blocks.weight",
    "TF1Operation": "convert.program.tf1_operation",
    "GradientMonitor": "tools.diagnostics.gradients",
    "SaturationMonitor": "tools.diagnostics.units",
    "feature_extractor": "tools.features",
    "Frozen": "tools.features",
    "svm_head": "tools.linear_heads",
    "logistic_head": "tools.linear_heads",
    "OneVersusRestHinge": "tools.linear_heads",
    "KerasFeatures": "tools.sklearn_features",
    "funnel": "tools.layer_sizes",
    "ImageAugmentation": "blocks.augmentation",
    "monte_carlo_dropout": "tools.monte_carlo",
    "subnetwork_probabilities": "tools.monte_carlo",
    "LearningRateRangeTest": "tools.range_test",
    "first_layers": "blocks.transfer",
    "reuse_layers": "blocks.transfer",
    "freeze_layers": "blocks.transfer",
    "unfreeze_layers": "blocks.transfer",
    "use_float32_products": "_support.precision",
    "Recipe": "recipe",
    "Port": "ports",
}
# name of a public module -> where it is
_MODULES = {
    "best_practice": "blocks.best_practice",
    "catalog": "catalog",
    "mnist": "mnist",
    "models": "models",
    "optimizers": "blocks.optimizers",
    "parity": "parity",
    "ports": "ports",
    "recipe": "recipe",
    "regularization": "blocks.regularization",
    "training": "training",
}


def __getattr__(name):
    if name in _NAMES:
        value = getattr(importlib.import_module("tf_recipes." + _NAMES[name]), name)
    elif name in _MODULES:
        value = importlib.import_module("tf_recipes." + _MODULES[name])
    else:
        raise AttributeError(f"module 'tf_recipes' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_NAMES, *_MODULES})


if sys.version_info >= (3, 11):  # older ones read the TF1 originals here, and have no Keras 3
    importlib.import_module("tf_recipes._support.aliases").install(_MODULES)
    importlib.import_module("tf_recipes._support.registration").register_with_keras()
