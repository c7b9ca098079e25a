"""What `make run` shows of kinds: two of them, and a page that sends them. Only with DEMO."""
