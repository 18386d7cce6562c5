"""Receiving a file from anybody: what it really is, whether it is safe, and a clean copy of it.

The name that a file comes with is never looked at. Images are decoded and written anew, so that nothing of the
original but its pixels remains (no place, no device, no hidden second file). PDFs are rewritten without anything
that acts. The work is done in a process of its own with little memory, little time and no secrets; a file that
breaks it breaks nothing else.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import shlex
import subprocess
import sys
import zipfile
from typing import Any

from hopenow.errors import InputError

LARGEST = 30 * 1024 * 1024
"""Bytes of a file."""
PIXELS = 64_000_000
LONGEST_SIDE = 4200
"""Pixels that are kept; a letter page at 380 dots per inch."""
PAGES = 300
OBJECTS = 200_000
_MEMORY = 1536 * 1024 * 1024
_SECONDS = 40
_SCAN_SECONDS = 120

JPEG, HEIC, PNG, PDF = "image/jpeg", "image/heic", "image/png", "application/pdf"
ENDINGS = {JPEG: "jpg", PNG: "png", PDF: "pdf"}
"""What is kept, with the ending of its name; HEIC becomes JPEG."""
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"})
_TAKEN = "Send a photo (JPEG, HEIC or PNG) or a PDF."


class Unacceptable(InputError):
    """A file is not taken; the message says why and what to do."""


@dataclasses.dataclass(frozen=True)
class Received:
    """A file that was taken in.

    Attributes:
        content: the clean copy, bytes.
        media: its media type, one of `ENDINGS`.
        sha256: fingerprint of the bytes that were received, in hexadecimal.
        size: number of bytes that were received.
        sent_as: media type of what was received.
        pages: of a PDF; 1 for an image.
        scan: ``clean``, or ``not_scanned`` where no virus scanner is configured.
    """

    content: bytes = dataclasses.field(repr=False)
    media: str
    sha256: str
    size: int
    sent_as: str
    pages: int
    scan: str


def receive(data: bytes, scanner: str = "") -> Received:
    """Take in a file.

    Args:
        data: its bytes.
        scanner: command of the virus scanner; see HOPENOW_VIRUS_SCANNER.

    Raises:
        Unacceptable: saying in one sentence why, and what to do.
    """
    sent_as = sniffed(data)
    scan = _scanned(data, scanner)
    content, told = _apart(data)
    return Received(
        content=content,
        media=told["media"],
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        sent_as=sent_as,
        pages=told["pages"],
        scan=scan,
    )


def sniffed(data: bytes) -> str:
    """Return the media type by content.

    Raises:
        Unacceptable: for an empty or too large file, another type, or a file that is two things at once.
    """
    if not data:
        raise Unacceptable("The file is empty. Look at it on your device, and send it again.")
    if len(data) > LARGEST:
        raise Unacceptable(TOO_LARGE)
    media = _kind(data)
    if not media:
        raise Unacceptable(f"This kind of file is not taken. {_TAKEN}")
    elsewhere = b"%PDF-" in data[:1024] if media != PDF else False
    if elsewhere or zipfile.is_zipfile(io.BytesIO(data)):
        raise Unacceptable(
            "The file is two kinds of file in one, which a paper never is. Take a photo of the paper, and send that."
        )
    return media


TOO_LARGE = (
    f"The file is larger than {LARGEST // 1024 // 1024} MB. Send a photo of each page, or save the PDF in a smaller"
    " size."
)


def _kind(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data.startswith(b"%PDF-"):
        return PDF
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return HEIC
    return ""


def _scanned(data: bytes, scanner: str) -> str:
    if not scanner:
        return "not_scanned"
    try:
        code = subprocess.run(  # noqa: S603  (the operator's own command)
            shlex.split(scanner), input=data, capture_output=True, timeout=_SCAN_SECONDS, check=False
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        code = -1
    if code == 1:
        raise Unacceptable("The virus scanner found something in the file. Take a photo of the paper, and send that.")
    if code != 0:
        # Not checked is not clean: nothing is taken while the scanner does not work.
        raise Unacceptable("The file could not be checked for viruses just now. Send it again in a few minutes.")
    return "clean"


def _apart(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """Clean a file in a process of its own; return the copy and what is known of it."""
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PATH": os.environ.get("PATH", "")}
    try:
        done = subprocess.run(  # noqa: S603  (this very module)
            [sys.executable, "-W", "ignore", "-m", __name__],
            input=data,
            capture_output=True,
            timeout=2 * _SECONDS,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise Unacceptable(_BROKEN) from None
    head, _, content = done.stdout.partition(b"\n")
    if done.returncode != 0 or not head:
        raise Unacceptable(_BROKEN)
    told: dict[str, Any] = json.loads(head)
    if "refused" in told:
        raise Unacceptable(told["refused"])
    return content, told


_BROKEN = (
    "The file cannot be opened safely: it is damaged or built to do harm. Take a photo of the paper, and send that."
)


# --- the clean copy: what follows runs in the process apart -------------------------------------------


def clean(data: bytes) -> tuple[bytes, str, int]:
    """Return a clean copy, its media type and its number of pages; expects to be run with limits.

    Raises:
        Unacceptable: when it cannot be opened, is locked, or has too much in it.
    """
    media = sniffed(data)
    return (*_pdf(data),) if media == PDF else (*_image(data, media), 1)


def _image(data: bytes, media: str) -> tuple[bytes, str]:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = PIXELS
    if media == HEIC:
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    try:
        with Image.open(io.BytesIO(data), formats=[{JPEG: "JPEG", PNG: "PNG", HEIC: "HEIF"}[media]]) as opened:
            if opened.width * opened.height > PIXELS:
                raise Unacceptable(_TOO_MANY_PIXELS)
            if media == JPEG:
                opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            plain = _flat(upright)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unacceptable(_TOO_MANY_PIXELS) from None
    except Unacceptable:
        raise
    except Exception:  # noqa: BLE001  (decoders of hostile files raise anything)
        raise Unacceptable("The photo is damaged and cannot be opened. Take it again, and send that.") from None
    out = io.BytesIO()
    if media == PNG:
        plain.save(out, "PNG")
        return out.getvalue(), PNG
    plain.save(out, "JPEG", quality=88)
    return out.getvalue(), JPEG


_TOO_MANY_PIXELS = (
    f"The picture has more than {PIXELS // 1_000_000} million points, far more than a paper needs. Take a photo with"
    " the usual settings of your camera."
)


def _flat(image: Any) -> Any:
    """Return only the pixels, on white: no metadata, no transparency that could hide something."""
    from PIL import Image

    plain = Image.new("RGB", image.size, "white")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        plain.paste(layer, mask=layer.getchannel("A"))
    else:
        plain.paste(image.convert("RGB"))
    return plain


_ACTS = frozenset(
    (
        *("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/GoToR", "/URI"),
        *("/Movie", "/Sound", "/Rendition", "/RichMediaExecute", "/GoTo3DView", "/SetOCGState"),
    )
)
_ANNOTATIONS = frozenset({"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"})
_KEYS = (
    *("/AA", "/OpenAction", "/JS", "/JavaScript", "/XFA"),
    *("/EF", "/AF", "/EmbeddedFiles", "/RichMediaContent", "/Collection"),
)


def _pdf(data: bytes) -> tuple[bytes, str, int]:
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            pages = len(pdf.pages)
            if not 0 < pages <= PAGES:
                raise Unacceptable(
                    f"The PDF has {pages} pages; up to {PAGES} are taken. Send it in parts, or only what was asked for."
                )
            if len(pdf.objects) > OBJECTS:
                raise Unacceptable(_BROKEN)
            for each in pdf.objects:
                _disarm(each)
            for name in ("/Metadata", "/Names", "/URI"):
                if name in pdf.Root:
                    del pdf.Root[name]
            if "/Info" in pdf.trailer:
                del pdf.trailer["/Info"]
            pdf.remove_unreferenced_resources()
            out = io.BytesIO()
            pdf.save(out, encryption=False, linearize=False)
    except pikepdf.PasswordError:
        raise Unacceptable(
            "The PDF is locked with a password. Save it without one (print it to PDF), and send that."
        ) from None
    except Unacceptable:
        raise
    except Exception:  # noqa: BLE001  (as above)
        raise Unacceptable("The PDF is damaged and cannot be opened. Save it again, or take photos of it.") from None
    return out.getvalue(), PDF, pages


def _disarm(root: Any) -> None:
    """Take out of an object, and what lies directly in it, everything that acts."""
    import pikepdf

    waiting, seen = [root], 0
    while waiting:
        each = waiting.pop()
        seen += 1
        if seen > OBJECTS:
            raise Unacceptable(_BROKEN)
        if isinstance(each, pikepdf.Array):
            inner = list(each)
        elif isinstance(each, pikepdf.Dictionary | pikepdf.Stream):
            for name in _KEYS:
                if name in each:
                    del each[name]
            if _word(each.get("/S")) in _ACTS:
                for name in list(each.keys()):
                    if name != "/Length":
                        del each[name]
            if "/Annots" in each and isinstance(each["/Annots"], pikepdf.Array):
                kept = [one for one in each["/Annots"] if not _active(one)]
                each["/Annots"] = pikepdf.Array(kept)
            inner = [each[name] for name in each.keys()]  # noqa: SIM118  (a stream is no mapping)
        else:
            continue
        # What has a number of its own is met in the list of objects.
        waiting += [one for one in inner if isinstance(one, pikepdf.Object) and not one.is_indirect]


def _word(value: Any) -> str:
    import pikepdf

    return str(value) if isinstance(value, pikepdf.Name) else ""


def _active(annotation: Any) -> bool:
    import pikepdf

    return isinstance(annotation, pikepdf.Dictionary) and _word(annotation.get("/Subtype")) in _ANNOTATIONS


def _limited() -> None:
    import resource

    if sys.platform != "darwin":  # macOS has no such limit; time and files are limited there all the same
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _main() -> None:
    """Read a file from standard input; write a line of JSON and the clean copy."""
    _limited()
    try:
        content, media, pages = clean(sys.stdin.buffer.read(LARGEST + 1))
        told: dict[str, Any] = {"media": media, "pages": pages}
    except Unacceptable as error:
        content, told = b"", {"refused": str(error)}
    except MemoryError:
        content, told = b"", {"refused": _BROKEN}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + content)


if __name__ == "__main__":
    _main()
