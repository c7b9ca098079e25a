"""Storages that rewrite the imports of JavaScript modules, as Django offers it."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class Rewriting(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True


class RewritingAndCompressed(CompressedManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
