"""Somebody else's project, to which notify was added as docs/embedding.md says.

It has a layout, a style sheet that resets everything, and a strict Content-Security-Policy.
tests/browser/test_foreign_project.py installs the built package beside it.
"""
