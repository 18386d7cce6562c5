"""What is taken in, what is refused, and that nothing but the paper remains."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hopenow.web.documents import cleaning
from hopenow.web.documents.cleaning import HEIC, JPEG, PDF, PNG, Unacceptable, clean, receive, sniffed
from tests.web.documents import hostile


@pytest.mark.parametrize(
    ("kind", "sent_as", "kept"), [("JPEG", JPEG, JPEG), ("PNG", PNG, PNG), ("HEIF", HEIC, JPEG)]
)
def test_photos_are_taken_and_written_anew(kind: str, sent_as: str, kept: str) -> None:
    from PIL import Image

    got = receive(hostile.photo(kind))
    assert (got.sent_as, got.media, got.pages, got.scan) == (sent_as, kept, 1, "not_scanned")
    with Image.open(io.BytesIO(got.content)) as image:
        assert image.size == (320, 200)


def test_where_and_with_what_a_photo_was_taken_is_gone() -> None:
    from PIL import Image

    data = hostile.located()
    assert b"SecretCamera" in data
    got = receive(data)
    assert b"Secret" not in got.content
    with Image.open(io.BytesIO(got.content)) as image:
        assert not image.getexif()


def test_a_photo_taken_sideways_stands_upright() -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    content, _, _ = clean(hostile.photo(exif=exif))
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (200, 320)


def test_what_is_behind_a_photo_is_gone() -> None:
    content, _, _ = clean(hostile.photo() + b"EvilPayload")
    assert b"Evil" not in content


def test_a_pdf_keeps_its_pages_and_loses_what_acts() -> None:
    import pikepdf

    data = hostile.armed()
    for word in (b"EvilScript", b"EvilProgram", b"EvilForm", b"EvilPayload", b"EvilAttached", b"evil.example"):
        assert word in data
    got = receive(data)
    assert (got.media, got.pages) == (PDF, 1)
    with pikepdf.open(io.BytesIO(got.content)) as pdf:
        plain = hostile.saved(
            pdf, object_stream_mode=pikepdf.ObjectStreamMode.disable, stream_decode_level=pikepdf.StreamDecodeLevel.all
        )
    for word in (b"Evil", b"evil", b"/JavaScript", b"/Launch", b"/XFA", b"/EmbeddedFile", b"/OpenAction", b"/AA"):
        assert word not in plain, word


REFUSALS: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "is empty"),
    "200 MB": (lambda: b"\xff\xd8\xff" + bytes(200 * 1024 * 1024), "larger than 30 MB"),
    "a web page": (lambda: b"<html><script>", "kind of file is not taken"),
    "a program": (lambda: b"MZ" + bytes(100), "kind of file is not taken"),
    "a GIF": (lambda: b"GIF89a" + bytes(100), "kind of file is not taken"),
    "an SVG": (lambda: b"<svg onload='x'/>", "kind of file is not taken"),
    "a zip": (hostile.zipped, "kind of file is not taken"),
    "a PDF with a zip": (lambda: hostile.saved(hostile.paper()) + hostile.zipped(), "two kinds of file"),
    "a photo with a zip": (lambda: hostile.photo() + hostile.zipped(), "two kinds of file"),
    "a photo with a PDF": (lambda: hostile.photo(comment=b"%PDF-1.4"), "two kinds of file"),
    "a PDF not at the start": (lambda: b"x" + hostile.saved(hostile.paper()), "kind of file is not taken"),
    "a locked PDF": (hostile.locked, "locked with a password"),
    "a PDF cut off": (lambda: hostile.saved(hostile.paper())[:200], "damaged"),
    "a PDF in name": (lambda: b"%PDF-1.7\nhello", "damaged"),
    "a photo cut off": (lambda: hostile.photo(size=(900, 900))[:3000], "damaged"),
    "a HEIC in name": (lambda: b"\0\0\0\x18ftypheic" + bytes(50), "damaged"),
    "a PNG in name": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(50), "damaged"),
    "a book": (lambda: hostile.saved(hostile.paper(cleaning.PAGES + 1)), "301 pages"),
    "a picture bomb": (hostile.png_bomb, "million points"),
    "a comment bomb": (hostile.png_text_bomb, "damaged"),
    "a PDF bomb": (hostile.pdf_bomb, "damaged"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_each_wrong_file_gets_one_clear_refusal(name: str) -> None:
    make, words = REFUSALS[name]
    with pytest.raises(Unacceptable, match=words) as refused:
        receive(make())
    assert "\n" not in str(refused.value)


def test_a_scanner_is_asked_and_obeyed() -> None:
    data = hostile.photo()

    def command(code: str) -> str:
        return f'{sys.executable} -c "import sys; sys.exit({code})"'

    assert receive(data, command("0 if len(sys.stdin.buffer.read()) > 100 else 5")).scan == "clean"
    with pytest.raises(Unacceptable, match="found something"):
        receive(data, command("1"))
    for broken in (command("2"), "/no/such/scanner"):
        with pytest.raises(Unacceptable, match="could not be checked"):
            receive(data, broken)


def test_cleaning_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}
    real = cleaning.subprocess.run

    def watched(*args: object, **kwargs: object) -> object:
        seen.update(kwargs["env"])  # type: ignore[call-overload]
        return real(*args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setenv("HOPENOW_SECRET_KEY", "s" * 60)
    monkeypatch.setattr(cleaning.subprocess, "run", watched)
    receive(hostile.photo())
    assert set(seen) == {"PYTHONPATH", "PATH"}


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x18ftypheic"]))
def test_any_bytes_are_taken_or_refused_in_words(data: bytes, start: bytes) -> None:
    with contextlib.suppress(Unacceptable):
        content, media, pages = clean(start + data)
        assert content
        assert media in cleaning.ENDINGS
        assert pages == 1


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_pdf_with_changed_bytes_is_taken_or_refused_in_words(data: st.DataObject) -> None:
    changed = bytearray(hostile.armed())
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Unacceptable):
        content, media, _ = clean(bytes(changed))
        assert media == PDF
        assert sniffed(content) == PDF
