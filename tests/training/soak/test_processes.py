import os
import time

from tf_recipes.training.soak import processes


def work(output_dir):
    os.write(1, b"nobody hears this")
    output_dir.mkdir()
    if output_dir.name == "long":
        time.sleep(60)


def ends(start, tmp_path, capfd):
    life = start(tmp_path / "short")
    assert life.wait() == life.poll() == 0
    assert (tmp_path / "short").is_dir()
    life = start(tmp_path / "long")
    while not (tmp_path / "long").is_dir():
        assert life.poll() is None
    life.kill()
    assert life.wait() == -9
    assert capfd.readouterr().out == ""


def test_a_copy_of_this_process(tmp_path, capfd):
    ends(processes.Fork(work), tmp_path, capfd)


def test_a_new_process(tmp_path, capfd, script):
    body = (
        'echo heard; d="${1#--output_dir=}"; mkdir "$d"; case "$d" in *long) exec sleep 60;; esac'
    )
    ends(processes.Command([script("work", body)]), tmp_path, capfd)
