"""The meaning of feed columns as dbt doc blocks, made from the contracts.

What belongs here: rendering dbt_project/models/staging/feed_columns.md, so that catalogue comments and
the data dictionary say what the contract says. What does not: meanings of computed columns (the YAML beside
each dbt model). Run `python -m pipelines.feeds.column_docs` after a change of a contract; a test compares.
"""

from __future__ import annotations

from pipelines.feeds.contracts import Column, contracts
from pipelines.settings import DBT_PROJECT

TARGET = DBT_PROJECT / "models" / "staging" / "feed_columns.md"
UNITS = {"money": "元", "ratio": "比例 0–1", "date": "日期", "datetime": "北京时间", "month": "年-月", "uscc": "18 位"}


def sentence(column: Column) -> str:
    """`中文名：说明（单位；可取值）`."""
    facts = [UNITS[column.type]] if column.type in UNITS else []
    if isinstance(column.codes, list):
        facts.append("取值 " + "、".join(column.codes))
    if column.personal:
        facts.append("带密钥散列")
    tail = f"（{'；'.join(facts)}）" if facts else ""
    return f"{column.title}：{column.description or column.title}{tail}"


def render() -> str:
    blocks = ["<!-- Made by `python -m pipelines.feeds.column_docs` from pipelines/feeds/*.yaml; do not edit. -->\n"]
    for feed, contract in contracts().items():
        for name, column in contract.columns.items():
            blocks.append(f"{{% docs {feed}__{name} %}}{sentence(column)}{{% enddocs %}}\n")
    return "\n".join(blocks)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
