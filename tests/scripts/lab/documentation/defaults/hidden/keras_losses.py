"""Measures the hidden defaults of Keras' losses."""

import numpy as np
from keras import losses
from keras_helpers import case, flat

LOGITS, ONE_HOT, CLASS = np.float32([[2, 0]]), np.float32([[1, 0]]), np.array([0])


@case([np.log1p(np.exp(-2))] * 6, [0] * 6)
def from_logits():
    found = [
        losses.CategoricalCrossentropy()(ONE_HOT, LOGITS),
        losses.SparseCategoricalCrossentropy()(CLASS, LOGITS),
        losses.BinaryCrossentropy()(np.float32([[1]]), np.float32([[2]])),
    ]
    return flat(*found, *found)


@case([3] * 4, [1] * 4)
def no_reduction():
    three = [np.repeat(each, 3, 0) for each in (ONE_HOT, LOGITS, CLASS)]
    column = np.ones((3, 1), "float32")
    results = (
        losses.CategoricalCrossentropy()(three[0], three[1]),
        losses.SparseCategoricalCrossentropy()(three[2], three[1]),
        losses.BinaryCrossentropy()(column, column),
        losses.Poisson()(column, column),
    )
    return [np.size(each) for each in results]


@case([2], [np.log(2)])
def log_poisson():
    return losses.Poisson()(np.float32([0]), np.float32([np.log(2)]))


@case([1] * 9, [0.5] * 9)
def reduction():
    def ratio(loss, labels, outputs):
        pair = [np.repeat(np.float32(each)[None], 2, 0) for each in (labels, outputs)]
        one = loss(*pair, sample_weight=np.float32([1, 0]))
        return float(one / loss(*pair, sample_weight=np.float32([1, 1])))

    return [
        ratio(losses.MeanAbsoluteError(), [1], [3]),
        ratio(losses.MeanSquaredError(), [1], [3]),
        ratio(losses.Huber(), [1], [3]),
        ratio(losses.Hinge(), [1], [0.5]),
        ratio(losses.CosineSimilarity(), [0.6, 0.8], [1, 0]),
        ratio(losses.BinaryCrossentropy(), [1], [0.5]),
        ratio(losses.BinaryCrossentropy(from_logits=True), [1], [2]),
        ratio(losses.CategoricalCrossentropy(from_logits=True), [1, 0], [2, 0]),
        ratio(losses.SparseCategoricalCrossentropy(from_logits=True), 0, [2, 0]),
    ]


@case([-5], [-1])
def cosine():
    return losses.CosineSimilarity()(np.float32([[2, 0]]), np.float32([[3, 0]]))


@case([-np.log(2e-7)], [-np.log(1e-7)])
def log_loss_epsilon():
    return losses.BinaryCrossentropy()(np.float32([1]), np.float32([1e-7]))
