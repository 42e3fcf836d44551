"""Holds how long tests wait before they fail, in seconds.

A limit is only reached by what has gone wrong. It is far above what a healthy run takes, so that a
busy machine is no failure.
"""

PROCESS = 900  # a process, from its start to its end
EVENT = 120  # a line, a thread, a socket or a page that is about to come
