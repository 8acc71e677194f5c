"""Formats whose rows name their columns: JSON lines and Parquet.

What belongs here: typed values as a sender would have written them. What does not: what they mean (normalise.py).
"""

from __future__ import annotations

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.feeds.contracts import Contract
from pipelines.ingest.readers.delimited import decode, encoding_of
from pipelines.ingest.readers.headers import header_names, match_header, no_header
from pipelines.ingest.readers.sheet import DEFAULT_LIMITS, Limits, Refused, Sheet, with_line_numbers

DAMAGED = "（无法解析的一行）"
"""Stands for a line that is no record: what it holds is nobody's to quote."""


def _table(frame: pl.DataFrame, contract: Contract, limits: Limits) -> Sheet:
    """A sheet from a frame whose column names are the headers."""
    limits.width(frame.width)
    header = match_header(list(frame.columns), header_names(contract.feed))
    if not set(contract.required_key) <= {cell.column for cell in header}:
        raise no_header(contract)
    rows = frame.rename({name: f"c{place}" for place, name in enumerate(frame.columns)})
    return Sheet("", header, with_line_numbers(rows))


def read_jsonl(content: bytes, contract: Contract, limits: Limits = DEFAULT_LIMITS) -> Sheet:
    """One JSON object a line; a line that is none is a ragged row.

    Raises:
        Refused: undecodable, or no line with the feed's key.
    """
    text = decode(content, encoding_of(content)).decode()
    if "\n" not in text:
        text = text.replace("\r", "\n")
    lines = pl.DataFrame({"text": text.split("\n")}).with_columns(line_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    lines = lines.filter(pl.col("text").str.strip_chars() != "")
    with duckdb.connect(":memory:") as connection:
        connection.register("lines", lines.to_arrow())
        good = connection.sql(
            "select case when json_valid(text) then json_type(text) = 'OBJECT' else false end as good from lines"
        ).to_arrow_table()
    is_object = pl.Series(pl.from_arrow(good.column("good")), dtype=pl.Boolean).fill_null(False)
    objects = lines.filter(is_object)
    if objects.is_empty():
        raise no_header(contract)
    try:
        frame = pl.read_ndjson("\n".join(objects["text"]).encode(), infer_schema_length=None)
    except pl.exceptions.PolarsError as error:
        raise Refused("malformed", detail="有的行不是 JSON 对象") from error
    sheet = _table(frame.select(_as_text(frame)), contract, limits)
    good_rows = sheet.rows.with_columns(line_no=objects["line_no"])
    bad = lines.filter(~is_object).select(
        *[
            pl.lit(DAMAGED).alias(name) if name == "c0" else pl.lit(None, pl.String).alias(name)
            for name in good_rows.columns
            if name.startswith("c")
        ],
        "line_no",
        ragged=pl.lit(True),
    )
    return Sheet("", sheet.header, pl.concat([good_rows, bad.select(good_rows.columns)]).sort("line_no"))


def read_parquet(content: bytes, contract: Contract, limits: Limits = DEFAULT_LIMITS) -> Sheet:
    """A Parquet file; lines are rows, counted from 1.

    Arrow reads it: over damaged bytes it raises, where other readers were seen to end the process.

    Raises:
        Refused: damaged, or without the feed's key.
    """
    try:
        limits.width(len(pq.read_schema(pa.BufferReader(content)).names))
        table = pq.read_table(pa.BufferReader(content), use_threads=False)
        table.validate(full=True)  # texts that are none end a process further on
        frame = pl.from_arrow(table)
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        raise Refused("malformed", detail="Parquet 文件损坏") from error
    assert isinstance(frame, pl.DataFrame)
    return _table(frame.select(_as_text(frame)), contract, limits)


def _as_text(frame: pl.DataFrame) -> list[pl.Expr]:
    """Typed values as a sender would have written them."""
    expressions = []
    for name, kind in frame.schema.items():
        value = pl.col(name)
        if kind == pl.Boolean:
            value = pl.when(value).then(pl.lit("是")).when(~value).then(pl.lit("否"))
        elif kind.is_nested():
            value = (
                value.struct.json_encode()
                if isinstance(kind, pl.Struct)
                else value.cast(pl.List(pl.String)).list.join("、")
            )
        elif isinstance(kind, pl.Datetime) and kind.time_zone:
            value = value.dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
        elif kind.is_float():
            # 3.0 is how a whole number is stored; it is written 3.
            whole = (value == value.round(0)) & (value.abs() < 1e15)
            value = (
                pl.when(whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(value.cast(pl.String))
            )
        elif kind == pl.Binary:
            value = value.bin.encode("hex")
        expressions.append(value.cast(pl.String).alias(name))
    return expressions
