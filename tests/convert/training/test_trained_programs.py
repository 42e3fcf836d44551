"""Tests how programs train that people write: look-ups, parts, weights of rows, warm-up."""

import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.convert.conversion import convert

tf1 = tf.compat.v1


def variable(name, shape, **settings):
    return tf1.get_variable(name, shape, use_resource=False, **settings)


def dense(inputs, units, name, activation=tf.identity):
    kernel = variable(f"{name}/kernel", [inputs.shape[-1], units])
    return activation(tf.matmul(inputs, kernel) + variable(f"{name}/bias", [units]))


def placeholder(name, *shape, dtype="float32"):
    return tf1.placeholder(dtype, [None, *shape], name=name)


@pytest.fixture
def converted(checkpoints):
    """Returns a function that saves what `build` makes, and converts it."""

    def convert_it(build, **settings):
        return convert(checkpoints.save("program", lambda _: build()), **{"steps": 2, **settings})

    return convert_it


def factors(optimizer):
    user, item = (placeholder(name, dtype="int32") for name in ("user", "item"))
    rating = placeholder("rating")
    users, items = (
        tf.nn.embedding_lookup(variable(name, [9, 3]), ids)
        for name, ids in (("users", user), ("items", item))
    )
    found = tf.reduce_sum(users * items, 1) + 1.0 + variable("mean", [])
    penalty = tf.nn.l2_loss(users) + tf.nn.l2_loss(items)
    loss = tf.reduce_mean(tf.square(found - rating)) + 0.01 * penalty
    return optimizer, loss


def test_a_penalty_of_looked_up_rows_has_names_of_its_own(converted):
    def build():
        optimizer, loss = factors(tf1.train.GradientDescentOptimizer(0.1))
        optimizer.minimize(loss)

    done = converted(build)  # its prediction and a part of its loss are both named add_1
    assert done.passed and done.model.compiled, done.document["notes"]


def test_rows_that_another_operation_changes_are_not_trained(converted):
    def build():
        optimizer, loss = factors(tf1.train.AdamOptimizer(0.1))
        grads = optimizer.compute_gradients(loss)
        whole = [pair for pair in grads if not isinstance(pair[0], tf.IndexedSlices)]
        rows = [
            tf1.scatter_sub(var, grad.indices, 0.1 * grad.values)
            for grad, var in grads
            if isinstance(grad, tf.IndexedSlices)
        ]
        tf1.add_to_collection("train_op", tf.group(optimizer.apply_gradients(whole), *rows))

    done = converted(build)
    assert done.passed and not done.model.compiled
    assert "ScatterSub" in (note := done.document["notes"][0]) and "as LazyAdam does" in note


def test_variables_in_parts_are_layers(converted):
    def build():
        x, y = placeholder("x", 6), placeholder("y", 1)
        with tf1.variable_scope("net", partitioner=tf1.fixed_size_partitioner(2)):
            hidden = tf.tanh(dense(x, 4, "first"))
            out = tf.add(dense(hidden, 2, "last"), 0.0, name="scores")
        tf1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(out - y)))

    assert converted(build).document["outputs"] == ["net/scores:0"]


def test_smoothed_labels_are_compared_with_what_has_their_shape(converted):
    def build():
        x, y = placeholder("x", 1, 1, 4), placeholder("y", 3)
        maps = tf1.nn.conv2d(x, variable("kernel", [1, 1, 4, 3]), [1, 1, 1, 1], "SAME")
        logits = tf.squeeze(maps, [1, 2], name="logits")
        loss = tf1.losses.softmax_cross_entropy(y, logits, label_smoothing=0.1)
        tf1.train.GradientDescentOptimizer(0.1).minimize(loss)

    done = converted(build)
    assert done.document["outputs"] == ["logits:0"]
    assert done.passed and "CategoricalCrossentropy(" in done.source
    assert "label_smoothing=0.1" in done.source


def test_weights_of_rows_that_are_fed(converted):
    def build():
        x, y, weights = placeholder("x", 4), placeholder("y", 3), placeholder("weights")
        loss = tf1.losses.softmax_cross_entropy(y, dense(x, 3, "out"), weights=weights)
        kernel = tf1.trainable_variables()[0]
        loss += 0.1 * tf.nn.l2_loss(kernel) + 0.1 * tf.reduce_sum(tf.abs(kernel))
        tf1.train.GradientDescentOptimizer(0.5).minimize(loss)

    done = converted(build)
    assert done.passed and done.model.compiled, done.document["notes"]
    rng = np.random.RandomState(0)
    x, y = rng.randn(6, 4).astype("f4"), np.eye(3, dtype="f4")[rng.randint(0, 3, 6)]
    weights = np.array([0, 2, 0, 1, 0.5, 0], "f4")  # three rows count
    kernel, bias = (each.numpy() for each in done.model.weights)
    shares = np.exp(x @ kernel + bias)
    shares /= shares.sum(1, keepdims=True)
    slope = weights[:, None] * (shares - y) / 3
    done.model.fit(x, [y, weights], batch_size=6, verbose=0)
    after = kernel - 0.5 * (x.T @ slope + 0.1 * kernel + 0.1 * np.sign(kernel))
    np.testing.assert_allclose(done.model.weights[0], after, rtol=1e-5, atol=1e-6)


def by_the_batch():
    x, y = placeholder("x", 4), placeholder("y", 1)
    hidden = dense(x, 3, "hidden")
    mean, variance = tf.nn.moments(hidden, [0])
    scale, offset = variable("scale", [3]), variable("offset", [3])
    hidden = tf.nn.batch_normalization(hidden, mean, variance, offset, scale, 1e-3)
    return tf.reduce_mean(tf.square(dense(hidden, 1, "out") - y))


def test_batch_norm_without_moving_averages_trains(converted):
    done = converted(lambda: tf1.train.AdamOptimizer(0.01).minimize(by_the_batch()))
    assert done.passed and 'statistics="batch"' in done.source, str(done)


@pytest.fixture
def switches():
    """Makes `tf.cond` of Switch and Merge nodes, as TF1 did."""
    before = tf1.control_flow_v2_enabled()
    tf1.disable_control_flow_v2()
    yield
    if before:
        tf1.enable_control_flow_v2()


def warming(rate):
    x, y = placeholder("x", 4), placeholder("y", 1)
    loss = tf.reduce_mean(tf.square(dense(x, 1, "out") - y))
    step = tf1.train.get_or_create_global_step()
    tf1.train.GradientDescentOptimizer(rate(step)).minimize(loss, step)


def by_branches(step):
    size = tf.cast(step, "float32")
    return tf1.cond(
        step < 10,
        lambda: 0.01 * size,
        lambda: tf1.cond(step < 20, lambda: tf.constant(0.1), lambda: 2.0 / size),
    )


def test_a_rate_by_branches_of_the_step(converted, switches):
    done = converted(lambda: warming(by_branches))
    assert done.passed and done.model.compiled, done.document["notes"]
    rate = done.model.optimizer._learning_rate
    steps = (0, 1, 9, 10, 19, 20, 40)
    expected = [0, 0.01, 0.09, 0.1, 0.1, 0.1, 0.05]
    np.testing.assert_allclose([float(rate(each)) for each in steps], expected, rtol=1e-6)


def test_branches_of_two_shapes_are_refused(checkpoints, switches):
    def build(v1):
        x = placeholder("x", 4)
        first = dense(x, 3, "out")
        v1.cond(tf.reduce_sum(x) > 0, lambda: first, lambda: first[:, :1])

    with pytest.raises(ValueError, match=r"Merge .*'cond/Merge'"):
        convert(checkpoints.save("shapes", build))


def test_branches_of_one_shape_are_chosen_by_values(checkpoints, switches):
    def build(v1):
        x = placeholder("x", 4)
        first = dense(x, 3, "out")
        v1.cond(tf.reduce_sum(x) > 0, lambda: first, lambda: 2.0 * first)

    done = convert(checkpoints.save("one_shape", build))
    kernel, bias = (each.numpy() for each in done.model.weights)
    for rows in (np.ones((2, 4), "f4"), -np.ones((2, 4), "f4")):
        expected = (rows @ kernel + bias) * (1 if rows.sum() > 0 else 2)
        np.testing.assert_allclose(done.model(rows), expected, rtol=1e-5)


def test_labels_are_as_wide_as_the_series_of_any_length(converted):
    def build():
        words, tags = (placeholder(name, None, dtype="int32") for name in ("words", "tags"))
        lengths = placeholder("lengths", dtype="int32")
        found = tf.nn.embedding_lookup(variable("table", [9, 4]), words)
        scores = tf.matmul(tf.reshape(found, [-1, 4]), variable("kernel", [4, 5]))
        scores = tf.reshape(scores, [-1, tf.shape(words)[1], 5])
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tags, logits=scores)
        mask = tf.sequence_mask(lengths, tf.shape(words)[1])
        loss = tf.reduce_mean(tf.boolean_mask(losses, mask))
        tf1.train.AdamOptimizer(0.02).minimize(loss)

    done = converted(build)
    assert done.passed and done.model.compiled, done.document["notes"]


def generator_and_discriminator():
    noise, real = placeholder("noise", 3), placeholder("real", 4)
    with tf1.variable_scope("g"):
        made = tf.tanh(dense(noise, 4, "out"), name="made")

    def judged(x):
        with tf1.variable_scope("d", reuse=tf1.AUTO_REUSE):
            return dense(x, 1, "out")

    logits = {1.0: judged(real), 0.0: judged(made)}
    wrong, right = (
        tf.nn.sigmoid_cross_entropy_with_logits(logits=logits[0.0], labels=each(logits[0.0]))
        for each in (tf.ones_like, tf.zeros_like)
    )
    of_real = tf.nn.sigmoid_cross_entropy_with_logits(
        logits=logits[1.0], labels=tf.ones_like(logits[1.0])
    )
    for name, loss in (("g", wrong), ("d", tf.concat([of_real, right], 0))):
        tf1.train.GradientDescentOptimizer(0.1).minimize(
            tf.reduce_mean(loss), var_list=tf1.trainable_variables(name), name=f"{name}_step"
        )


def test_a_loss_of_logits_alone_takes_the_logits(converted):
    done = converted(generator_and_discriminator, train_op="g_step")
    assert done.passed and done.model.compiled
    (output,) = done.document["outputs"]
    assert done.model(np.zeros((2, 3), "f4")).shape == (2, 1), output
    kernel, judging = (w.numpy() for w in done.model.weights if len(w.shape) == 2)
    done = converted(generator_and_discriminator, train_op="g_step", outputs=["g/made:0"])
    assert done.passed and done.document["outputs"] == ["g/made:0", output]
    assert (kernel.shape, judging.shape) == ((3, 4), (4, 1))


class AdamW(tf1.train.AdamOptimizer):
    """Makes each weight smaller before Adam's step, as contrib's `AdamWOptimizer` does."""

    def _apply_dense(self, grad, var):
        with tf.control_dependencies([tf1.assign_sub(var, 0.01 * var)]):
            return super()._apply_dense(grad, var)


def test_a_decay_that_races_with_the_gradients(converted):
    def build():
        x, y = placeholder("x", 4), placeholder("y", 1)
        hidden = dense(dense(x, 16, "first", tf.tanh), 16, "second", tf.tanh)
        loss = tf.reduce_mean(tf.square(dense(hidden, 1, "out") - y))
        AdamW(0.01).minimize(loss)

    done = converted(build, steps=20)
    assert done.passed and "tf_recipes.AdamW(0.01, weight_decay=0.01" in done.source
    assert done.document["training"]["verdict"] == "match"
    assert any("first/bias" in n and "all gradients first" in n for n in done.document["notes"])


def two_layers():
    x, y = placeholder("x", 4), placeholder("y", 1)
    with tf1.variable_scope("net", use_resource=True):
        first = tf1.get_variable("first/kernel", [4, 3], use_resource=True)
        last = tf1.get_variable("last/kernel", [3, 1], use_resource=True)
    outputs = tf.matmul(tf.matmul(x, first, name="net/first/MatMul"), last, name="net/last/MatMul")
    return first, last, tf.reduce_mean(tf.square(outputs - y))


def test_two_optimizers_train_each_its_weights(converted):
    def build():
        first, last, loss = two_layers()
        slow = tf1.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=[first])
        fast = tf1.train.MomentumOptimizer(0.5, 0.9).minimize(loss, var_list=[last])
        tf.group(slow, fast, name="both")

    done = converted(build, steps=20)
    assert done.passed and done.document["training_not_compared"] is None
    assert "tf_recipes.SeveralOptimizers(" in done.source
    assert "(keras.optimizers.SGD(0.1), ['net_first'])" in done.source.replace('"', "'")
    rng = np.random.RandomState(0)
    x, y = rng.randn(6, 4).astype("f4"), rng.randn(6, 1).astype("f4")
    first, last = (each.numpy() for each in done.model.weights)
    slope = 2 * (x @ first @ last - y) / 6
    done.model.fit(x, y, batch_size=6, verbose=0)
    new_first, new_last = (each.numpy() for each in done.model.weights)
    np.testing.assert_allclose(new_first, first - 0.1 * x.T @ slope @ last.T, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(new_last, last - 0.5 * (x @ first).T @ slope, rtol=1e-4, atol=1e-6)


def test_two_optimizers_go_on_from_their_states(checkpoints):
    def build(v1):
        first, last, loss = two_layers()
        gradients, _ = v1.clip_by_global_norm(v1.gradients(loss, [first, last]), 0.5)
        for k, (rate, beta) in enumerate(((0.1, 0.5), (0.2, 0.75))):
            optimizer = v1.train.AdamOptimizer(rate, beta1=beta)
            pairs = [(gradients[k], (first, last)[k])]
            v1.add_to_collection("steps", optimizer.apply_gradients(pairs))
        v1.group(*v1.get_collection("steps"), name="both")

    folder = checkpoints.save("program", build)
    state = {"beta1_power": 0.5**4, "beta1_power_1": 0.75**4, "net/first/kernel/Adam": 0.125}

    def change(values):
        for name, value in state.items():
            values[name] = np.full_like(values[name], value)

    checkpoints.rewrite(folder, change)
    done = convert(folder)
    assert done.passed and done.document["training_not_compared"] is None, str(done)
    assert "global_clipnorm=0.5" in done.source
    one, other = done.model.optimizer.inner_optimizers
    powers = [
        float(each.numpy())
        for inner in (one, other)
        for each in inner.variables
        if each.path.endswith("beta_1_power")
    ]
    np.testing.assert_allclose(powers, [0.5**4, 0.75**4], rtol=1e-6)
    slots = [each for each in one.variables if each.path.endswith("_m")]
    np.testing.assert_array_equal(slots[0], np.full((4, 3), 0.125, "f4"))


def test_a_group_of_two_losses_is_not_one_step(converted):
    def build():
        first, last, loss = two_layers()
        one = tf1.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=[first])
        other = tf1.train.GradientDescentOptimizer(0.1).minimize(-loss, var_list=[last])
        tf.group(one, other, name="both")

    done = converted(build)
    assert done.passed and not done.model.compiled
    assert "Name the operation with train_op='NAME'" in done.document["notes"][0]


@pytest.mark.parametrize("moves", [False, True])
def test_a_judge_trains_beside_a_maker_with_batch_norm(converted, moves):
    def build():
        z, real = placeholder("z", 3), placeholder("real", 4)
        is_training = tf1.placeholder("bool", [], name="is_training")
        hidden = dense(z, 4, "maker/hidden")
        gamma, beta = variable("maker/bn/gamma", [4]), variable("maker/bn/beta", [4])
        means, variances = (
            variable(f"maker/bn/{name}", [4], trainable=False, initializer=tf1.ones_initializer())
            for name in ("moving_mean", "moving_variance")
        )
        of_batch = tf.nn.moments(hidden, [0])
        updates = [
            tf1.assign_sub(average, (average - value) * 0.1)
            for average, value in zip((means, variances), of_batch, strict=True)
        ]
        mean, variance = (
            tf.where(is_training, value, average)
            for average, value in zip((means, variances), of_batch, strict=True)
        )
        made = tf.nn.batch_normalization(hidden, mean, variance, beta, gamma, 1e-3)
        kernel = variable("judge/kernel", [4, 1])
        of_real, of_made = tf.matmul(real, kernel), tf.matmul(made, kernel)
        loss = tf.reduce_mean(tf.nn.softplus(-of_real)) + tf.reduce_mean(tf.nn.softplus(of_made))
        with tf.control_dependencies(updates if moves else []):
            tf1.train.MomentumOptimizer(0.1, 0.5).minimize(loss, var_list=[kernel])

    done = converted(build, steps=20)
    assert done.passed and done.document["training_not_compared"] is None, str(done)
    assert 'statistics="training"' in done.source
    names = [each["tf1"] for each in done.document["training"]["training"]["variables"]]
    assert ("maker/bn/moving_mean" in names) or not moves


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("clip", [None, 0.5])
def test_rows_alone_are_trained_by_gradient_descent(converted, resource, clip):
    def build():
        ids, y = placeholder("ids", dtype="int32"), placeholder("y", 3)
        table = tf1.get_variable("table", [5, 3], use_resource=resource)
        loss = tf.reduce_sum(tf.square(tf.nn.embedding_lookup(table, ids) - y))
        optimizer = tf1.train.GradientDescentOptimizer(0.1)
        pairs = optimizer.compute_gradients(loss)
        if clip:
            clipped, _ = tf1.clip_by_global_norm([grad for grad, _ in pairs], clip)
            pairs = [(clipped[0], pairs[0][1])]
        optimizer.apply_gradients(pairs)

    done = converted(build, steps=20)
    assert done.passed and done.model.compiled, done.document["notes"]
    assert done.document["training_not_compared"] is None
    ids, y = np.int32([1, 3, 1]), np.random.RandomState(0).randn(3, 3).astype("f4")
    table = done.model.weights[0].numpy()
    values = 2 * (table[ids] - y)
    if clip:  # the norm is that of the values, also where a row has two of them
        values *= clip / max(clip, np.linalg.norm(values))
    expected = table.copy()
    np.subtract.at(expected, ids, 0.1 * values)
    done.model.fit(ids, y, batch_size=3, verbose=0)
    np.testing.assert_allclose(done.model.weights[0], expected, rtol=1e-5, atol=1e-6)
