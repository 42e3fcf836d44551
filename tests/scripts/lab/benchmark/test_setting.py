import numpy as np

from lab.benchmark.setting import Setting


def test_the_recipe():
    recipe = Setting((300, 100), 50, 10).recipe()
    assert recipe.hidden == (300, 100)
    assert (recipe.activation, recipe.initializer) == ("elu", "he")
    assert recipe.optimizer_arguments()["momentum"] == 0.9
    assert recipe.schedule == {"decay_steps": 10_000, "decay_rate": 0.1}
    assert (recipe.clip_value, recipe.batch_size, recipe.dtype) == (0.02, 50, "float32")


def test_a_pass_has_54000_images_at_most():
    images, labels = np.zeros((100, 784), np.float32), np.zeros(100, int)

    def steps(batch, steps):
        return Setting((5,), batch, steps).workload(images, labels).steps

    assert steps(50, 3) == 3
    assert steps(512, 1000) == 105  # 54,000 / 512 = 105.5


def test_the_net_by_name():
    assert Setting((300, 100), 50, 1).net == "784-300-100-10"
