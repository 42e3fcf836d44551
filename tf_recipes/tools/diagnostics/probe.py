"""One look at a model on a fixed batch, which leaves no trace in it."""

import keras
import tensorflow as tf

from tf_recipes.tools.diagnostics import layer_outputs

FIGURES = ("gradient_norm", "activation_mean", "activation_std", "update_ratio")


class Probe:
    """Gradients, activations and the update of one training step on a fixed batch.

    The step is the model's own `train_step`; afterwards every variable is put back: weights,
    statistics, metrics, the generators' states, and those of optimizers and `tf.Variable`s that
    are the model's attributes. All of it is one compiled function, which an interrupt cannot leave
    half-way, unless the model runs eagerly.

    Args:
        model: a compiled and built `keras.Model`.
        x, y: the batch, as the model takes it.
        watched: `{name: layer}`.
        tensors: also return each gradient and each layer's outputs, for histograms.
    """

    def __init__(self, model, x, y, watched, tensors=False):
        self._model, self._watched, self._tensors = model, watched, tensors
        self._data = keras.tree.map_structure(
            lambda each: None if each is None else tf.convert_to_tensor(each), (x, y)
        )
        self._create_variables()
        eager = model.run_eagerly
        self._compiled = self._look if eager else tf.function(self._look, autograph=False)
        self.order = []  # names of the layers, in the order in which the model calls them

    def __call__(self):
        """The loss, an array (layers, figures) in the order of `FIGURES`, and the tensors.

        NaN stands where a layer has no such figure: without weights no gradient and no update.
        """
        loss, figures, tensors = self._compiled(self._data)
        return float(loss), figures.numpy(), tensors

    def _create_variables(self):
        """The optimizer's and the metrics' variables, which the first step would create."""
        model, (x, y) = self._model, self._data
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        y_pred = model(x, training=False)
        kept = [(variable, tf.identity(variable)) for variable in model.metrics_variables]
        model.compute_loss(x=x, y=y, y_pred=y_pred, training=False)
        model.compute_metrics(x, y, y_pred)
        if kept:
            for variable, value in kept:
                variable.assign(value)
        else:
            model.reset_metrics()

    def _look(self, data):
        before = self._values()
        loss, gradients, outputs = self._gradients(data)
        self._put_back(before)
        self._model.train_step(data)
        after = [tf.identity(v) for v in self._model.trainable_variables]
        self._put_back(before)
        weights = {id(v): before[id(v)] for v in self._model.trainable_variables}
        updates = {key: new - weights[key] for key, new in zip(weights, after, strict=True)}
        rows = [
            _figures(layer, gradients, outputs[name], weights, updates)
            for name, layer in self._watched.items()
        ]
        tensors = (gradients, outputs) if self._tensors else ()
        return loss, tf.stack(rows), tensors

    def _gradients(self, data):
        """The loss, `{id of a weight: gradient}`, and `{layer: [outputs]}`."""
        model, (x, y) = self._model, data
        variables = model.trainable_variables
        with layer_outputs.recording(self._watched) as outputs, tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=y_pred, training=True)
            scaled = model.optimizer.scale_loss(loss)
        self.order = list(outputs.order)
        found = tape.gradient(scaled, [v.value for v in variables])
        scale = tf.cast(model.optimizer.scale_loss(tf.ones_like(loss)), tf.float64)
        gradients = {
            id(v): tf.cast(g, tf.float64) / scale  # what a sparse one says twice is added up
            for v, g in zip(variables, map(_dense, found), strict=True)
            if g is not None
        }
        return tf.cast(loss, tf.float64), gradients, {k: list(v) for k, v in outputs.items()}

    def _all_variables(self):
        model = self._model
        found = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
        for each in vars(model).values():
            if isinstance(each, keras.optimizers.Optimizer):
                found += each.variables
            elif isinstance(each, tf.Variable):
                found.append(each)
        return {id(variable): variable for variable in found}

    def _values(self):
        return {key: tf.identity(each) for key, each in self._all_variables().items()}

    def _put_back(self, values):
        for key, variable in self._all_variables().items():
            variable.assign(values[key])


def _dense(gradient):
    return None if gradient is None else tf.convert_to_tensor(gradient)


def _figures(layer, gradients, outputs, weights, updates):
    """The figures of one layer, in the order of `FIGURES`."""
    keys = [id(variable) for variable in layer.trainable_variables]
    with_gradient = [gradients[key] for key in keys if key in gradients]
    nothing = tf.constant(float("nan"), tf.float64)
    mean, deviation = _moments(outputs) if outputs else (nothing, nothing)
    if not keys:
        return tf.stack([nothing, mean, deviation, nothing])
    gradient = _norm(with_gradient) if with_gradient else tf.zeros((), tf.float64)
    ratio = _ratio([updates[key] for key in keys], [weights[key] for key in keys])
    return tf.stack([gradient, mean, deviation, ratio])


def _ratio(updates, weights):
    """|update| / |weights|; weights that are all zero count as they are after the update."""
    update, before = _norm(updates), _norm(weights)
    after = _norm([w + u for w, u in zip(weights, updates, strict=True)])
    size = tf.where(before > 0, before, after)
    return tf.math.divide_no_nan(update, size)


def _norm(tensors):
    """sqrt(sum x^2) over all of them."""
    return tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(tf.cast(t, tf.float64))) for t in tensors]))


def _moments(outputs):
    flat = tf.concat([tf.reshape(tf.cast(each, tf.float64), [-1]) for each in outputs], 0)
    mean = tf.reduce_mean(flat)
    return mean, tf.sqrt(tf.reduce_mean(tf.square(flat - mean)))
