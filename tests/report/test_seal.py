"""A document as a clerk has edited it: its figures are read back; what is no document of this return is refused."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import docx
import pytest
from conftest import Home
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from returns import WHY, filed, made, owed

from pipelines.night.past_day import warehouse_at
from pipelines.report import filing
from pipelines.report.contents import Return
from pipelines.report.docx_in import NotADocument, controls, opened
from pipelines.report.seal import GONE, edits

OWNER, YEAR = "shanghai_dept_transport", 2023


@pytest.fixture(scope="module")
def draft(dirty_world: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(dirty_world.settings, OWNER, YEAR, "", tmp_path_factory.mktemp("draft"))[1]["docx"]


def edited(draft: Path, target: Path, edit: Callable[[Any], None]) -> Path:
    document = docx.Document(str(draft))
    edit(document)
    document.save(str(target))
    return target


def control(document: Any, tag: str) -> Any:
    return next(
        one
        for one in document.element.body.iter(qn("w:sdt"))
        if one.find(f"{qn('w:sdtPr')}/{qn('w:tag')}").get(qn("w:val")) == tag
    )


def words(document: Any) -> None:
    document.paragraphs[9].add_run("我委高度重视，专题研究。")
    document.add_paragraph("另附说明。")


def figure(document: Any) -> None:
    next(control(document, "5/participation_rate").iter(qn("w:t"))).text = "99.99%"


def row(document: Any) -> None:
    gone = document.tables[0].rows[2]._tr
    gone.getparent().remove(gone)


def written_otherwise(document: Any) -> None:
    """The same numbers with separators, spaces, full-width digits, in pieces."""
    piece = next(control(document, "10.3/participants").iter(qn("w:t")))
    number = (piece.text or "").removesuffix("人次")
    wide = "".join(chr(ord(digit) - 48 + ord("０")) for digit in number)
    piece.text = f"{wide[0]}，{wide[1:]} 人次".replace("，", ",")


def unwrapped(document: Any) -> None:
    """The content control is taken away, its text typed anew."""
    one = control(document, "5/participation_rate")
    one.getparent().remove(one)


@cache
def report_of(home: Home) -> Return:
    """The return that documents are held against, made once."""
    return filing.make(home.settings, warehouse_at, owed(home.settings, OWNER, YEAR), YEAR, "")


def differing(home: Home, document: Path) -> dict[str, str]:
    return {edit.title: edit.document for edit in edits(report_of(home), document)}


def test_only_figures_are_held_against_the_warehouse(dirty_world: Home, draft: Path, tmp_path: Path) -> None:
    def of(edit: Callable[[Any], None]) -> dict[str, str]:
        return differing(dirty_world, edited(draft, tmp_path / f"{edit.__name__}.docx", edit))

    assert differing(dirty_world, draft) == {} == of(words) == of(written_otherwise)
    assert of(figure) == {"事项5 参保率": "99.99%"}
    assert of(unwrapped)["事项5 参保率"] == GONE
    gone = of(row)
    assert len(gone) == 8 and set(gone.values()) == {GONE} and all("帮扶活动" in title for title in gone)


def cell(document: Any, text: str) -> Any:
    return next(one for table in document.tables for row in table.rows for one in row.cells if one.text == text)


def bracket(document: Any) -> None:
    """The numerator, which is no content control."""
    paragraph = next(
        one for one in document.paragraphs if "参保率。" in "".join(t.text or "" for t in one._p.iter(qn("w:t")))
    )
    piece = next(one for one in paragraph._p.iter(qn("w:t")) if "÷" in (one.text or ""))
    piece.text = (piece.text or "").replace("（", "（9", 1)


def label(document: Any) -> None:
    piece = next(
        one for one in document.element.body.iter(qn("w:t")) if (one.text or "").endswith("当年参保单位数量。")
    )
    piece.text = (piece.text or "").replace("当年", "期末")


def heads(document: Any) -> None:
    one, other = (cell(document, title).paragraphs[0].runs[0] for title in ("参保率（%）", "服务覆盖率（%）"))
    one.text, other.text = other.text, one.text


def row_names(document: Any) -> None:
    one, other = (cell(document, title).paragraphs[0].runs[0] for title in ("黄浦区", "浦东新区"))
    one.text, other.text = other.text, one.text


def swapped_controls(document: Any) -> None:
    one, other = (control(document, tag) for tag in ("3/premium_received", "14/fee_spent"))
    here, there = one.getparent(), other.getparent()
    at, elsewhere = here.index(one), there.index(other)
    here.insert(at, other)
    there.insert(elsewhere, one)


def title_year(document: Any) -> None:
    piece = next(one for one in document.element.body.iter(qn("w:t")) if "报送2023年" in (one.text or ""))
    piece.text = (piece.text or "").replace("2023", "2024")


def addressee(document: Any) -> None:
    next(one for one in document.paragraphs if one.text.endswith("办公室：")).runs[0].text = "某某办公室："


def digit_before(document: Any) -> None:
    control(document, "1/insured_units").addprevious(document.paragraphs[0].add_run("1")._r)


def caveat_gone(document: Any) -> None:
    one = next(one for one in document.paragraphs if one.text.startswith("以上数字未含"))
    one._p.getparent().remove(one._p)


def strange_control(document: Any) -> None:
    from copy import deepcopy

    added = deepcopy(control(document, "5/participation_rate"))
    added.find(f"{qn('w:sdtPr')}/{qn('w:tag')}").set(qn("w:val"), "99/nothing")
    document.paragraphs[12]._p.append(added)


@pytest.mark.parametrize(
    "edit",
    [
        bracket,
        label,
        heads,
        row_names,
        swapped_controls,
        title_year,
        addressee,
        digit_before,
        strange_control,
    ],
    ids=lambda edit: str(edit.__name__),
)
def test_what_says_as_much_as_a_figure_is_listed(
    dirty_world: Home, draft: Path, tmp_path: Path, edit: Callable[[Any], None]
) -> None:
    """Numerators, names, headings, title, addressee, caveats, figures under another name: an interested clerk changes them in vain."""
    assert differing(dirty_world, edited(draft, tmp_path / "e.docx", edit))


def test_a_caveat_cannot_go_unnoticed(dirty_world: Home, tmp_path: Path) -> None:
    """Of 2026 an insurer's policies are missing: the sentence that says so belongs to the figures."""
    whose = owed(dirty_world.settings, OWNER, 2026)
    report = filing.make(dirty_world.settings, warehouse_at, whose, 2026, "")
    assert report.late_feeds
    paths = filing.write(report, tmp_path)
    found = edits(report, edited(paths["docx"], tmp_path / "gone.docx", caveat_gone))
    assert [edit.document for edit in found] == [GONE] and "以上数字未含" in found[0].title


def element(name: str, **values: str) -> Any:
    made_one = OxmlElement(name)
    for key, value in values.items():
        made_one.set(qn(f"w:{key}"), value)
    return made_one


def run_of(document: Any) -> Any:
    return next(control(document, "5/participation_rate").iter(qn("w:r")))


DISGUISED: dict[str, Callable[[Any], None]] = {
    "hidden": lambda document: run_of(document).get_or_add_rPr().append(element("w:vanish")),
    "white": lambda document: run_of(document).get_or_add_rPr().append(element("w:color", val="FFFFFF")),
    "tiny": lambda document: run_of(document).get_or_add_rPr().append(element("w:sz", val="2")),
    "struck": lambda document: run_of(document).get_or_add_rPr().append(element("w:strike")),
    "raised": lambda document: run_of(document).get_or_add_rPr().append(element("w:vertAlign", val="superscript")),
    "reversed": lambda document: run_of(document).get_or_add_rPr().append(element("w:rtl")),
    "symbol": lambda document: run_of(document).append(element("w:sym", font="Wingdings", char="F04A")),
    "field": lambda document: run_of(document).append(element("w:fldSimple", instr="DDEAUTO cmd")),
    "bound": lambda document: control(document, "5/participation_rate").find(qn("w:sdtPr")).append(element("w:dataBinding", xpath="/a")),
    "hidden row": lambda document: document.tables[0].rows[2]._tr.get_or_add_trPr().append(element("w:hidden")),
    "hidden style": lambda document: (
        document.styles.add_style("Gone", 2).element.get_or_add_rPr().append(element("w:vanish")),
        run_of(document).get_or_add_rPr().append(element("w:rStyle", val="Gone")),
    ),
    "revision in the footer": lambda document: document.sections[0].footer.paragraphs[0]._p.append(element("w:ins")),
    "format revision": lambda document: run_of(document).get_or_add_rPr().append(element("w:rPrChange")),
}  # fmt: skip


@pytest.mark.parametrize("how", DISGUISED)
def test_what_is_read_otherwise_than_it_is_seen_is_refused(
    dirty_world: Home, draft: Path, tmp_path: Path, how: str
) -> None:
    with pytest.raises(NotADocument, match=r"请改为|请先"):
        differing(dirty_world, edited(draft, tmp_path / "d.docx", DISGUISED[how]))  # type: ignore[arg-type]


def test_said_not_to_be_hidden_is_not_hidden(dirty_world: Home, draft: Path, tmp_path: Path) -> None:
    def shown(document: Any) -> None:
        run_of(document).get_or_add_rPr().append(element("w:vanish", val="0"))

    assert differing(dirty_world, edited(draft, tmp_path / "s.docx", shown)) == {}


def test_every_figure_and_cell_can_be_read_back(dirty_world: Home, draft: Path) -> None:
    """What the document prints as a number of the warehouse is a content control that says what it is; tags are short enough for Word."""
    report = filing.make(dirty_world.settings, warehouse_at, owed(dirty_world.settings, OWNER, YEAR), YEAR, "")
    found = controls(opened(draft))
    tags = [tag for tag, _, _ in found]
    assert {one.key for one in report.figures} <= set(tags) and all(len(tag) <= 64 and title for tag, title, _ in found)
    for table in report.tables:
        if table.in_word and table.code not in ("definitions", "problems"):
            assert sum(tag.startswith(f"{table.code}:") for tag in tags) >= len(table.rows) * 2, table.code


def test_filed_with_its_own_words_and_only_with_a_reason_where_figures_differ(
    dirty_world: Home, draft: Path, tmp_path: Path
) -> None:
    settings = dirty_world.settings
    text = edited(draft, tmp_path / "words.docx", words)
    first = filed(settings, OWNER, YEAR, "", text)
    folder = filing.folder(settings, "shanghai", YEAR) / first.number
    assert first.sealed and (folder / "annual_return.docx").read_bytes() == text.read_bytes()
    assert filed(settings, OWNER, YEAR, "", text).number == first.number, "the same document keeps its number"
    other = edited(draft, tmp_path / "figure.docx", figure)
    with pytest.raises(filing.Edited) as stopped:
        filed(settings, OWNER, YEAR, "", other)
    assert [(edit.title, edit.warehouse != edit.document) for edit in stopped.value.edits] == [("事项5 参保率", True)]
    second = filed(settings, OWNER, YEAR, "", other, "名录核对后更正")
    assert (
        second.number != first.number
        and second.edits[0]["document"] == "99.99%"
        and second.edit_reason == "名录核对后更正"
    )
    # Made again: the clerk's document is held against its hash, the rest is made.
    for number in (first.number, second.number):
        again = filing.reproduce(settings, warehouse_at, number)
        assert set(again.same.values()) == {True}, again


def test_the_command_stops_with_a_list(dirty_world: Home, draft: Path, tmp_path: Path) -> None:
    other = edited(draft, tmp_path / "figure.docx", figure)
    arguments = ("report", str(YEAR), "--for", "上海市交通委员会", "--seal", str(other), "--incomplete", WHY)
    done = dirty_world.anze(*arguments)
    assert (
        done.returncode == 3
        and "事项5 参保率" in done.stderr
        and "99.99%" in done.stderr
        and "--because" in done.stderr
    )
    assert dirty_world.anze("report", "2023", "--because", "x", "--for", OWNER).returncode == 2


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * (600 << 20))


def entities(path: Path, draft: Path) -> None:
    with zipfile.ZipFile(draft) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "word/document.xml":
                content = content.replace(b"<w:document", b'<!DOCTYPE x [<!ENTITY a "b">]><w:document', 1)
            new.writestr(name, content)


def with_member(path: Path, draft: Path, name: str, content: bytes) -> None:
    path.write_bytes(draft.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, content)


def with_type(path: Path, draft: Path, kind: str) -> None:
    """A part of another kind, whatever it is called."""
    with zipfile.ZipFile(draft) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "[Content_Types].xml":
                content = content.replace(
                    b"</Types>", f'<Override PartName="/word/data.bin" ContentType="{kind}"/></Types>'.encode()
                )
            new.writestr(name, content)
        new.writestr("word/data.bin", b"x")


def test_what_is_no_document_of_this_return_is_refused_in_words(dirty_world: Home, draft: Path, tmp_path: Path) -> None:
    path = tmp_path / "handed_in.docx"
    outside = b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="x/attachedTemplate" Target="http://elsewhere/t.dotm" TargetMode="External"/></Relationships>'

    def tracked(document: Any) -> None:
        change = OxmlElement("w:ins")
        run = OxmlElement("w:r")
        change.append(run)
        document.paragraphs[9]._p.append(change)

    cases: list[tuple[Callable[[], Any], str]] = [
        (lambda: path.write_bytes(b"PK\x03\x04no"), "不是完好的 Word 文件"),
        (lambda: path.write_text("文字"), "不是完好的 Word 文件"),
        (lambda: path.write_bytes(draft.read_bytes()[:3000]), "不是完好的 Word 文件"),
        (lambda: bomb(path), "展开后超过 500 MB"),
        (lambda: entities(path, draft), "外部实体"),
        (lambda: with_type(path, draft, "application/vnd.ms-office.vbaProject"), "含有宏"),
        (lambda: with_member(path, draft, "word/_rels/settings.xml.rels", outside), "引用了外部"),
        (lambda: with_member(path, draft, "../../etc/x.xml", b"x"), "指向外面"),
        (lambda: with_member(path, draft, "word/document.xml", b"<x/>"), "重名"),
        (lambda: with_member(path, draft, "word/late.xml", b"<!--" + b" " * 9000 + b"--><!DOCTYPE x><x/>"), "DOCTYPE"),
        (lambda: docx.Document().save(str(path)), "没有年度报告的标识"),
        (lambda: edited(draft, path, tracked), "修订标记"),
        (lambda: path.write_bytes(made(dirty_world.settings, "shanghai_dept_fishery", YEAR, "", tmp_path / "other")[1]["docx"].read_bytes()), "是「shanghai_dept_fishery」"),
        (lambda: path.write_bytes(made(dirty_world.settings, OWNER, 2025, "", tmp_path / "later")[1]["docx"].read_bytes()), "2025 年的报告"),
    ]  # fmt: skip
    report = filing.make(dirty_world.settings, warehouse_at, owed(dirty_world.settings, OWNER, YEAR), YEAR, "")
    for make_it, said in cases:
        make_it()
        with pytest.raises(NotADocument) as refused:
            edits(report, path)
        assert said in str(refused.value), (said, str(refused.value))
