"""The one door to a return's tables, whatever holds them: a folder or zip of CSV files, a workbook, the XML."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from missingmodels.errors import ImportFault, InputError
from missingmodels.extract.readers import source_table
from missingmodels.extract.readers.csv_fast import csv_table, read_csv_folder
from missingmodels.extract.readers.source_table import SourceTable, table_of
from missingmodels.extract.readers.workbook import WORKBOOKS, read_workbook
from missingmodels.extract.readers.xml import read_xml903
from missingmodels.extract.readers.zip_files import read_zip

OLD_WORKBOOKS = (".xls", ".xlsb", ".ods")
SUFFIXES = (".zip", ".xml", *WORKBOOKS)
KINDS = "a folder of CSV files, a .zip of them, an .xlsx workbook or the return's .xml"


def read_container(path: Path, names: Collection[str] = ()) -> list[SourceTable]:
    """The source tables in a folder of CSV files, a .zip of them, a workbook (.xlsx, .xlsm) or an XML return.

    ``names`` are the column names known, in capitals, by which the line that holds them is found.

    Raises InputError if there is no such path or it is none of these, ImportFault if its content is damaged or
    larger than MAX_BYTES uncompressed.
    """
    remedy = f"name {KINDS}"
    if not path.exists():
        raise InputError("there is no such folder or file", where=str(path), remedy=remedy)
    if path.is_dir():
        return read_csv_folder(path, names)
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        hint = {
            ".csv": "name the folder that holds this file and the return's others",
            **dict.fromkeys(OLD_WORKBOOKS, "save it as .xlsx first"),
        }
        raise InputError(
            "this is a file, but neither a .zip, an .xlsx nor an .xml", where=str(path), remedy=hint.get(kind, remedy)
        )
    size = path.stat().st_size
    if size > source_table.MAX_BYTES:
        raise ImportFault(
            f"the file has {size:,} bytes, more than the {source_table.MAX_BYTES:,} allowed",
            where=path.name,
            remedy="give the return of one year, not an archive of many",
        )
    if kind == ".zip":
        return read_zip(path, names)
    if kind == ".xml":
        return read_xml903(path)
    return [table_of(grid, comma_separated=False, names=names) for grid in read_workbook(path)]


def file_tables(path: Path, names: Collection[str] = ()) -> list[SourceTable]:
    """The tables of one .csv file or workbook, a sheet each; ``names`` as in ``read_container``.

    Raises InputError for any other path, ImportFault if it cannot be read.
    """
    remedy = "name a .csv or .xlsx file"
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), remedy=remedy)
    kind = path.suffix.lower()
    if kind == ".csv":
        return [csv_table(path.read_bytes(), name=path.name, label=path.name, names=names)]
    if kind in WORKBOOKS:
        return [table_of(grid, comma_separated=False, names=names) for grid in read_workbook(path)]
    raise InputError("this is neither a .csv nor an .xlsx file", where=str(path), remedy=remedy)
