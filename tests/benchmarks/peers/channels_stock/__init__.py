"""The broadcast of the Channels tutorial: a JSON consumer that joins a group, on Daphne.

It stores nothing, knows no user and sends no state: it only pushes.
"""
