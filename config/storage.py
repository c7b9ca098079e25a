"""Static files whose names carry a hash of their contents, so that browsers keep them for ever."""

from __future__ import annotations

from django.core.files.base import ContentFile, File
from whitenoise.storage import CompressedManifestStaticFilesStorage

from notify.web.comments import without_comments


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashes the `import` lines between JavaScript modules too, and leaves out our comments.

    Without the first, a page would load a hashed module that imports an unhashed one, which a
    browser may have kept from the release before. A pass carries a changed hash one import
    further up, so there must be as many as modules in the longest chain of imports; Django's
    five are too few.
    """

    max_post_process_passes = 15

    support_js_module_import_aggregation = True

    def _save(self, name: str, content: File[bytes]) -> str:
        if name.startswith("notify/") and name.endswith(".js"):
            code = b"".join(content.chunks()).decode()
            content = ContentFile(without_comments(code).encode())
        saved: str = super()._save(name, content)  # type: ignore[misc]
        return saved
