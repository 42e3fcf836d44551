import os
import time

from tf_recipes.training.soak import processes


def work(output_dir):
    os.write(1, b"no output of the training")
    output_dir.mkdir()
    if output_dir.name == "long":
        time.sleep(60)


def check(start, tmp_path, capfd):
    process = start(tmp_path / "short")
    assert process.wait() == process.poll() == 0
    assert (tmp_path / "short").is_dir()
    process = start(tmp_path / "long")
    while not (tmp_path / "long").is_dir():
        assert process.poll() is None
    process.kill()
    assert process.wait() == -9
    assert capfd.readouterr().out == ""


def test_a_copy_of_this_process(tmp_path, capfd):
    check(processes.StartFork(work), tmp_path, capfd)


def test_a_new_process(tmp_path, capfd, script):
    body = (
        'echo output; d="${1#--output_dir=}"; mkdir "$d"; case "$d" in *long) exec sleep 60;; esac'
    )
    check(processes.StartCommand([script("work", body)]), tmp_path, capfd)
