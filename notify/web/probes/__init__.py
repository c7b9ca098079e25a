"""The probes: `path("", include("notify.web.probes"))`, with or without a prefix.

A supervisor, a load balancer and a restart loop probe each process at its own address
(`127.0.0.1:8001`, `10.42.8.201:8000`), without TLS. Django rejects such a `Host` unless it is in
ALLOWED_HOSTS, and redirects the request to HTTPS. So AnswerProbes has to be first in MIDDLEWARE: it
answers before anything else needs the host, the session or the user.
"""

from notify.web.probes.middleware import AnswerProbes
from notify.web.probes.urls import app_name, urlpatterns

__all__ = ["AnswerProbes", "app_name", "urlpatterns"]
