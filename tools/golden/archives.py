# SPDX-License-Identifier: Apache-2.0
"""Writes the archives of tests/golden/io with Python 3.11's zipfile and tarfile: python3 tools/golden/archives.py

All but pictures.zip hold a folder and three files of the same names: a.txt ("hello"), dir/b.bin (3000 bytes, byte i is i // 7 mod 256)
and one with a name of 180 characters ("long"). Of two files a.txt the later counts.
"""

import io
import tarfile
import zipfile
from pathlib import Path

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "io"
LONG = "dir/" + "n" * 90 + "/" + "\u00e9" + "m" * 80 + ".txt"
FILES = [("a.txt", b"old"), ("dir/b.bin", bytes(i // 7 % 256 for i in range(3000))), (LONG, b"long"), ("a.txt", b"hello")]
DAY = (2020, 1, 1, 0, 0, 0)


def zips():
    for name, limit in [("plain", zipfile.ZIP64_LIMIT), ("zip64", 2)]:
        zipfile.ZIP64_LIMIT = limit
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as z:
            z.writestr(zipfile.ZipInfo("dir/", DAY), b"")
            for i, (file, data) in enumerate(FILES):
                if file == "a.txt" and data == b"old":
                    continue  # zipfile warns of double names
                info = zipfile.ZipInfo(file, DAY)
                info.compress_type = zipfile.ZIP_DEFLATED if i % 2 else zipfile.ZIP_STORED
                z.writestr(info, data)
            z.comment = b"a comment"
        (OUT / f"{name}.zip").write_bytes(content.getvalue())


def tars():
    for name, kind in [("ustar", tarfile.USTAR_FORMAT), ("pax", tarfile.PAX_FORMAT), ("gnu", tarfile.GNU_FORMAT)]:
        with tarfile.open(OUT / f"{name}.tar", "w", format=kind) as t:
            folder = tarfile.TarInfo("dir")
            folder.type = tarfile.DIRTYPE
            t.addfile(folder)
            link = tarfile.TarInfo("link.txt")
            link.type, link.linkname = tarfile.SYMTYPE, "a.txt"
            t.addfile(link)
            for file, data in FILES:
                info = tarfile.TarInfo("./" + file if name == "gnu" else file)
                info.size = len(data)
                t.addfile(info, io.BytesIO(data))


def pictures():
    """A data set of classes, of pictures that tools/golden/images.py made."""
    with zipfile.ZipFile(OUT / "pictures.zip", "w") as z:
        for name, content in [("set/dog/b.jpg", (OUT / "rgb.jpg").read_bytes()), ("set/dog/b.txt", b"a dog\n"),
                              ("set/cat/a.webp", (OUT / "rgb.webp").read_bytes()), ("__MACOSX/set/._a.png", b"")]:
            z.writestr(zipfile.ZipInfo(name, DAY), content, zipfile.ZIP_DEFLATED)


zips()
tars()
pictures()
