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


def description() -> dict[str, Any]:
    """The interface as OpenAPI."""

    def named(name: str, what: str) -> dict[str, Any]:
        return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "description": what}

    feed = {"name": "feed", "in": "path", "required": True, "schema": {"type": "string", "enum": list(contracts())}}
    number = {
        "name": "number",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f]{24}$"},
    }
    provider = {
        "name": "provider", "in": "query", "required": False, "schema": {"type": "string"}, "description": "令牌可为几个单位报送时，为哪一个",
    }  # fmt: skip
    paged = [
        {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1, "default": 1}},
        {"name": "size", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}},
    ]
    workbook = {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
            "schema": {"type": "string", "format": "binary"}
        }
    }
    drop = {"application/json": {"schema": {"$ref": "#/components/schemas/Drop"}}}

    def answered(content: dict[str, Any], status: str = "200", told: str = "成功") -> dict[str, Any]:
        return {
            status: {"description": told, "content": content},
            "default": {"$ref": "#/components/responses/Refused"},
        }

    def anything(kind: str) -> dict[str, Any]:
        return {"application/json": {"schema": {"type": kind}}}

    def get(name: str, summary: str, content: dict[str, Any], *parameters: dict[str, Any]) -> dict[str, Any]:
        return {
            "get": {
                "operationId": name,
                "summary": summary,
                "parameters": list(parameters),
                "responses": answered(content),
            }
        }

    def rows(name: str, summary: str, contract: Contract) -> dict[str, Any]:
        body = {"application/json": {"schema": {"type": "array", "items": feed_schema(contract)}}}
        return {
            "post": {
                "operationId": name, "summary": summary, "parameters": [provider], "requestBody": {"required": True, "content": body},
                "responses": answered(drop, "201", "已收下"),
            }
        }  # fmt: skip

    upload = {
        "post": {
            "operationId": "handIn", "summary": "报送一份文件，或 JSON Lines 的行；同样的内容再报是同一份",
            "parameters": [
                named("key", "报送表"), provider, {"name": "dry_run", "in": "query", "schema": {"type": "boolean", "default": False}, "description": "只检查，不登记；回执中附逐处问题"},
                {"name": "X-File-Name", "in": "header", "schema": {"type": "string"}, "description": "文件名（百分号编码），决定格式"},
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
                    "application/x-ndjson": {"schema": {"type": "string"}},
                },
            },
            "responses": answered(drop, "201", "已收下，正在检查") | {"200": {"description": "只检查的结果，或早已收下的同一份", "content": drop}},
        }
    }  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": {"title": "安责险数据报送窗口", "version": pipelines.__version__},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": {
            "/feeds": get("listFeeds", "可以报送的表", anything("array"), provider),
            "/feeds/{feed}/schema": get("feedSchema", "一张表的行的 JSON Schema", anything("object"), feed),
            "/feeds/{feed}/template": get("feedTemplate", "报送模板（工作簿）", workbook, feed, provider),
            "/obligations": get("listObligations", "应报的数据与材料、期限、报到哪一天", anything("object"), provider),
            "/questions": get("listQuestions", "待答复的事项：待确认的金额、退回的行、提示", anything("object"), provider),
            "/drops": get("listDrops", "报过的文件，分页", anything("object"), provider, *paged),
            # One path for both: to OpenAPI, templates that differ in a name only are the same.
            "/drops/{key}": upload | get("getDrop", "一份文件的回执", drop, named("key", "文件编号"), provider),
            "/drops/{number}/issues": get("listIssues", "逐处问题，分页", anything("object"), number, provider, *paged),
            "/drops/{number}/corrections": get("getCorrections", "更正工作簿：只有有问题的行，批注写明怎样改", workbook, number, provider),
            "/answers": rows("answer", "答复：确认、说明、不再补报", contracts()["answer"]),
            "/declarations": rows("declare", "报送声明：数据截至、行数、控制金额、零报告", contracts()["declaration"]),
            "/publications/latest": get("latestPublication", "最近一次发布", anything("object")),
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "Refused": {
                    "description": "没有办成，说明为什么和怎么办",
                    "content": {"application/json": {"schema": {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}}},
                }
            },
            "schemas": {
                "Drop": {
                    "type": "object",
                    "properties": {
                        "number": {"type": "string"}, "provider": {"type": "string"}, "feed": {"type": "string"}, "file_name": {"type": "string"},
                        "size": {"type": "integer"}, "sha256": {"type": "string"}, "received_at": {"type": "string"},
                        "state": {"type": "string", "enum": ["received", "readable", "refused", "checked", "in_warehouse", "to_confirm"]}, "refused": {"type": "string"},
                        "rows_in": {"type": "integer"}, "accepted": {"type": "integer"}, "quarantined": {"type": "integer"}, "duplicate": {"type": "integer"},
                        "unread": {"type": "array", "items": {"type": "string"}}, "hints": {"type": "array", "items": {"type": "string"}}, "publication": {"type": "string"}, "checked_at": {"type": "string"},
                    },
                    "required": ["number", "provider", "feed", "state"],
                }
            },
        },
    }  # fmt: skip
