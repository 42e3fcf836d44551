from tf_recipes.distribution.single_process import SingleProcess


class Model:
    def loop(self, kind):
        return f"the loop of {kind}"


def test_one_process_agrees_with_itself():
    with SingleProcess() as job, job.scope():
        assert (job.is_chief, job.replicas, job.strategy) == (True, 1, None)
        assert job.from_chief(b"bytes") == b"bytes"
        assert [job.largest(status) for status in (0, 130)] == [0, 130]
        assert job.agree({"seed": 1}) is None
        assert job.loop(Model(), "test") == "the loop of test"
