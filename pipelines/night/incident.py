"""Incident notes: what went wrong in a night, what it means for readers, and what to do.

What belongs here: writing the note and having the webhook told. What does not: finding out that something went
wrong (Dagster's failure hook in defs/incidents.py calls this).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pipelines.gates.run import GateResult
from pipelines.ingest.manifest import write_atomically
from pipelines.night.webhook import tell
from pipelines.publish.publication import last_publication
from pipelines.settings import CHINA, Settings

ADVICE = {
    "landing": "查看错误所指的文件与目录权限、磁盘空间；文件本身有问题时会进退回清单，不会使作业失败。修好后重新运行 anze nightly。",
    "landing_gates": "按下列检查项核对报送文件，让报送单位更正后重新报送；确认可以放行的，设置 ANZE_OVERRIDE_GATES=检查名 再运行一次（会留下记录）。",
    "dbt": "查看数据目录下 dbt/last_run.log 与错误信息；多为磁盘、内存不足或程序版本与口径表不一致。anze doctor 可先行检查。",
    "publication_gates": "按下列检查项查明原因；确认可以放行的，设置 ANZE_OVERRIDE_GATES=检查名 再运行一次（会留下记录）。",
    "publication": "查看 warehouse/ 的权限与磁盘空间，修好后重新运行 anze nightly。",
    "static_site": "数据仓已经发布，只有网页没有更新。查看 site/ 的权限与磁盘空间，再运行 anze site。",
}


def folder(settings: Settings) -> Path:
    """Where the notes lie."""
    return settings.home / "incidents"


def record(
    settings: Settings,
    step: str,
    title: str,
    error: str,
    run_id: str,
    gates: list[GateResult],
    files: Sequence[str] = (),
) -> Path:
    """Writes the note, tells the webhook if one is configured (ANZE_WEBHOOK_URL), and returns the note's path.

    Args:
        files: what moved the numbers that gates stopped, a line each.

    A webhook that cannot be reached never makes things worse: the note says so.
    """
    now = datetime.now(CHINA)
    publication = last_publication(settings)
    standing = (
        f"其他城市已照常发布（{publication.publication_id}，取数时点 {publication.as_of}）。"
        if publication and publication.held_back and not error
        else f"现有发布 {publication.publication_id}（取数时点 {publication.as_of}）保持不变，分析员与网页不受影响。"
        if publication
        else "还没有任何发布，分析员暂时没有可用的数据。"
    )
    lines = [
        f"# 夜间作业未完成：{title}",
        "",
        f"- 时间：{now:%Y-%m-%d %H:%M:%S}（北京时间）",
        f"- 环节：{title}（{step}）",
        f"- 运行编号：{run_id}",
        f"- 影响：{standing}",
        f"- 怎么办：{ADVICE.get(step, '查看下列错误信息，修好后重新运行 anze nightly。')}",
        "",
        "## 原因",
        "",
    ]
    for gate in gates:
        lines.append(f"- {gate.table_name}：{gate.title}（{gate.expectation}，{gate.unexpected_count} 行不符）")
        lines += [f"    - {line}" for line in gate.sample.splitlines()[:3]]
    lines += [f"- {line}" for line in files]
    if not gates:
        lines += ["```", error.strip() or "未知错误", "```"]
    if settings.webhook_url:
        text = f"安责险数据仓夜间作业未完成：{title}。{standing}"
        lines += ["", f"通知：{tell(settings.webhook_url, text, title=title, run_id=run_id)[1]}"]
    path = folder(settings) / f"{now:%Y%m%d-%H%M%S}_{step}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, "\n".join([*lines, ""]).encode())
    return path
