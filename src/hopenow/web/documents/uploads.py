"""Stops reading an upload that is larger than any paper, before it fills the disk."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from hopenow.web.documents.cleaning import LARGEST


class Limit(FileUploadHandler):
    """Comes first in FILE_UPLOAD_HANDLERS; what it stops is marked, so that the page can say why.

    The fields before the file are kept, so the form's token must come before the file.
    """

    MARK = "hopenow.upload_too_large"

    def __init__(self, request: Any = None) -> None:
        """Count from nothing."""
        super().__init__(request)
        self._read = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count, and stop at the limit; the rest is read off the line and thrown away."""
        self._read += len(raw_data)
        if self._read > LARGEST:
            self.request.META[self.MARK] = True
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers after this one."""
