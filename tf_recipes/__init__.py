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

# name -> module that defines it
_NAMES = {
    "he_init": "initializers",
    "xavier_init": "initializers",
    "VarianceScaling": "initializers",
    "leaky_relu": "activations",
    "elu": "activations",
    "fully_connected": "dense",
    "BatchNormalization": "batch_norm",
    "MaxNorm": "max_norm",
    "ClipWeights": "max_norm",
    "clip_by_norm": "max_norm",
    "FastFitModel": "fast_fit.model",
    "GradientClippingModel": "gradient_clipping",
    "clip_gradients": "gradient_clipping",
    "Momentum": "optimizers",
    "Adagrad": "optimizers",
    "RMSProp": "optimizers",
    "Adam": "optimizers",
    "exponential_decay": "schedules",
    "l1_regularizer": "regularization",
    "l2_regularizer": "regularization",
    "l1_l2_regularizer": "regularization",
    "penalty": "regularization",
    "Dropout": "dropout",
    "GradientMonitor": "diagnostics.gradients",
    "SaturationMonitor": "diagnostics.units",
    "feature_extractor": "features",
    "Frozen": "features",
    "svm_head": "linear_heads",
    "logistic_head": "linear_heads",
    "OneVersusRestHinge": "linear_heads",
    "KerasFeatures": "sklearn_features",
    "funnel": "layer_sizes",
    "ImageAugmentation": "augmentation",
    "monte_carlo_dropout": "monte_carlo",
    "subnetwork_probabilities": "monte_carlo",
    "LearningRateRangeTest": "range_test",
    "first_layers": "transfer",
    "reuse_layers": "transfer",
    "freeze_layers": "transfer",
    "unfreeze_layers": "transfer",
    "Recipe": "recipe",
    "Port": "ports",
}
_MODULES = (
    "best_practice",
    "catalog",
    "mnist",
    "models",
    "optimizers",
    "parity",
    "ports",
    "recipe",
    "regularization",
    "training",
)


def __getattr__(name):
    if name in _NAMES:
        value = getattr(importlib.import_module("tf_recipes." + _NAMES[name]), name)
    elif name in _MODULES:
        value = importlib.import_module("tf_recipes." + name)
    else:
        raise AttributeError(f"module 'tf_recipes' has no attribute {name!r}")
    globals()[name] = value
    return value


if sys.version_info >= (3, 11):  # older ones read the TF1 originals here, and have no Keras 3
    importlib.import_module("tf_recipes.registration").register_with_keras()


def __dir__():
    return sorted({*globals(), *_NAMES, *_MODULES})
