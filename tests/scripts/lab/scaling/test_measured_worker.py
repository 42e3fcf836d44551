import math

from lab.scaling import measured_worker

COUNTERS = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
    lo: 123456      77    0    0    0     0          0         0  123456      77    0
  eth0:  99999      12    0    0    0     0          0         0    1111       9    0
"""


def test_loopback_is_found_among_the_counters():
    assert measured_worker.loopback_bytes(COUNTERS) == 123456


def test_without_a_counter_there_is_no_number():
    assert math.isnan(measured_worker.loopback_bytes("  eth0: 1 2 3\n"))
