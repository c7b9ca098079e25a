"""The project of config/, with a view more: one that calls `notify.send`."""
