"""The worked examples of CONTRIBUTING.md, taken from its text and put into a copy of the project, do what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conftest import make_uscc
from drops import POLICY, policy

from pipelines.settings import BUNDLED, PROJECT_ROOT

BLOCK = re.compile(r"^(?P<indent> *)```(?P<what>[^\n]*)\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with every example applied."""
    copy = tmp_path_factory.mktemp("project")
    for name in ("pipelines", "dbt_project", "expectations", "tests"):
        shutil.copytree(
            PROJECT_ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "target", "logs")
        )
    shutil.copytree(BUNDLED, copy / BUNDLED.relative_to(PROJECT_ROOT))
    applied = 0
    for block in BLOCK.finditer((PROJECT_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        body = textwrap.dedent(block["body"])
        if block["what"] == "diff":
            subprocess.run(["git", "apply", "--unidiff-zero", "-"], input=body, text=True, cwd=copy, check=True)
        elif match := re.search(r"(file|append)=(\S+)", block["what"]):
            (copy / match[2]).parent.mkdir(parents=True, exist_ok=True)
            with (copy / match[2]).open("w" if match[1] == "file" else "a", encoding="utf-8") as file:
                file.write(body)
        else:
            continue
        applied += 1
    assert applied == 11
    run(copy, "-m", "pipelines.feeds.column_docs")
    return copy


def run(project: Path, *arguments: str) -> str:
    """Python in the copy: its pipelines, its dbt project."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{project}{os.pathsep}{project / 'tests'}",
        "TMPDIR": str(project.parent),
    }
    done = subprocess.run(
        [sys.executable, *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


SCRIPT = """
import sys
from pathlib import Path
from conftest import Home
from pipelines.explain.explain import explain, find_cell

home = Home(Path(sys.argv[1])).build().publish()
rows = lambda sql: home.rows(sql, published=True)
print(rows("select required_units, insured_required_units, participants_online from marts.supervision_metrics where jurisdiction = 'zibo' and stat_year = 2023 and district_code = '370302' and industry_code = 'hazchem'"))
print(rows("select record_key, explanation from marts.findings where rule_code = 'no_insured_persons'"))
print(rows("select count(*) from quality.files where feed = 'drill' and status = 'loaded'"), home.rows("select drill_no, participants from staging.stg_department__drill"))
name, cell = find_cell(home.settings.published, "线上服务参加人次", 2023, "zibo", "淄川", "ALL", "ALL")
found = explain(home.settings.published, name, cell)
print(found.value, found.numerator[0].records["record_key"].to_list())
"""


def test_feed_rule_metric_and_city_added_as_written(project: Path, tmp_path: Path) -> None:
    unit, other = make_uscc(1), make_uscc(2)

    def drop(provider: str, feed: str, content: str) -> None:
        path = tmp_path / "raw" / provider / feed / "2023-06-01" / "a.csv"
        path.parent.mkdir(parents=True)
        path.write_text(content, encoding="utf-8")
        os.utime(path, (1_700_000_000, 1_700_000_000))

    drop(
        "zibo_370302", "enterprise",
        f"统一社会信用代码,企业名称,所在区市,行业领域,应保,经营状态,列入日期\n{unit},甲,淄川区,危化,是,存续,2020-01-01\n{other},乙,淄川区,危化,是,存续,2020-01-01\n",
    )  # fmt: skip
    drop("zibo_370302", "drill", f"演练编号,统一社会信用代码,演练日期,参加人数\nD1,{unit},2023-05-01,12\n")
    drop("zibo_hayc", "policy", POLICY + policy("P1", 被保险人统一社会信用代码=unit, 所在区市="淄川区", 投保人数="0"))
    drop(
        "zibo_hayc", "service_record",
        "服务编号,保单号,保险机构,被保险人统一社会信用代码,服务项目,服务形式,开展方式,计划日期,开始时间,完成时间,参与人数,发现隐患数,投保单位确认时间,保险机构确认时间,状态\n"
        f"S1,P1,HAYC,{unit},宣传教育培训,线上,自有,2023-04-01,2023-04-01 09:00,2023-04-01 11:00,30,0,2023-04-01 12:00,2023-04-01 12:00,已完成\n"
        f"S2,P1,HAYC,{unit},事故隐患排查,线下,自有,2023-04-02,2023-04-02 09:00,2023-04-02 11:00,5,0,2023-04-02 12:00,2023-04-02 12:00,已完成\n",
    )  # fmt: skip
    cells, findings, drills, explained = run(project, "-c", SCRIPT, str(tmp_path)).strip().splitlines()
    # Two required units, one insured; the online service reached 30 people, the visit does not count.
    assert cells == "[(2, 1, 30)]"
    assert (
        findings
        == "[('P1', '海岳财产保险股份有限公司（HAYC） 保单「P1」（单位 甲（91371000MA3000001R））没有填写投保人数。请承保机构补录。')]"
    )
    assert drills == "[(1,)] [('D1', 12)]"
    assert explained == "30 ['S1']"
