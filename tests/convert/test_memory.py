"""Counts what a conversion keeps at a time; a test of bytes would measure TensorFlow."""

import gc
import weakref

from tf_recipes.convert import conversion
from tf_recipes.convert.program import built_model


def test_one_model_is_in_memory_at_a_time(nets, monkeypatch):
    build, made = built_model.build, []

    def counting(source):
        gc.collect()
        assert [each for each in made if each() is not None] == []
        model = build(source)
        made.append(weakref.ref(model))
        return model

    monkeypatch.setattr(built_model, "build", counting)
    done = conversion.convert(nets["trained"], steps=2)
    assert done.passed and len(made) == 2 and made[-1]() is done.model
    assert int(done.model.optimizer.iterations) == 0  # the comparison trained another one
