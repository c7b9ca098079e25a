"""django-notifications-hq, which stores and pushes nothing. It does not run on the Django that we
need, so it has a virtual environment of its own (requirements/hq.txt)."""
