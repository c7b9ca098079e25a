"""Faults on purpose, against real processes: servers, Redis, PostgreSQL, and many clients.

Each test breaks something beside clients that follow their inboxes and senders that log what they
committed, and ends with the same verdict (verdict.py). `make faults` runs all and writes
docs/faults.md; those marked `quick_faults` are part of `make test`. FAULT_SEED=… repeats a run.
"""
