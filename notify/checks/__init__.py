"""System checks: a wrong setting is an error of `manage.py check`, with an id and a hint.

`NotifyConfig.ready` imports this package, so that the checks register themselves.
"""

from notify.checks import channel_layer, database, installation, outbox, settings, site

__all__ = ["channel_layer", "database", "installation", "outbox", "settings", "site"]
