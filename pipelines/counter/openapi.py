"""The description of the HTTP interface (OpenAPI 3.1), and the JSON Schema of each feed, made from the contracts.

What belongs here: what a program is told. What does not: what is done (api.py).
"""

from __future__ import annotations

from typing import Any

import pipelines
from pipelines.feeds.contracts import Column, Contract, contracts

TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"}, "uscc": {"type": "string", "description": "18 位统一社会信用代码"}, "code": {"type": "string"},
    "date": {"type": "string", "format": "date"}, "datetime": {"type": "string", "format": "date-time"},
    "month": {"type": "string", "pattern": r"^\d{4}-\d{2}$"}, "int": {"type": "integer"}, "money": {"type": ["number", "string"]},
    "decimal": {"type": ["number", "string"]}, "ratio": {"type": ["number", "string"]}, "bool": {"type": ["boolean", "string"]},
}  # fmt: skip


def feed_schema(contract: Contract) -> dict[str, Any]:
    """JSON Schema of a row of a feed."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": contract.feed,
        "description": contract.title,
        "type": "object",
        "properties": {name: _column(column) for name, column in contract.columns.items()},
        "required": [name for name, column in contract.columns.items() if column.required],
    }


def _column(column: Column) -> dict[str, Any]:
    found = dict(TYPES[column.type]) | {"title": column.title}
    said = "；".join(part for part in (found.get("description"), column.description) if part)
    if said:
        found["description"] = said
    if isinstance(column.codes, list):
        found["enum"] = [*column.codes, *column.code_aliases]
    return found


Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
YES_OR_NO: Schema = {"type": "boolean"}
TEXT_OR_NOT: Schema = {"type": ["string", "null"]}
COUNT_OR_NOT: Schema = {"type": ["integer", "null"]}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    """An object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


PAGED: dict[str, Schema] = {"total": COUNT, "page": COUNT, "size": COUNT}
ASKED: dict[str, Schema] = {
    "subject_no": TEXT,
    "feed": TEXT,
    "record_key": TEXT_OR_NOT,
    "file_name": TEXT,
    "sheet": TEXT_OR_NOT,
    "line_no": COUNT_OR_NOT,
}
DROP: dict[str, Schema] = {
    "number": TEXT | {"description": "收件编号"}, "provider": TEXT, "feed": TEXT, "file_name": TEXT, "size": COUNT, "sha256": TEXT,
    "received_at": TEXT | {"description": "北京时间"},
    "state": TEXT | {
        "enum": ["received", "readable", "refused", "checked", "in_warehouse", "to_confirm"],
        "description": "已收到，可以读取（正在检查），整份退回，已检查（等待夜间入库），已入库，已入库而有金额待确认",
    },
    "refused": TEXT | {"description": "整份退回的原因"}, "rows_in": COUNT, "accepted": COUNT, "quarantined": COUNT, "duplicate": COUNT,
    "unread": {"type": "array", "items": TEXT, "description": "没有读取的列和工作表"}, "checked_at": TEXT, "publication": TEXT | {"description": "含本文件的最近一次发布"},
}  # fmt: skip
SCHEMAS: dict[str, Schema] = {
    "Feed": _object(feed=TEXT, title=TEXT),
    "Drop": _object(**DROP) | {"properties": DROP | {"hints": {"type": "array", "items": TEXT}, "total": COUNT, "issues": _list("Issue")}},
    "Drops": _object(**PAGED, drops=_list("Drop")),
    "Issue": _object(sheet=TEXT_OR_NOT, line_no=COUNT_OR_NOT, record_key=TEXT_OR_NOT, rule_code=TEXT, severity=TEXT, column_name=TEXT_OR_NOT,
                     column_title=TEXT_OR_NOT, raw_value=TEXT_OR_NOT, message=TEXT),
    "Issues": _object(**PAGED, issues=_list("Issue")),
    "OwedFeed": _object(feed=TEXT, title=TEXT, covers_to=TEXT_OR_NOT, due=TEXT_OR_NOT, days_late=COUNT_OR_NOT, is_owed=YES_OR_NO, is_declared=YES_OR_NO),
    "OwedDocument": _object(name=TEXT, stat_year=COUNT_OR_NOT, due_date=TEXT_OR_NOT, received_on=TEXT_OR_NOT, state=TEXT),
    "Obligations": _object(as_of=TEXT_OR_NOT, feeds=_list("OwedFeed"), documents=_list("OwedDocument")),
    "AskedAmount": _object(**ASKED, column_name=TEXT, amount=TEXT, usual_amount=TEXT),
    "AskedRow": _object(**ASKED, message=TEXT, answer_text=TEXT_OR_NOT),
    "Questions": _object(to_confirm=_list("AskedAmount"), rejected=_list("AskedRow"), hints=_list("AskedRow")),
    "Publication": _object(publication_id=TEXT, as_of=TEXT, built_at=TEXT),
    "Message": _object(message=TEXT),
}  # fmt: skip


def description() -> dict[str, Any]:
    """The interface as OpenAPI."""

    def in_path(name: str, what: str, **schema: Any) -> dict[str, Any]:
        return {"name": name, "in": "path", "required": True, "schema": TEXT | schema, "description": what}

    def asked(name: str, what: str, **schema: Any) -> dict[str, Any]:
        return {"name": name, "in": "query", "schema": schema, "description": what}

    def json_of(name: str) -> dict[str, Any]:
        return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}

    def answered(content: dict[str, Any], status: str = "200", told: str = "成功") -> dict[str, Any]:
        return {
            status: {"description": told, "content": content},
            "default": {"$ref": "#/components/responses/Refused"},
        }

    def get(name: str, summary: str, content: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
        said = {"operationId": name, "summary": summary, "parameters": list(parameters), "responses": answered(content)}
        return {"get": said}

    def rows(name: str, summary: str, contract: Contract) -> dict[str, Any]:
        body = {"application/json": {"schema": {"type": "array", "items": feed_schema(contract)}}}
        return {
            "post": {
                "operationId": name, "summary": summary, "parameters": [provider], "requestBody": {"required": True, "content": body},
                "responses": answered(json_of("Drop"), "201", "已收下") | {"200": {"description": "早已收下的同一份", "content": json_of("Drop")}},
            }
        }  # fmt: skip

    feed = in_path("feed", "报送表", enum=list(contracts()))
    number = in_path("number", "收件编号", pattern="^[0-9a-f]{24}$")
    provider = asked("provider", "令牌可为几个单位报送时，为哪一个", type="string")
    paged = (
        asked("page", "第几页", type="integer", minimum=1, default=1),
        asked("size", "每页几条", type="integer", minimum=1, maximum=1000, default=100),
    )
    workbook = {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
            "schema": {"type": "string", "format": "binary"}
        }
    }
    upload = {
        "post": {
            "operationId": "handIn", "summary": "报送一份文件，或 JSON Lines 的行；同样的内容再报是同一份",
            "parameters": [
                in_path("key", "报送表"), provider, asked("dry_run", "只检查，不登记；回执中附逐处问题", type="boolean", default=False),
                {"name": "X-File-Name", "in": "header", "schema": TEXT, "description": "文件名（百分号编码），决定格式"},
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}, "application/x-ndjson": {"schema": TEXT},
                },
            },
            "responses": answered(json_of("Drop"), "201", "已收下，正在检查")
            | {"200": {"description": "只检查的结果，或早已收下的同一份", "content": json_of("Drop")}},
        }
    }  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {"title": "安责险数据报送窗口", "version": pipelines.__version__},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": {
            "/feeds": get("listFeeds", "可以报送的表", {"application/json": {"schema": _list("Feed")}}, provider),
            "/feeds/{feed}/schema": get("feedSchema", "一张表的行的 JSON Schema", {"application/json": {"schema": {"type": "object"}}}, feed, provider),
            "/feeds/{feed}/template": get("feedTemplate", "报送模板（工作簿）", workbook, feed, provider),
            "/obligations": get("listObligations", "应报的数据与材料、期限、报到哪一天", json_of("Obligations"), provider),
            "/questions": get("listQuestions", "待答复的事项：待确认的金额、退回的行、提示", json_of("Questions"), provider),
            "/drops": get("listDrops", "报过的文件，分页", json_of("Drops"), provider, *paged),
            # One path for both: to OpenAPI, templates that differ in a name only are the same.
            "/drops/{key}": upload | get("getDrop", "一份文件的回执", json_of("Drop"), in_path("key", "收件编号"), provider),
            "/drops/{number}/issues": get("listIssues", "逐处问题，分页", json_of("Issues"), number, provider, *paged),
            "/drops/{number}/corrections": get("getCorrections", "更正工作簿：只有有问题的行，批注写明怎样改", workbook, number, provider),
            "/answers": rows("answer", "答复：确认、说明、不再补报", contracts()["answer"]),
            "/declarations": rows("declare", "报送声明：数据截至、行数、控制金额、零报告", contracts()["declaration"]),
            "/publications/latest": get("latestPublication", "最近一次发布", json_of("Publication"), provider),
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {"Refused": {"description": "没有办成，说明为什么和怎么办", "content": json_of("Message")}},
            "schemas": SCHEMAS,
        },
    }  # fmt: skip
