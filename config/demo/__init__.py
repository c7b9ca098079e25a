"""What `make run` shows of kinds: two of them, a page that sends them, and a
mailbox. Only with DEMO."""
