"""What goes wrong between the true record and the file, each mistake labelled.

What belongs here: kinds of mistakes (domain.md 9.1), which rows get one, what rule must catch it.
What does not: the rules themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

NO_FILES = pl.DataFrame(schema={"path": pl.String, "expected": pl.String})


@dataclass(frozen=True)
class Mistake:
    """One kind of mistake: the column it spoils, how, and the rule code that must catch it.

    `expected` None: a spelling that must be accepted. "duplicate": an exact repeat in the file.
    """

    column: str
    spoil: pl.Expr
    expected: str | None


def _full_width(column: str) -> pl.Expr:
    digits = {str(digit): chr(0xFF10 + digit) for digit in range(10)}
    return pl.col(column).str.replace_many(list(digits), list(digits.values()))


def _chinese_date(column: str) -> pl.Expr:
    part = pl.col(column).str.extract_groups(r"^(\d{4})\D(\d{2})\D(\d{2})$")
    return pl.concat_str(
        part.struct["1"],
        pl.lit("年"),
        part.struct["2"].str.strip_chars_start("0"),
        pl.lit("月"),
        part.struct["3"].str.strip_chars_start("0"),
        pl.lit("日"),
    )


def _thousands(column: str) -> pl.Expr:
    return pl.concat_str(pl.lit("￥"), pl.col(column).str.replace(r"(\d)(\d{3}\.)", "$1,$2"))


def _wrong_check_character(column: str) -> pl.Expr:
    last = pl.col(column).str.slice(17)
    return pl.concat_str(pl.col(column).str.slice(0, 17), pl.when(last == "0").then(pl.lit("1")).otherwise(pl.lit("0")))


def _blank(column: str) -> Mistake:
    return Mistake(column, pl.lit(None, pl.String), "missing_value")


def _text(column: str, value: str, expected: str) -> Mistake:
    return Mistake(column, pl.lit(value), expected)


def _mistakes_of(feed: str) -> dict[str, Mistake]:
    """Kinds of mistakes of a feed by name. Only columns that are always filled are spoiled."""
    key, code, day, money, required = {
        "policy": ("policy_no", "insured_uscc", "inception_date", "premium_received", "insured_name"),
        "coinsurance": ("policy_no", None, None, None, None),
        "endorsement": ("endorsement_no", None, "effective_date", "received_change", "type"),
        "claim": ("claim_no", "insured_uscc", "loss_date", "estimate", "loss_date"),
        "service_record": ("service_no", "insured_uscc", "planned_date", None, "item"),
        "fee_ledger": ("entry_no", None, "entry_date", "amount", "type"),
        "enterprise": (None, "uscc", "listed_from", None, "name"),
        "hazard": ("hazard_no", "insured_uscc", "found_date", None, "grade"),
        "complaint": ("complaint_no", None, None, None, "topic"),
        # The return is made of these: they arrive as they are.
        "document": (None, None, None, None, None),
        "service_plan": (None, None, None, None, "plan_year"),
        "project": ("project_code", "builder_uscc", "start_date", "cost", "name"),
        "accident": ("accident_id", "uscc", None, "direct_loss", "deaths"),
        "service_org": (None, "uscc", "audit_date", None, "name"),
        "expert": (None, None, "valid_to", None, "type"),
        "inspection_plan": ("plan_no", None, "planned_from", None, "department"),
        "inspection": ("inspection_no", None, "inspected_on", None, "department"),
        "problem": ("problem_no", None, "found_date", None, "kind"),
        "enforcement": ("case_no", None, "decided_on", "fine", "law_article"),
        "credit_list": ("list_no", None, "valid_from", None, "reason"),
        "contact": (None, None, None, None, "role"),
        "indicator": (None, None, None, None, "value"),
        "declaration": (None, None, "covers_to", None, "period"),
        "permit": ("permit_no", "uscc", "valid_from", None, "kind"),
        "insurer_capacity": (None, None, None, None, "period"),
        "social_insurance": (None, "uscc", None, None, "insured_persons"),
        "enterprise_link": (None, "uscc", None, None, "kind"),
    }[feed]
    kinds: dict[str, Mistake] = {"repeated_row": Mistake("", pl.lit(None), "duplicate")}
    if key:
        kinds["full_width"] = Mistake(key, _full_width(key), None)
        kinds["blanks_around"] = Mistake(key, pl.concat_str(pl.lit(" 　"), pl.col(key), pl.lit(" ")), None)
        kinds["key_missing"] = _blank(key)
    if code:
        kinds["bad_check_character"] = Mistake(code, _wrong_check_character(code), "bad_uscc")
        kinds["code_cut_short"] = Mistake(code, pl.col(code).str.slice(0, 15), "bad_uscc")
        kinds["code_as_number"] = _text(code, "9.14E+17", "damaged_code")
    if day:
        kinds["chinese_date"] = Mistake(day, _chinese_date(day), None)
        kinds["no_such_day"] = _text(day, "2023-02-30", "bad_date")
    if money:
        kinds["thousands"] = Mistake(money, _thousands(money), None)
        kinds["money_in_words"] = _text(money, "约五千元", "bad_number")
    if required:
        kinds["required_missing"] = _blank(required)
    if feed == "policy":
        kinds["unknown_district"] = _text("district_code", "某某区", "unknown_code")
        kinds["dates_swapped"] = _text("expiry_date", "2019-01-01", "policy.expiry_before_inception")
        kinds["foreign_insurer"] = _text("insurer_code", "XXXX", "unknown_code")
        kinds["negative_premium"] = _text("premium_written", "-100", "out_of_range")
        kinds["ratio_of_2000_percent"] = _text("fee_ratio", "2000%", "out_of_range")
    if feed == "claim":
        kinds["closed_before_loss"] = _text("report_date", "2019-01-01", "claim.report_before_loss")
    if feed == "fee_ledger":
        kinds["negative_amount"] = _text("amount", "-50", "out_of_range")
    return kinds


def spread(feed: str, rows: pl.DataFrame, rate: float, seed: int) -> pl.DataFrame:
    """Chooses the rows with a mistake: columns `dirt` (kind) and `expected` (rule code; null = accepted).

    Half of the rejected rows are sent again, correctly, in the sender's next drop if it has one.
    """
    rng = np.random.default_rng(seed)
    kinds = _mistakes_of(feed)
    names = np.array(list(kinds))
    hit = rng.random(rows.height) < rate
    if "planted" in rows.columns:
        hit &= ~rows["planted"].to_numpy()
    chosen = np.where(hit, names[rng.integers(0, len(names), rows.height)], "")
    expected = {name: kind.expected for name, kind in kinds.items()}
    marked = rows.with_columns(dirt=pl.Series(chosen).replace("", None)).with_columns(
        expected=pl.col("dirt").replace_strict(expected, default=None, return_dtype=pl.String)
    )
    if not hit.any():
        return marked
    # A repeated row is written twice; the second one is the duplicate.
    repeats = marked.filter(pl.col("dirt") == "repeated_row")
    marked = marked.with_columns(expected=pl.when(pl.col("dirt") == "repeated_row").then(None).otherwise("expected"))
    drops = rows.select("provider", "received").unique().sort("provider", "received")
    following = drops.with_columns(next=pl.col("received").shift(-1).over("provider")).drop_nulls()
    rejected = marked.filter(pl.col("expected").is_not_null() & pl.Series(rng.random(marked.height) < 0.5))
    again = (
        rejected.join(following, on=["provider", "received"])
        .with_columns(received="next", dirt=pl.lit("sent_again"), expected=pl.lit(None, pl.String))
        .select(marked.columns)
    )
    # Within a drop, what is sent again stands first and a repeated row after its original.
    return pl.concat([again, marked, repeats]).sort("provider", "received", maintain_order=True)


def soil(feed: str, text: pl.DataFrame, dirt: pl.Series) -> pl.DataFrame:
    """The rows as text with their mistakes in them."""
    present = set(dirt.drop_nulls().unique())
    kinds = {name: kind for name, kind in _mistakes_of(feed).items() if name in present and kind.column}
    if not kinds:
        return text
    spoiled: dict[str, pl.Expr] = {}
    for name, kind in kinds.items():
        otherwise = spoiled.get(kind.column, pl.col(kind.column))
        spoiled[kind.column] = pl.when(pl.col("_dirt") == name).then(kind.spoil).otherwise(otherwise)
    rows = dirt.is_not_null().arg_true()
    soiled = text[rows].with_columns(_dirt=dirt[rows])
    soiled = soiled.select(**spoiled)
    return text.with_columns(text[name].clone().scatter(rows, soiled[name]) for name in spoiled)


def spoil_files(raw: Path, paths: list[str]) -> pl.DataFrame:
    """Adds files that must be refused or change nothing; returns path → expected reason or `unchanged`."""
    policies = sorted(path for path in paths if "/policy/" in path)
    workbook = next((path for path in policies if path.endswith(".xlsx")), policies[0])
    first = policies[0]
    provider = first.split("/")[0]
    made: dict[str, tuple[bytes, str]] = {
        f"{provider}/policy/2024-03-11/乱码.csv": (b"\xff\xff\x81\x00 policy \x81\xff" * 40, "undecodable"),
        f"{provider}/policy/2024-03-12/通讯录.csv": ("部门,电话\n办公室,0000\n".encode(), "no_header"),
        f"{provider}/claim/2024-03-13/截断.xlsx": ((raw / workbook).read_bytes()[:900], "not_a_workbook"),
        f"{provider}/policy/2026-10-15/重复报送.{first.rsplit('.', 1)[1]}": ((raw / first).read_bytes(), "unchanged"),
    }
    for path, (content, _) in made.items():
        (raw / path).parent.mkdir(parents=True, exist_ok=True)
        (raw / path).write_bytes(content)
    return pl.DataFrame({"path": list(made), "expected": [expected for _, expected in made.values()]})
