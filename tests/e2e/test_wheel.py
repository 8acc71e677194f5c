"""The wheel alone is enough: a night in an empty folder, from an installation nothing is written to."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import openpyxl
import pytest
from conftest import make_uscc
from drops import POLICY, policy

from pipelines.settings import BUNDLED, DBT_PROJECT, EXPECTATIONS, PROJECT_ROOT

SHIPPED = {".py", ".sql", ".yml", ".yaml", ".csv", ".md", ".html", ".js", ".css"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the checkout: setuptools builds where the sources lie."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pipelines", "dbt_project", "expectations"):
        shutil.copytree(
            PROJECT_ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "target", "logs")
        )
    shutil.copytree(BUNDLED, source / BUNDLED.relative_to(PROJECT_ROOT))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(PROJECT_ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", ".", "-w", str(out)],
        cwd=source, check=True,
    )  # fmt: skip
    return next(out.glob("anze-*.whl"))


def digest(folder: Path) -> str:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return hashlib.sha256(b"".join(path.as_posix().encode() + path.read_bytes() for path in files)).hexdigest()


def test_it_carries_what_the_checkout_has(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = set(archive.namelist())
    wanted = {
        path.relative_to(PROJECT_ROOT).as_posix()
        for folder in (PROJECT_ROOT / "pipelines", DBT_PROJECT, EXPECTATIONS, BUNDLED)
        for path in folder.rglob("*")
        if path.suffix in SHIPPED and not {"__pycache__", "target", "logs"} & set(path.parts)
    }
    assert len(wanted) > 500 and wanted <= carried, sorted(wanted - carried)[:10]


@dataclass(frozen=True)
class Installed:
    """The unpacked wheel, read-only, and how it is run."""

    folder: Path

    def anze(self, home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("ANZE_")}
        own |= {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "250", **environment}
        return subprocess.run(
            [sys.executable, "-m", "pipelines.cli.main", *arguments], cwd=home, env=own, capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = digest(folder)
    yield Installed(folder)
    assert digest(folder) == before, "nothing is written where the program lies"


@pytest.mark.heavy
def test_a_night_from_the_wheel(installed: Installed, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(PROJECT_ROOT / "data" / "raw", home / "raw")
    night = installed.anze(home, "nightly", ANZE_SITE_AUDIENCES="weihai_city")
    assert night.returncode == 0, night.stdout + night.stderr
    assert "没有新文件" in installed.anze(home, "nightly").stdout
    with duckdb.connect(str(home / "warehouse" / "anze.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) > 100 from marts.supervision_metrics").fetchone() == (True,)
    assert (home / "site" / "current" / "weihai_city" / "index.html").exists()
    said = installed.anze(home, "--version")
    assert said.returncode == 0 and "程序" in said.stdout


AREAS = {
    "370202": "市南区", "370203": "市北区", "370211": "黄岛区", "370212": "崂山区", "370213": "李沧区", "370214": "城阳区", "370215": "即墨区",
    "370281": "胶州市", "370283": "平度市", "370285": "莱西市",
}  # fmt: skip
FIELDS = {"transport": "交通运输局", "construction": "住房和城乡建设局", "fishery": "海洋发展局"}
Rows = dict[str, list[dict[str, str]]]


def qingdao() -> Rows:
    """What a bureau fills in: ten areas, three departments, two insurers, and what the city asks for."""
    city = {"统计辖区": "青岛市"}
    source = {"依据文件": "青岛市通知（虚构）", "条款": "第一条", "依据等级": "推断"}
    senders = [
        *({"报送单位代码": f"qingdao_{code}", "类别": "区市应急管理局", "单位名称": f"青岛市{name}应急管理局", "区市": name, **city} for code, name in AREAS.items()),
        *({"报送单位代码": f"qingdao_dept_{field}", "类别": "行业主管部门", "单位名称": f"青岛市{name}", "行业领域": field, **city} for field, name in FIELDS.items()),
        {"报送单位代码": "qingdao_jzcx", "类别": "保险机构", "单位名称": "胶州湾财险青岛分公司", "保险机构": "胶州湾财险", **city},
        {"报送单位代码": "qingdao_lscx", "类别": "保险机构", "单位名称": "崂山财险青岛分公司", "保险机构": "LSCX", **city},
    ]  # fmt: skip
    return {
        "统计辖区": [{"统计辖区代码": "qingdao", "名称": "青岛市", "行政区划代码": "370200", "制度起始日": "2018-01-01", "起始日依据": "安监总办〔2017〕140号", "依据等级": "推断", "排序": "1"}],
        "区市": [{"区市代码": code, "区市名称": name, "简称": name[:-1], "国标行政区划代码": code, "功能区": "否", "排序": str(place), **city} for place, (code, name) in enumerate(AREAS.items(), 1)],
        "保险机构": [
            {"保险机构代码": "JZCX", "保险机构名称": "胶州湾财产保险股份有限公司", "简称": "胶州湾财险"}, {"保险机构代码": "LSCX", "保险机构名称": "崂山财产保险股份有限公司", "简称": "崂山财险"},
        ],
        "报送单位": senders,
        "强制投保行业": [{"行业领域": field, "强制投保": "是", "生效日期": "2018-01-01", **city, **source} for field in FIELDS],
        "别名": [{"代码清单": "区市", "别名": "西海岸新区", "代码": "黄岛区"}],
        "规则与参数": [{"规则代码": "每人责任限额下限", "规则名称": "每人责任限额下限", "数值": "600000", "单位": "元", "生效日期": "2025-03-29", "按哪个日期": "保险起期", **city, **source}],
        "报送期限": [{"报送事项代码": "annual_return", "报送事项": "年度报送", "由谁报送": "行业主管部门", "文字材料种类": "总结评估报告", "期限（月）": "12", "期限（日）": "10", "自哪一年度起": "2023", **city, **source}],
    }  # fmt: skip


def filled(book: Path, out: Path, rows: Rows) -> dict[str, dict[int, int]]:
    """Writes rows into the sheets of a workbook, over the proposed ones; sheet → place in `rows` → line."""
    content = openpyxl.load_workbook(book)
    lines: dict[str, dict[int, int]] = {}
    for title, wanted in rows.items():
        sheet = content[title]
        places = {str(cell.value).rstrip("*"): cell.column for cell in sheet[1]}
        first = sheet.max_row + 1
        if title == "统计辖区":
            first = 3  # the row that init has begun
        for place, row in enumerate(wanted):
            lines.setdefault(title, {})[place] = first + place
            for column, value in row.items():
                sheet.cell(first + place, places[column]).value = value
    content.save(out)
    return lines


def mistakes() -> list[tuple[str, dict[str, str], str, str]]:
    """Rows with one mistake each: sheet, row, column, what is said of it."""
    source = {"依据文件": "青岛市通知（虚构）"}
    area = {"区市代码": "370299", "区市名称": "甲区", "简称": "甲", "统计辖区": "青岛市", "功能区": "否", "排序": "11"}
    duty = {"统计辖区": "青岛市", "行业领域": "危险化学品", "强制投保": "是", **source}
    return [
        ("区市", area | {"统计辖区": "青岛"}, "统计辖区", "不在代码清单内"),
        ("区市", area | {"功能区": "也许"}, "功能区", "也许"),
        ("区市", area | {"排序": "第十一"}, "排序", "第十一"),
        ("报送单位", {"报送单位代码": "qingdao_x", "类别": "保险机构", "单位名称": "甲财险", "统计辖区": "青岛市"}, "保险机构", "必须填写"),
        ("报送单位", {"报送单位代码": "qingdao_y", "类别": "区市应急管理局", "单位名称": "乙局", "统计辖区": "青岛市", "区市": "没有的区"}, "区市", "没有的区"),
        ("别名", {"代码清单": "区市", "别名": "某地", "代码": "370298"}, "代码", "不是「区市」中的代码"),
        ("强制投保行业", duty | {"生效日期": "2018-01-01"}, "", ""),
        ("强制投保行业", duty | {"生效日期": "2020-01-01"}, "生效日期", "有效期重叠"),
        ("规则与参数", {"规则代码": "每人限额", "规则名称": "每人限额", "数值": "1", "单位": "元", "生效日期": "2020-01-01", "按哪个日期": "保险起期", **source}, "规则代码", "每人限额"),
        ("报送期限", {"统计辖区": "青岛市", "报送事项代码": "plan", "报送事项": "方案", "由谁报送": "区市应急管理局", "文字材料种类": "实施方案", "期限（月）": "13", "期限（日）": "1", "自哪一年度起": "2023", **source}, "期限（月）", "13"),
        ("备案的条款", {"条款备案号": "A1", "保险机构": "JZCX", "险种": "安责险", "生效日期": "2020-01-01", "失效日期": "2019-01-01", **source}, "失效日期", "早于生效日期"),
    ]  # fmt: skip


def told(output: str, sheet: str, line: int, column: str, words: str) -> bool:
    """Whether a printed table has a row for that."""
    cells = [[cell.strip() for cell in row.split("│")[1:-1]] for row in output.splitlines() if row.count("│") > 4]
    return any(
        row[1] == sheet and any(str(line) == part or _within(line, part) for part in row[2].split("、")) and row[3] == column and words in row[4]
        for row in cells
    )  # fmt: skip


def _within(line: int, lines: str) -> bool:
    first, _, last = lines.partition("–")
    return first.isdigit() and last.isdigit() and int(first) <= line <= int(last)


@pytest.mark.heavy
def test_a_third_city_from_a_workbook_alone(installed: Installed, tmp_path: Path) -> None:
    """init, check with planted mistakes, apply, drops, a night, pages, the return, an extract: no line of the program is touched."""
    home = tmp_path / "qingdao"
    home.mkdir()
    begun = installed.anze(home, "init", str(home), "--name", "青岛市")
    assert begun.returncode == 0, begun.stdout + begun.stderr
    again = installed.anze(home, "init", str(home), "--name", "青岛市")
    assert again.returncode == 1 and "已有参考数据" in again.stderr
    starter, good, bad = home / "参考数据.xlsx", home / "青岛.xlsx", home / "有错.xlsx"
    filled(starter, good, qingdao())

    wrong: Rows = {title: list(rows) for title, rows in qingdao().items()}
    wrong.setdefault("备案的条款", [])
    places = []
    for sheet, row, column, words in mistakes():
        places.append((sheet, len(wrong[sheet]), column, words))
        wrong[sheet].append(row)
    del wrong["报送单位"][0], wrong["报送单位"][-4]  # a bureau, an insurer's sender: hints
    places = [(sheet, place - 2 * (sheet == "报送单位"), column, words) for sheet, place, column, words in places]
    lines = filled(starter, bad, wrong)
    checked = installed.anze(home, "reference", "check", str(bad))
    assert checked.returncode == 1, checked.stdout + checked.stderr
    missing = [
        (sheet, lines[sheet][place], column, words)
        for sheet, place, column, words in places
        if words and not told(checked.stdout, sheet, lines[sheet][place], column, words)
    ]
    assert not missing, f"{missing}\n{checked.stdout}"
    assert told(checked.stdout, "区市", lines["区市"][0], "区市代码", "没有应急管理局")
    assert told(checked.stdout, "保险机构", lines["保险机构"][0], "保险机构代码", "没有报送单位")
    assert not list((home / "raw" / "_reference").rglob("*.xlsx"))
    assert installed.anze(home, "reference", "apply", str(bad)).returncode == 1
    assert not list((home / "raw" / "_reference").rglob("*.xlsx"))

    applied = installed.anze(home, "reference", "apply", str(good))
    assert applied.returncode == 0 and "已登记" in applied.stdout, applied.stdout + applied.stderr
    same = installed.anze(home, "reference", "apply", str(good))
    assert same.returncode == 0 and "没有登记" in same.stdout, same.stdout + same.stderr

    drops_and_night(installed, home)


def drops_and_night(installed: Installed, home: Path) -> None:
    """Files of two senders, the night, and what is made of it, in a home whose reference data are filed."""
    roster = "统一社会信用代码,企业名称,所在区市,行业领域,应保,经营状态,列入日期\n" + "".join(
        f"{make_uscc(number)},单位{number},{'西海岸新区' if number == 3 else name},渔业生产,是,存续,2024-01-01\n"
        for number, name in enumerate(AREAS.values(), 1)
    )
    policies = POLICY + "".join(
        policy(f"Q{number}", 保险机构="崂山财险", 被保险人统一社会信用代码=make_uscc(number), 被保险人名称=f"单位{number}", 所在区市=name, 行业领域="渔业生产",
               签单日期="2025-05-01", 保险起期="2025-05-02", 保险止期="2026-05-01", 每人责任限额="500000", 累计责任限额="5000000")
        for number, name in list(enumerate(AREAS.values(), 1))[:4]
    )  # fmt: skip
    (home / "名录.csv").write_text(roster, encoding="utf-8")
    (home / "保单.csv").write_text(policies, encoding="utf-8")
    for file, provider, feed in (
        ("名录.csv", "qingdao_dept_fishery", "enterprise"),
        ("保单.csv", "qingdao_lscx", "policy"),
    ):
        received = installed.anze(home, "receive", file, "--provider", provider, "--feed", feed)
        assert received.returncode == 0, received.stdout + received.stderr
    night = installed.anze(home, "nightly")
    assert night.returncode == 0, night.stdout + night.stderr
    with duckdb.connect(str(home / "warehouse" / "anze.duckdb"), read_only=True) as connection:
        rates = connection.execute(
            "select required_units, insured_required_units from marts.supervision_metrics "
            "where jurisdiction = 'qingdao' and stat_year = 2025 and district_code = 'ALL' and industry_code = 'ALL'"
        ).fetchall()
        findings = connection.execute(
            "select count(*) from marts.findings where rule_code = 'limit_below_floor'"
        ).fetchone()
        cities = connection.execute("select distinct jurisdiction from marts.supervision_metrics").fetchall()
    assert rates == [(10, 4)] and findings == (4,) and cities == [("qingdao",)]
    for audience in ("qingdao_city", "qingdao_370211", "qingdao_dept_fishery", "qingdao_lscx"):
        assert (home / "site" / "current" / audience / "index.html").exists()
    report = installed.anze(home, "report", "2025", "--jurisdiction", "qingdao", "--out", str(home / "out"))
    assert report.returncode == 0 and list((home / "out").glob("*.docx")), report.stdout + report.stderr
    extract = installed.anze(home, "extract", "--for", "qingdao_370211", "--out", str(home / "out"))
    assert extract.returncode == 0, extract.stderr
    exported = installed.anze(home, "reference", "export", "--out", str(home / "out" / "在用.xlsx"))
    assert exported.returncode == 0
    unchanged = installed.anze(home, "reference", "apply", str(home / "out" / "在用.xlsx"))
    assert unchanged.returncode == 0 and "没有登记" in unchanged.stdout, unchanged.stdout + unchanged.stderr
