"""A site of which a kind goes out by e-mail at once. Its processes can be stopped at each step of
the outbox, by variables of the environment (`apps.py`)."""
