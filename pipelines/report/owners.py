"""Who owes a return to whom (沪安委办〔2023〕32号 三(二); 威应急发〔2023〕11号 三(二)3): ref_return, a row per kind of owner and city.

What belongs here: turning those rows and the senders of a city into returns that are owed. What does not: the rows, what a return says
(annual.py), where each stands (pipelines/publish/return_calendar.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.documents.official import nested
from pipelines.report.contents import ALL, WHOLE, Owner
from pipelines.warehouse.tables import dicts

BY_KIND = ("industry_department", "district_bureau", "city_bureau")


class NobodyOwes(Exception):
    """No return is owed by that sender or city; the message says whose there are."""


@dataclass(frozen=True)
class Owed:
    """A return: its owner, and how it is headed and signed. Texts may hold {year}."""

    jurisdiction: str
    jurisdiction_name: str
    owner: Owner
    title: str
    addressee: str
    issuer: str
    copy_to: str
    source_doc: str
    article: str
    notice: str

    @property
    def key(self) -> str:
        """What its filings are numbered by: the city for the compilation, else the sender."""
        return self.jurisdiction if self.owner.is_whole else self.owner.provider


def owed_returns(connection: duckdb.DuckDBPyConnection, jurisdiction: str, stat_year: int) -> list[Owed]:
    """The returns of a city: departments, areas, then the compilation, each with its deadline of the year (none: not owed in it).

    A home from before returns had owners has the compilation only.
    """
    forms = dicts(
        connection,
        """
        select forms.*, laws.title as law_title
        from meta.return_form as forms
        left join meta.law_register as laws on forms.source_doc = laws.doc_code
        where forms.jurisdiction = ?
        """,
        jurisdiction,
    )
    senders = dicts(
        connection,
        """
        select senders.provider, senders.kind, senders.name, senders.district_code, senders.industry_code,
            coalesce(districts.name, industries.name) as scope_name, coalesce(districts.sort_no, industries.sort_no) as sort_no
        from marts.dim_provider as senders
        left join marts.dim_district as districts on senders.district_code = districts.district_code
        left join marts.dim_industry as industries on senders.industry_code = industries.industry_code
        where senders.jurisdiction = ? and senders.kind in ('industry_department', 'district_bureau', 'city_bureau')
        order by sort_no, senders.provider
        """,
        jurisdiction,
    )
    due = {
        (row["provider"], row["obligation_code"]): row["due_date"]
        for row in dicts(
            connection,
            "select provider, obligation_code, due_date from marts.submissions where jurisdiction = ? and stat_year = ?",
            jurisdiction,
            stat_year,
        )
    }
    found = []
    for kind in BY_KIND:
        for form in forms:
            if form["owner_kind"] != kind:
                continue
            own = [sender for sender in senders if sender["kind"] == kind and _has_scope(sender, form["scope"])]
            if form["scope"] == WHOLE:
                own = own[:1] or [{"provider": "", "name": form["issuer"], "scope_name": None}]
            found += [_owed(form, sender, due) for sender in own]
    return found


def _has_scope(sender: dict[str, Any], scope: str) -> bool:
    column = {"field": "industry_code", "area": "district_code"}.get(scope)
    return column is None or sender[column] is not None


def _owed(form: dict[str, Any], sender: dict[str, Any], due: dict[tuple[str, str], Any]) -> Owed:
    city, scope = form["jurisdiction_name"], form["scope"]
    law = form["law_title"]
    names = {
        "owner": sender["name"],
        "scope": sender["scope_name"] or city,
        "notice": f"《{nested(law)}》（{form['source_doc']}）" if law else form["source_doc"],
        "city": city,
        "year": "{year}",
    }
    owner = Owner(
        provider=sender["provider"],
        name=sender["name"],
        kind=form["owner_kind"],
        scope=scope,
        scope_name=names["scope"],
        district_code=sender["district_code"] if scope == "area" else ALL,
        industry_code=sender["industry_code"] if scope == "field" else ALL,
        obligation_code=form["obligation_code"],
        due_date=due.get((sender["provider"], form["obligation_code"])),
    )
    texts = {name: filled(form[name] or "", names) for name in ("title", "addressee", "issuer", "copy_to")}
    return Owed(
        form["jurisdiction"], city, owner, source_doc=form["source_doc"], article=form["article"] or "", notice=names["notice"], **texts
    )  # fmt: skip


def filled(text: str, names: dict[str, str]) -> str:
    """A text of ref_return with its placeholders replaced; braces that are none stay."""
    for name, value in names.items():
        text = text.replace("{" + name + "}", value)
    return text


def find(connection: duckdb.DuckDBPyConnection, sender: str, stat_year: int) -> Owed:
    """The return of a sender, by its code or name.

    Raises:
        NobodyOwes: it owes none.
    """
    cities = [
        row[0] for row in connection.execute("select distinct jurisdiction from meta.return_form order by 1").fetchall()
    ]
    every = [one for city in cities for one in owed_returns(connection, city, stat_year)]
    for one in every:
        if sender in (one.owner.provider, one.owner.name):
            return one
    listed = "\n".join(f"  {one.owner.provider}　{one.owner.name}" for one in every if one.owner.provider)
    raise NobodyOwes(f"「{sender}」没有应报的年度报告。应报的单位：\n{listed}")
