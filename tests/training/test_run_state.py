import itertools

from tf_recipes.training import run_state as session_module


def test_it_saves_by_steps_by_the_clock_and_at_the_end_of_an_epoch(small, monkeypatch):
    clock = itertools.count()
    session = small().session
    saved = []
    monkeypatch.setattr(session_module.Session, "save", lambda self: saved.append(self.total_steps))
    session.every_steps = 2
    for step in (1, 2, 3, 4):
        session.note(step)
        session.save_if_due()
    assert saved == [2, 4]
    session.every_steps, session.every_seconds = None, 10.0
    session.save_if_due()
    assert saved == [2, 4]
    monkeypatch.setattr(session_module.time, "perf_counter", lambda: 10**9 + next(clock))
    session.save_if_due()
    session.end_epoch({"loss": 0.5})
    assert saved == [2, 4, 4, 5]
    assert (session.epoch, session.step, session.history) == (1, 0, {"loss": [0.5]})


def test_a_chunk_ends_where_a_checkpoint_is_due(small):
    session = small().session
    assert session.next_stop(100) == 100
    session.every_steps = 7
    session.epoch, session.step = 1, 3  # eight steps so far, five of them in the first epoch
    assert session.next_stop(100) == 9  # fourteen
    assert session.next_stop(5) == 5


def test_what_is_saved_goes_on_in_another_session(small):
    one, other = small(), small()
    one.driver.train(1)
    saved = one.checkpoints.newest()
    other.session.go_on(saved)
    assert (other.session.epoch, other.session.step, other.session.total_steps) == (1, 0, 5)
    assert other.session.history == one.session.history
    assert other.session.seconds >= saved.seconds > 0
    arrays = other.state.take()
    assert all(arrays[name].tobytes() == saved.arrays[name].tobytes() for name in arrays)


def test_going_back_sets_the_variables(small):
    training = small()
    before = training.session.arrays
    training.model.get_layer("a").kernel.assign(training.model.get_layer("a").kernel + 1)
    training.session.rewind(3, before)
    assert training.session.step == 3
    assert training.state.take()["model/0/a/kernel"].tobytes() == (
        before["model/0/a/kernel"].tobytes()
    )
