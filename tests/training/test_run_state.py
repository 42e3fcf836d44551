import itertools

from tf_recipes.training import run_state as run_state_module


def test_it_saves_by_steps_by_the_clock_and_at_the_end_of_an_epoch(small, monkeypatch):
    clock = itertools.count()
    run_state = small().run_state
    saved = []
    monkeypatch.setattr(
        run_state_module.RunState, "save", lambda self: saved.append(self.total_steps)
    )
    run_state.every_steps = 2
    for step in (1, 2, 3, 4):
        run_state.record_step(step)
        run_state.save_if_due()
    assert saved == [2, 4]
    run_state.every_steps, run_state.every_seconds = None, 10.0
    run_state.save_if_due()
    assert saved == [2, 4]
    monkeypatch.setattr(run_state_module.time, "perf_counter", lambda: 10**9 + next(clock))
    run_state.save_if_due()
    run_state.end_epoch({"loss": 0.5})
    assert saved == [2, 4, 4, 5]
    assert (run_state.epoch, run_state.step, run_state.history) == (1, 0, {"loss": [0.5]})


def test_a_chunk_ends_where_a_checkpoint_is_due(small):
    run_state = small().run_state
    assert run_state.next_stop(100) == 100
    run_state.every_steps = 7
    run_state.epoch, run_state.step = 1, 3  # eight steps so far, five of them in the first epoch
    assert run_state.next_stop(100) == 9  # fourteen
    assert run_state.next_stop(5) == 5


def test_a_saved_state_is_restored_in_another_run_state(small):
    one, other = small(), small()
    one.driver.train(1)
    saved = one.checkpoints.newest()
    other.run_state.restore(saved)
    assert (other.run_state.epoch, other.run_state.step, other.run_state.total_steps) == (1, 0, 5)
    assert other.run_state.history == one.run_state.history
    assert other.run_state.seconds >= saved.seconds > 0
    arrays = other.variables.arrays()
    assert all(arrays[name].tobytes() == saved.arrays[name].tobytes() for name in arrays)


def test_going_back_sets_the_variables(small):
    training = small()
    before = training.run_state.arrays
    training.model.get_layer("a").kernel.assign(training.model.get_layer("a").kernel + 1)
    training.run_state.rewind(3, before)
    assert training.run_state.step == 3
    assert training.variables.arrays()["model/0/a/kernel"].tobytes() == (
        before["model/0/a/kernel"].tobytes()
    )
