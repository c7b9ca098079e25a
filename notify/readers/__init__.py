"""What people want of notify: for now, the language and the time zone that they read in."""
