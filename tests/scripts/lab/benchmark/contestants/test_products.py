import numpy as np

from lab.benchmark.contestants import products


def test_the_products_of_a_step():
    done = []

    def matmul(a, b, key, transpose_a=False, transpose_b=False):
        a, b = a.T if transpose_a else a, b.T if transpose_b else b
        done.append((key, a.shape, b.shape))
        return a @ b

    images, kernels = np.ones((2, 784)), [np.ones((784, 3)), np.ones((3, 10))]
    gradients = products.step(matmul, images, kernels)
    assert [each.shape for each in gradients] == [(784, 3), (3, 10)]
    assert done == [
        (("forward", 0), (2, 784), (784, 3)),
        (("forward", 1), (2, 3), (3, 10)),
        (("weights", 1), (3, 2), (2, 10)),
        (("inputs", 1), (2, 10), (10, 3)),
        (("weights", 0), (784, 2), (2, 3)),
    ]
    # forward: 784, then 3 * 784; backward: 10 * 2352 on each of two images
    assert np.all(gradients[1] == 2 * 784 * 2352)
    assert np.all(gradients[0] == 2 * 10 * 2352)


def test_it_takes_one_of_the_libraries_and_trains_nothing(small, contestant):
    made = contestant("matmul", small())
    assert made.note in products.LIBRARIES
    assert made.epoch(shuffle=True) is None
    assert made.weights() == {}


def test_results_have_one_place():
    places = []

    def multiply(a, b, out):
        places.append(id(out))

    images, kernels = np.ones((6, 784)), [np.ones((784, 3)), np.ones((3, 10))]
    products._into_places(images, kernels, 2, np.empty, multiply)(3)
    assert len(places) == 3 * 5
    assert len(set(places)) == 5
