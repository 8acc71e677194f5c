"""What others see: site, dashboard, extract.

What belongs here: arguments and what is printed. What does not: pages (pipelines/site, pipelines/dashboard), who may see
what (pipelines/warehouse/rights.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.terminal import BAD_ARGUMENTS, FormOption, HomeOption, console, errors, published_of
from pipelines.documents.console import Form, Sheet
from pipelines.settings import use_home

commands = typer.Typer()


@commands.command()
def site(
    audience: Annotated[str | None, typer.Option("--audience", help="只写一个单位的网页（报送单位代码）")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="与 --audience 合用：写到哪里（缺省为 site/ 下同名文件夹）")
    ] = None,
    home: HomeOption = None,
) -> None:
    """静态网页。

    每个单位一个文件夹，由当前发布生成；每次发布都会自动更新。
    """
    from pipelines.site.site import write_site, write_sites  # noqa: PLC0415
    from pipelines.warehouse import rights  # noqa: PLC0415

    settings = published_of(home)
    if audience is None:
        with errors.status("生成网页") as shown:
            folder = write_sites(settings, progress=shown.update)
        console.print(
            f"已写入 {folder}\n入口 {settings.home / 'site' / 'current' / 'index.html'}",
            soft_wrap=True,
        )
        return
    try:
        who = rights.audience(settings.published, audience)
    except rights.NoAudience as unknown:
        errors.say("red", "不能生成", f"：{unknown}")
        raise typer.Exit(BAD_ARGUMENTS) from None
    folder = out or settings.home / "site" / who.provider
    write_site(settings.published, who, folder)
    console.print(f"已写入 {folder / 'index.html'}", soft_wrap=True)


@commands.command()
def dashboard(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="端口")] = 8501,
    audience: Annotated[str, typer.Option("--audience", help="只显示一个单位可见的数据（报送单位代码）")] = "",
) -> None:
    """本机查看。

    按辖区、区市、行业、机构、年度筛选，每个数都能点开看来源记录；给别人看用 anze counter。
    """
    from pipelines.access.guard import EVERYTHING, Visitor  # noqa: PLC0415
    from pipelines.counter.serve import serve  # noqa: PLC0415
    from pipelines.warehouse import rights  # noqa: PLC0415

    settings = use_home(home)
    if audience:
        try:
            rights.audience(settings.published, audience)
        except rights.NoAudience as unknown:
            errors.say("red", "不能打开", f"：{unknown}")
            raise typer.Exit(BAD_ARGUMENTS) from None
    # Where accounts are set up, they are asked for here too: a proxy may stand before this port.
    local = None if settings.oidc_secrets else Visitor("local", (), (audience or EVERYTHING,))
    console.print(f"http://127.0.0.1:{port}（Ctrl+C 结束）")
    serve(settings, port, "127.0.0.1", local)


@commands.command()
def extract(
    provider: Annotated[str, typer.Option("--for", help="报送单位代码：区市、行业部门、保险机构等")],
    out: Annotated[Path, typer.Option("--out", help="输出目录")],
    home: HomeOption = None,
    form: FormOption = Form.table,
) -> None:
    """某一单位可见的数据。

    DuckDB、Parquet 与工作簿，不含其他单位的行、主键和文字。
    """
    from pipelines.publish.extract import write_extract  # noqa: PLC0415
    from pipelines.publish.publication import last_publication  # noqa: PLC0415
    from pipelines.publish.share_log import shared  # noqa: PLC0415
    from pipelines.warehouse.rights import NoAudience, audience  # noqa: PLC0415

    settings = published_of(home)
    try:
        who = audience(settings.published, provider)
    except NoAudience as unknown:
        errors.say("red", "不能提取", f"：{unknown}")
        raise typer.Exit(BAD_ARGUMENTS) from None
    with errors.status(f"提取 {who.name} 可见的数据"):
        written = write_extract(settings.published, who, out)
    found = last_publication(settings)
    shared(settings, "提取", who.provider, who.name, found.publication_id if found else "", out, who.jurisdiction)
    table = Sheet(title=f"{who.name}：{len(written.rows)} 张表，{sum(written.rows.values()):,} 行")
    table.add_column("表")
    table.add_column("行数", justify="right")
    for name, rows in written.rows.items():
        if rows and name.startswith("marts."):
            table.add_row(name, f"{rows:,}")
    console.print(table)
    console.print(f"文件：{written.folder}/{who.provider}.duckdb、{who.provider}.xlsx、parquet/", soft_wrap=True)
