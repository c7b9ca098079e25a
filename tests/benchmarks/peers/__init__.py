"""What one would use instead: small programs, each written as its own documentation recommends."""
