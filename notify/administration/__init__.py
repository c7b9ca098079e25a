"""What staff see in the Django admin: composing, following and stopping notices, and people."""
