"""Exchanges bytes and texts between two real workers, directly and through `job.Job`."""

import json

WORKER = """
import json, sys
from tf_recipes.distribution import job
index = int(sys.argv[1])
with job.start("multiworker", {"seed": 1}, cluster_timeout=120) as started:
    results = [started.from_chief(b"chief's \\x00 bytes!" if index == 0 else b"").decode("latin1")]
    results.append(started.from_chief(b"" if index == 0 else b"mine").decode())
    results.append(started.largest(0 if index == 0 else 130))
    results += [started.replicas, started.is_chief]
    started.agree({"a": (1, 2)})
    try:
        started.agree({"data": {"train": "abc" if index == 0 else "xyz"}})
    except ValueError as error:
        results.append(str(error))
print(json.dumps(results))
"""


def test_two_workers_exchange_bytes_and_texts(start, ended, free_addresses, tf_config):
    addresses = free_addresses(2)
    processes = [start("-c", WORKER, k, TF_CONFIG=tf_config(addresses, k)) for k in range(2)]
    ends = ended(processes)
    assert [status for status, _, _ in ends] == [0, 0], ends
    difference = (
        f'All workers must be started alike. Received: data.train="xyz" on worker 1'
        f' ({addresses[1]}), "abc" on worker 0 ({addresses[0]}). Start them with the same'
        " arguments, data and versions."
    )
    for index, (_, out, error) in enumerate(ends):
        expected = ["chief's \x00 bytes!", "", 130, 2, index == 0, difference]
        assert json.loads(out) == expected
        assert error == ""
