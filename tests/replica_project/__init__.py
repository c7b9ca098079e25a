"""Another project, which reads from a replica that lags behind for ever: what is written after the
replica was made never comes to it.

Not collected by itself: tests/integration/test_replica.py runs its cases in a process with these
settings.
"""
