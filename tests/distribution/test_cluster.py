import json
import socket

import pytest

from tf_recipes.distribution import cluster

HOSTS = ["a.example:2222", "10.0.0.2:2223", "[::1]:2224"]


def config(jobs, task):
    return {"TF_CONFIG": json.dumps({"cluster": jobs, "task": task})}


def test_workers_are_counted_in_their_order():
    found = cluster.from_environment(config({"worker": HOSTS}, {"type": "worker", "index": 2}))
    assert found.addresses == tuple(HOSTS)
    assert found.names == ("worker 0", "worker 1", "worker 2")
    assert (found.index, found.is_chief) == (2, False)
    assert found.describe(1) == "worker 1 (10.0.0.2:2223)"


def test_a_chief_comes_first():
    jobs = {"worker": HOSTS[1:], "chief": HOSTS[:1]}
    found = cluster.from_environment(config(jobs, {"type": "worker", "index": 0}))
    assert (found.names, found.index) == (("chief 0", "worker 0", "worker 1"), 1)
    assert found.addresses == tuple(HOSTS)
    assert cluster.from_environment(config(jobs, {"type": "chief", "index": 0})).is_chief


@pytest.mark.parametrize(
    "address, split",
    [("a:1", ("a", 1)), ("[::1]:65535", ("::1", 65535)), ("10.0.0.1:80", ("10.0.0.1", 80))],
)
def test_an_address_is_a_host_and_a_port(address, split):
    assert cluster.split_address(address) == split


WORKER = {"type": "worker", "index": 0}


@pytest.mark.parametrize(
    "environment, parts",
    [
        ({}, ["no TF_CONFIG"]),
        ({"TF_CONFIG": ""}, ["no TF_CONFIG"]),
        ({"TF_CONFIG": "{worker}"}, ["must be JSON", "{worker} (Expecting property name"]),
        ({"TF_CONFIG": 100_000 * "["}, ["must be JSON", "recursion"]),
        ({"TF_CONFIG": "[1]"}, ["JSON object", "[1]"]),
        (config(None, WORKER), ['"cluster"', "Received: nothing."]),
        (config({"worker": []}, WORKER), ['"worker"', '{"worker": []}']),
        (config({"worker": "a:1"}, WORKER), ["list of addresses", '"a:1"']),
        (config({"worker": [1]}, WORKER), ["list of addresses", "[1]"]),
        (config({"worker": ["a:1"], "ps": ["b:1"]}, WORKER), ["the job 'ps'"]),
        (config({"worker": ["a:1"], "chief": ["b:1", "c:1"]}, WORKER), ["one chief only"]),
        (config({"worker": ["a:1"]}, None), ['"task"', "Received: nothing."]),
        (config({"worker": ["a:1"]}, {"type": "chief", "index": 0}), ['"type": worker', '"chief"']),
        (config({"worker": ["a:1"]}, {"type": "worker"}), ["from 0 to 0", "index=None"]),
        (config({"worker": ["a:1"]}, {"type": "worker", "index": 1}), ["1 addresses", "index=1"]),
        (config({"worker": ["a:1"]}, {"type": "worker", "index": "0"}), ["index='0'"]),
        (config({"worker": ["a:1"]}, {"type": "worker", "index": True}), ["index=True"]),
        (config({"worker": ["a"]}, WORKER), ["host:port", "'a'"]),
        (config({"worker": ["a:0"]}, WORKER), ["from 1 to 65535", "'a:0'"]),
        (config({"worker": ["a:70000"]}, WORKER), ["'a:70000'"]),
        (config({"worker": ["http://a:1"]}, WORKER), ["'http://a:1'"]),
        (config({"worker": ["a:1", "a:1"]}, WORKER), ["of its own", "'a:1' twice"]),
    ],
)
def test_a_wrong_tf_config_is_refused(fails, environment, parts):
    with fails(*parts, 'Write TF_CONFIG=\'{"cluster"'):
        cluster.from_environment(environment)


def test_a_port_that_is_held_is_refused(fails):
    with socket.socket() as other:
        other.bind(("localhost", 0))
        other.listen()
        port = other.getsockname()[1]
        with fails(f"port {port} (another program uses it)", "TF_CONFIG"):
            cluster.listener(f"localhost:{port}")
    cluster.listener(f"localhost:{port}").close()  # works again, now that the port is free


@pytest.mark.parametrize(
    "host, bound",
    [
        ("localhost", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("192.0.2.1", "::"),  # kept for documentation: no machine has it
        ("nobody.invalid", "::"),
    ],
)
def test_a_worker_listens_at_its_own_address_alone(host, bound):
    try:
        with cluster.listener(f"{host}:0") as server:
            assert server.getsockname()[0] in (bound, "0.0.0.0" if bound == "::" else bound)
    except ValueError as error:  # on a machine without IPv6
        assert host == "[::1]", error


@pytest.mark.parametrize(
    "hosts, local",
    [
        (["localhost", "[::1]", "127.0.0.5"], True),
        (["localhost", "192.0.2.1"], False),
        (["nobody.invalid"], False),
    ],
)
def test_workers_on_the_loopback_are_local(hosts, local):
    addresses = tuple(f"{host}:1" for host in hosts)
    assert cluster.Cluster(addresses, addresses, 0).is_local is local
