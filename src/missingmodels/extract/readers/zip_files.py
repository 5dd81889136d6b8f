"""CSV files in a .zip archive, read in memory: nothing is ever unpacked to disk."""

from __future__ import annotations

import io
import stat
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.readers import source_table
from missingmodels.extract.readers.csv_fast import csv_table
from missingmodels.extract.readers.source_table import SourceTable

# Others unpack in blocks of unbounded size, so that a declared size would not bound the memory used.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
MAX_MEMBERS = 10_000
# Rows of children unpack to some twenty times their size; what unpacks to hundreds of times holds one thing repeated.
MAX_RATIO, RATIO_FROM_BYTES = 200, 2**20
MAX_ROWS = 10_000_000
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, NotImplementedError)


def read_zip(path: Path, names: Collection[str] = ()) -> list[SourceTable]:
    """All CSV files of an archive, in folders too, in order of name; named ``archive.zip/folder/file.csv``.

    ``names`` as in ``table_of``.

    Raises InputError if it holds no CSV file, ImportFault if it is damaged, encrypted, too large, or holds a
    path that leads out of it.
    """
    content = path.read_bytes()
    tables = []
    with open_archive(content, where=path.name) as archive:
        visible = _visible(archive)
        chosen = sorted((info for info in visible if _is_csv(info)), key=lambda info: info.filename)
        if not chosen:
            held = ", ".join(info.filename for info in visible[:5]) or "nothing"
            raise InputError(
                f"the archive holds no CSV file, only {held}",
                where=path.name,
                remedy="unpack it if it holds a workbook or an XML return, and name that file",
            )
        rows = 0
        for info in chosen:
            name = f"{path.name}/{info.filename}"
            content = _member(archive, info, name)
            rows += max(content.count(b"\n"), content.count(b"\r"))
            if rows > MAX_ROWS:
                raise ImportFault(f"it has more than {MAX_ROWS:,} rows", where=path.name, remedy=_FEWER)
            tables.append(csv_table(content, name=name, label=PurePosixPath(info.filename).name, names=names))
    return tables


def others_in(path: Path) -> list[str]:
    """Names of the members of an archive that ``read_zip`` leaves unread."""
    with open_archive(path.read_bytes(), where=path.name) as archive:
        return sorted(info.filename for info in _visible(archive) if not _is_csv(info))


def _visible(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]


def _is_csv(info: zipfile.ZipInfo) -> bool:
    return info.filename.lower().endswith(".csv")


_FEWER = "pack one return's CSV files alone, or give them as a folder"


def open_archive(content: bytes, *, where: str) -> zipfile.ZipFile:
    """The archive, judged before anything is unpacked: sizes, methods, passwords, paths, doubled names."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except DAMAGE as error:
        raise ImportFault(f"the file is damaged ({error})", where=where, remedy="copy or export it again") from error
    members = archive.infolist()
    _require_size(members, packed=len(content), where=where)
    names = [info.filename for info in members]
    # some systems hold these for one name, and one of the files would hide the other
    same = [unicodedata.normalize("NFC", name).casefold() for name in names]
    locked = [info.filename for info in members if info.flag_bits & 1]
    leading = [name for name in names if _leads_out(name)]
    counts = Counter(same)
    doubled = sorted({name for name, key in zip(names, same, strict=True) if counts[key] > 1})
    links = [info.filename for info in members if stat.S_ISLNK(info.external_attr >> 16)]
    strange = [info.filename for info in members if info.compress_type not in METHODS]
    for which, what, remedy in (
        (leading, "paths that lead out of the archive", "do not use this archive; ask its sender for a new one"),
        (links, "links instead of files", "pack the files themselves"),
        (locked, "files locked with a password", "unpack it with the password and name the folder"),
        (doubled, "files that occur twice", "pack it again with one file of each name"),
        (strange, "files packed by a method that is not read", "pack it again as an ordinary zip (deflate)"),
    ):
        if which:
            raise ImportFault(f"it holds {what}: {', '.join(which[:5])}", where=where, remedy=remedy)
    return archive


def _require_size(members: Sequence[zipfile.ZipInfo], *, packed: int, where: str) -> None:
    """``packed``: bytes of the whole archive, of which members may share some."""
    if len(members) > MAX_MEMBERS:
        raise ImportFault(f"it holds {len(members):,} files", where=where, remedy=_FEWER)
    for info in members:
        if info.file_size > RATIO_FROM_BYTES and info.file_size > MAX_RATIO * info.compress_size:
            raise ImportFault(
                f"{info.filename} unpacks to {info.file_size:,} bytes from {info.compress_size:,}, as no record does "
                "that is not one thing repeated",
                where=where,
                remedy="look at what it holds; unpack it yourself and name the folder if it is right",
            )
    size = sum(info.file_size for info in members)
    if size > RATIO_FROM_BYTES and size > MAX_RATIO * packed:
        raise ImportFault(
            f"it unpacks to {size:,} bytes from {packed:,}, as no records do that are not one thing repeated",
            where=where,
            remedy="look at what it holds; unpack it yourself and name the folder if it is right",
        )
    if size > source_table.MAX_BYTES:
        raise ImportFault(
            f"it unpacks to {size:,} bytes, more than the {source_table.MAX_BYTES:,} allowed",
            where=where,
            remedy=_FEWER,
        )


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    """A member's bytes. A reader stops at the size declared, and a wrong one then fails the checksum."""
    try:
        with archive.open(info) as stream:
            return stream.read()
    except DAMAGE as error:
        raise ImportFault(f"the file is damaged ({error})", where=name, remedy="pack the archive again") from error


def _leads_out(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or name[1:2] == ":"


def _is_hidden(name: str) -> bool:
    """What macOS adds to an archive, and hidden files."""
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
