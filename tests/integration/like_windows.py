"""manage.py without what Python on Windows does not have. Twisted is loaded before, as it has
other modules for Windows, and keeps the signal that it uses here."""

import os
import signal
import socket
import sys

import daphne.server  # noqa: F401

MODULES = ("fcntl", "grp", "pwd", "resource", "termios")
OF_OS = ("fork", "forkpty", "getuid", "geteuid", "getgid", "killpg", "register_at_fork", "setsid")
SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM"}
OF_TWISTED = {"SIGCHLD"}

for module in MODULES:
    sys.modules[module] = None  # type: ignore[assignment]  # importing it raises ImportError
for name in OF_OS:
    delattr(os, name)
for one in signal.Signals:
    if one.name not in SIGNALS | OF_TWISTED:
        delattr(signal, one.name)
del socket.AF_UNIX

from django.core.management import execute_from_command_line  # noqa: E402

execute_from_command_line(sys.argv)
