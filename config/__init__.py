"""A project that deploys notify, driven by environment variables."""
