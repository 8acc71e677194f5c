"""Formats whose rows name their columns: JSON lines and Parquet.

What belongs here: typed values as a sender would have written them. What does not: what they mean (normalise.py).

Only columns that the contract knows are read; of others nothing but the name is looked at, whatever their type.
"""

from __future__ import annotations

from datetime import time

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.feeds.contracts import Contract
from pipelines.ingest.readers.delimited import decode, encoding_of
from pipelines.ingest.readers.headers import header_names, match_header, no_header
from pipelines.ingest.readers.sheet import (
    DAMAGED,
    DEFAULT_LIMITS,
    NESTED,
    HeaderCell,
    Limits,
    Refused,
    Sheet,
    mostly_whole,
    with_line_numbers,
)

# From here on not every whole number is a double (2^53); ten times as large ones are written with an exponent anyway.
MOST_EXACT = 9007199254740992


def _header(names: list[str], contract: Contract, limits: Limits) -> list[HeaderCell]:
    limits.width(len(names))
    header = match_header(list(names), header_names(contract.feed))
    if not set(contract.required_key) <= {cell.column for cell in header}:
        raise no_header([header], contract)
    return header


def read_jsonl(content: bytes, contract: Contract, limits: Limits = DEFAULT_LIMITS) -> Sheet:
    """One JSON object a line, its values as they are written; a line that is none is a damaged one.

    Raises:
        Refused: no text, without the feed's key, or more than half of the lines damaged.
    """
    text = decode(content, encoding_of(content)).decode()
    lines = pl.DataFrame({"text": text.split("\n")}).with_row_index("line_no", offset=1)
    lines = lines.filter(pl.col("text").str.strip_chars() != "").with_columns(pl.col("line_no").cast(pl.Int64))
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.register("given", lines.to_arrow())
        connection.execute(
            "create temp table lines as select line_no, text, "
            "case when json_valid(text) and json_type(text) = 'OBJECT' then json_keys(text) end as keys from given"
        )
        # Most lines have the keys of others: they are looked at once. An object that says the same thing twice says nothing.
        connection.execute(
            "create temp table forms as select keys, min(line_no) as first from lines where keys is not null group by keys"
        )
        connection.execute(
            "create temp table twice as select keys from forms where len(keys) > len(list_distinct(keys))"
        )
        if connection.sql("select 1 from twice limit 1").fetchall():
            connection.execute("update lines set keys = null where keys in (select keys from twice)")
            connection.execute("delete from forms where keys in (select keys from twice)")
        names = connection.sql(
            "select name from (select first, unnest(keys) as name, unnest(range(len(keys))) as place from forms) "
            "group by name order by min(first), min(place), name"
        ).fetchall()
        # An array, or objects over several lines: no line is an object, and brackets stand at the begin of some.
        if not names and lines["text"].str.contains(r"^\s*(\[|[\[\]{},]+\s*$)").any():
            raise Refused("not_json_lines")
        header = _header([name for (name,) in names], contract, limits)
        known = [place for place, cell in enumerate(header) if cell.column]
        pointers = ["/" + names[place][0].replace("~", "~0").replace("/", "~1") for place in known]
        is_nested = bool(lines["text"].str.contains(r":\s*[\[{]").any())
        kinds = "json_type(text, $pointers)" if is_nested else "null::varchar[]"
        read = connection.sql(
            "select line_no, keys is not null as good, case when keys is not null then json_extract_string(text, $pointers) end as cells, "
            f"case when keys is not null then {kinds} end as kinds from lines order by line_no",
            params={"pointers": pointers},
        ).to_arrow_table()
    frame = pl.DataFrame(pl.from_arrow(read))
    cells = {
        place: _plain(number, contract.columns[str(header[place].column)].many) for number, place in enumerate(known)
    }
    rows = frame.select(
        *(cells.get(place, pl.lit(None, pl.String)).alias(f"c{place}") for place in range(len(header))),
        line_no=pl.col("line_no").cast(pl.Int64),
        fault=pl.when(~pl.col("good")).then(pl.lit(DAMAGED)),
    )
    mostly_whole(rows.height, rows["fault"].count())
    return Sheet("", header, rows)


def _plain(number: int, many: bool) -> pl.Expr:
    """The value of a column as text; what is nested in a column of single values is none."""
    text = pl.col("cells").list.get(number, null_on_oob=True)
    kind = pl.col("kinds").list.get(number, null_on_oob=True)
    nested = kind == "OBJECT" if many else kind.is_in(["OBJECT", "ARRAY"])
    return pl.when(nested).then(pl.lit(NESTED)).otherwise(_listed(text))


def _listed(text: pl.Expr) -> pl.Expr:
    """A JSON list of texts as people write one, with 、 between them."""
    bare = text.str.strip_chars('[]"').str.replace_all(r'"?,"?', "、")
    return pl.when(text.str.starts_with('["') & text.str.ends_with('"]')).then(bare).otherwise(text)


def read_parquet(content: bytes, contract: Contract, limits: Limits = DEFAULT_LIMITS) -> Sheet:
    """A Parquet file; lines are rows, counted from 1.

    Arrow reads it: over damaged bytes it raises, where other readers were seen to end the process.

    Raises:
        Refused: damaged, or without the feed's key.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        names = file.schema_arrow.names
        header = _header(names, contract, limits)
        known = [place for place, cell in enumerate(header) if cell.column]
        # Columns are asked for by name, and a name may occur twice: the first of them counts.
        table = file.read(columns=[names[place] for place in known], use_threads=False)
        columns = [table.column(table.schema.names.index(names[place])) for place in known]
        for column in columns:
            column.validate(full=True)  # texts that are none end a process further on
        cells = {
            f"c{place}": pl.Series(pl.from_arrow(_readable(column)))
            for place, column in zip(known, columns, strict=True)
        }
        frame = pl.DataFrame(cells)
        many = {f"c{place}": contract.columns[str(header[place].column)].many for place in known}
        rows = frame.select(_as_text(name, kind, many[name]) for name, kind in frame.schema.items())
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise Refused("bad_parquet") from error
    others = (pl.lit(None, pl.String).alias(f"c{place}") for place in range(len(header)) if place not in known)
    rows = rows.with_columns(others).select(f"c{place}" for place in range(len(header)))
    return Sheet("", header, with_line_numbers(rows))


def _readable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Bytes as text; where one value is none, all as hexadecimal digits with a mark that no text has."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)):
        return column
    column = pc.cast(column, pa.large_binary())
    try:
        return pc.cast(column, pa.large_string())
    except pa.ArrowInvalid:
        texts = [None if value is None else value.decode(errors="replace") for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.large_string())])


def _as_text(name: str, kind: pl.DataType, many: bool) -> pl.Expr:
    """Typed values as a sender would have written them."""
    value = pl.col(name)
    if kind == pl.Boolean:
        value = pl.when(value).then(pl.lit("是")).when(~value).then(pl.lit("否"))
    elif kind.is_nested() and (isinstance(kind, pl.Struct) or not many):
        value = pl.when(value.is_not_null()).then(pl.lit(NESTED))
    elif kind.is_nested():
        value = value.cast(pl.List(pl.String)).list.join("、")
    elif isinstance(kind, pl.Datetime):
        if kind.time_zone:
            value = value.dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
        # Midnight is how a day is stored where the column could hold a time.
        value = pl.when(value.dt.time() == time(0)).then(value.dt.strftime("%Y-%m-%d")).otherwise(value.cast(pl.String))
    elif kind.is_float():
        # 3.0 is how a whole number is stored; it is written 3. Beyond 2^53 not every whole number can be.
        text, digits = value.cast(pl.String), value.cast(pl.Int64, strict=False).cast(pl.String)
        exponent = pl.concat_str(digits.str.head(1), pl.lit("."), digits.str.slice(1), pl.lit("E+15"))
        value = (
            pl.when(value.abs() >= MOST_EXACT)
            .then(pl.when(text.str.contains("e")).then(text).otherwise(exponent))
            .when(value == value.round(0))
            .then(digits)
            .otherwise(text)
        )
    return value.cast(pl.String).alias(name)
