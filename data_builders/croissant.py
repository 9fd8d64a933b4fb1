"""Croissant metadata (MLCommons, version 1.0) of a dataset: OUT/croissant.json, beside the card for people.

It describes files, checksums and columns, and counts rows per source, task, finding, length and leads. The tables
themselves are best read with `datasets`, since Croissant's own loader does not read lists of structs.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyecg.conversation import conversation_schema, record_schema

from .sources.catalogue import CATALOGUE

if TYPE_CHECKING:
    import pyarrow as pa

_TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format",
    "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
_CONTEXT: dict[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "examples": {"@id": "cr:examples", "@type": "@json"},
} | {term: f"cr:{term}" for term in _TERMS}  # fmt: skip
_TYPES = {"string": "sc:Text", "float": "sc:Float", "double": "sc:Float", "int64": "sc:Integer", "int32": "sc:Integer"}


def write_croissant(out: Path, sources: Sequence[str], totals: Mapping[str, int]) -> Path:
    """Describe the tables of a dataset for machines; returns the path.

    Args:
        out: the dataset's directory.
        sources: names of the databases in it.
        totals: what is counted ("records, finding AFIB") → number (`counts.Counts.totals`).
    """
    tables = {"records": record_schema(), "conversations": conversation_schema()}
    tables = {name: schema for name, schema in tables.items() if any((out / name).glob("*.parquet"))}
    licences = sorted({CATALOGUE[source].licence for source in sources})
    description = {
        "@context": _CONTEXT, "@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "anyecg", "version": "1.0.0", "license": licences,
        "description": "ECG records and conversations about them, built by anyecg from "
        + "; ".join(CATALOGUE[source].title for source in sources) + ". Not for clinical use.",
        "citeAs": "; ".join(CATALOGUE[source].title for source in sources),
        "distribution": [file for name in tables for file in _files(out, name)],
        "recordSet": [_record_set(name, schema) for name, schema in tables.items()],
        "variableMeasured": [
            {"@type": "sc:PropertyValue", "name": f"number of {name}", "value": n} for name, n in totals.items()
        ],
    }  # fmt: skip
    path = out / "croissant.json"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(description, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, path)
    return path


def _files(out: Path, table: str) -> list[dict[str, Any]]:
    """Every shard with its checksum, and the set of them."""
    shards: list[dict[str, Any]] = [
        {
            "@type": "cr:FileObject", "@id": f"{table}/{path.name}", "contentUrl": f"{table}/{path.name}",
            "encodingFormat": "application/x-parquet", "sha256": _sha256(path),
        }
        for path in sorted((out / table).glob("*.parquet"))
    ]  # fmt: skip
    together = {
        "@type": "cr:FileSet", "@id": f"{table}-files", "encodingFormat": "application/x-parquet",
        "includes": f"{table}/*.parquet",
    }  # fmt: skip
    return [*shards, together]


def _record_set(table: str, schema: pa.Schema) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet", "@id": table, "name": table,
        "description": "One ECG per row" if table == "records" else "One conversation per row",
        "field": [_field(table, column) for column in schema],
    }  # fmt: skip


def _field(table: str, column: pa.Field, within: str = "") -> dict[str, Any]:
    """A column; lists are repeated fields, structs have sub-fields."""
    import pyarrow as pa

    kind, repeated = column.type, False
    while pa.types.is_list(kind):
        kind, repeated = kind.value_type, True
    name = f"{within or table}/{column.name}"
    field: dict[str, Any] = {"@type": "cr:Field", "@id": name, "name": name} | ({"repeated": True} if repeated else {})
    if pa.types.is_struct(kind):
        return field | {"subField": [_field(table, part, name) for part in kind]}
    source = {"fileSet": {"@id": f"{table}-files"}, "extract": {"column": name.split("/")[1]}}
    return field | {"dataType": _TYPES.get(str(kind), "sc:Text"), "source": source}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
