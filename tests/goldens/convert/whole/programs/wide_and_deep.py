"""A wide and deep net: features made by arithmetic, one-hot columns and embeddings."""

import tensorflow as tf

LOSS = "loss:0"
OUTPUTS = ["Squeeze:0", "probability:0"]
TRAIN = {}
EVAL = {}


def build():
    age = tf.placeholder(tf.float32, [None], name="age")
    income = tf.placeholder(tf.float32, [None], name="income")
    job = tf.placeholder(tf.int32, [None], name="job")
    city = tf.placeholder(tf.int64, [None], name="city")
    label = tf.placeholder(tf.float32, [None], name="label")

    with tf.name_scope("features"):
        age_scaled = (age - 40.0) / 12.5
        log_income = tf.log(income + 1.0)
        ratio = tf.minimum(income / tf.maximum(age, 1.0), 50.0) / 10.0
        is_senior = tf.cast(age > 60.0, tf.float32)
        numeric = tf.stack([age_scaled, log_income, ratio, is_senior], axis=1)

    with tf.variable_scope("wide"):
        crossed = job * 4 + tf.cast(city, tf.int32)
        wide_inputs = tf.concat([tf.one_hot(job, 5), tf.one_hot(crossed, 20)], axis=1)
        wide_logit = tf.layers.dense(wide_inputs, 1, name="linear")

    with tf.variable_scope("deep"):
        job_table = tf.get_variable("job_embedding", [5, 3])
        city_table = tf.get_variable("city_embedding", [4, 2])
        deep = tf.concat(
            [
                numeric,
                tf.nn.embedding_lookup(job_table, job),
                tf.nn.embedding_lookup(city_table, city),
            ],
            axis=1,
        )
        for i, units in enumerate([10, 6]):
            deep = tf.layers.dense(deep, units, activation=tf.nn.relu, name="fc%d" % (i + 1))
        deep_logit = tf.layers.dense(deep, 1, name="logit")

    logit = tf.squeeze(wide_logit + deep_logit, axis=1)
    tf.sigmoid(logit, name="probability")
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=label, logits=logit)
    loss = tf.reduce_mean(entropy, name="loss")
    tf.train.AdagradOptimizer(0.1).minimize(loss)


def feeds(rng):
    return {
        "age": rng.uniform(18, 80, 48).astype("float32"),
        "income": rng.uniform(0, 900, 48).astype("float32"),
        "job": rng.randint(0, 5, 48).astype("int32"),
        "city": rng.randint(0, 4, 48).astype("int64"),
        "label": rng.randint(0, 2, 48).astype("float32"),
    }
