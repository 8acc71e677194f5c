"""Synthetic drops: synth.

What belongs here: arguments and what is printed. What does not: the world they are from (pipelines/synth).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.terminal import BAD_ARGUMENTS, FormOption, console, errors
from pipelines.documents.console import Form, Sheet

commands = typer.Typer()


@commands.command()
def synth(
    out: Annotated[Path, typer.Option("--out", help="输出目录")],
    scale: Annotated[str, typer.Option(help="sample、city、province、region、country")] = "city",
    seed: Annotated[int, typer.Option(help="随机种子：同样的种子给出同样的文件")] = 1,
    dirt: Annotated[float, typer.Option(help="出错行的比例，0 到 1")] = 0.0,
    form: FormOption = Form.table,
) -> None:
    """生成合成的报送文件及其真值。"""
    from pipelines.synth.files import write  # noqa: PLC0415
    from pipelines.synth.model import SCALES  # noqa: PLC0415

    if scale not in SCALES or not 0 <= dirt <= 1:
        errors.say("red", "参数无效", f"：规模可选 {'、'.join(SCALES)}；出错比例在 0 与 1 之间。")
        raise typer.Exit(BAD_ARGUMENTS)
    with errors.status("生成中") as shown:
        written = write(out, scale, seed, dirt, progress=shown.update)
    table = Sheet(title=f"合成数据：{out}")
    table.add_column("报送表")
    table.add_column("行数", justify="right")
    for feed, rows in written.items():
        table.add_row(feed, f"{rows:,}")
    console.print(table)
