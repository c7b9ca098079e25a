"""Another project: user models of its own, and of ours nothing but the app.

Not collected by itself: tests/integration/test_any_user_model.py runs its cases in a process
with these settings, once for each of the user models.
"""
