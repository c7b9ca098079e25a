"""A project that deploys notify, configured by environment variables."""
