"""Charts: of the return (PNG for Word), the static site and the pages of the server (SVG).

What belongs here: what a chart shows and how it looks. What does not: its numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

ChartData = pl.DataFrame | alt.NamedData
Layers = alt.LayerChart | alt.FacetChart

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
# File names of fonts with Chinese characters, and the family a chart names; the first one found is taken.
FONTS = (
    ("NotoSansCJK", "Noto Sans CJK SC"),
    ("SourceHanSans", "Source Han Sans SC"),
    ("NotoSansSC", "Noto Sans SC"),
    ("wqy-zenhei", "WenQuanYi Zen Hei"),
    ("simhei", "SimHei"),
)
BLUE, ORANGE, INK = "#2b5c8a", "#c8702a", "#1f2933"
DARK, LIGHT = "#1f4e79", "#f3cf9f"
"""Two series that stay apart when printed in grey."""
SHADES = alt.Scale(range=["#f1f5fa", "#7fb0de"], zero=False)
SERIES = [BLUE, ORANGE, "#3f8f6b", "#7a5195"]
PAGE_FONT = "'Noto Sans CJK SC', 'Source Han Sans SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"
PAGE_STYLE: dict[str, Any] = {
    "font": PAGE_FONT, "background": "transparent", "view": {"stroke": None},
    "axis": {"labelColor": "#52606d", "titleColor": "#52606d", "gridColor": "#e4e7eb", "domainColor": "#cbd2d9", "tickColor": "#cbd2d9", "labelFontSize": 12},
    "legend": {"labelFontSize": 12, "labelColor": "#52606d"},
}  # fmt: skip


@cache
def chinese_font() -> str | None:
    """The family of an installed font with Chinese characters; without one charts would be boxes, silently."""
    files = [path.name for folder in FONT_FOLDERS for path in Path(folder).expanduser().rglob("*") if path.is_file()]
    return next((family for start, family in FONTS for name in files if name.lower().startswith(start.lower())), None)


def png(chart: dict[str, object]) -> bytes:
    """Renders a Vega-Lite chart; needs `chinese_font()`."""
    import vl_convert  # noqa: PLC0415 - half a second of import that only a report needs

    image: bytes = vl_convert.vegalite_to_png(chart, scale=2.5)
    return image


def svg(chart: alt.Chart | Layers, width: int, height: int | alt.Step) -> str:
    """Draws a chart of the pages as SVG, in the style they have."""
    import vl_convert  # noqa: PLC0415 - half a second of import

    sized = chart.properties(width=width, height=height).configure(**PAGE_STYLE)
    drawn: str = vl_convert.vegalite_to_svg(sized.to_dict())
    return drawn


def coverage_bars(
    names: list[str], participation: list[float | None], coverage: list[float | None]
) -> dict[str, object]:
    """参保率 and 服务覆盖率 side by side per district or industry, with the line of 100 %."""
    rows = pl.DataFrame(
        {
            "name": names * 2,
            "share": participation + coverage,
            "metric": ["参保率"] * len(names) + ["服务覆盖率"] * len(names),
        },
        strict=False,
    )
    base = alt.Chart(rows).encode(
        x=alt.X("name:N", sort=names, title=None, axis=alt.Axis(labelAngle=-35 if len(names) > 6 else 0)),
        xOffset=alt.XOffset("metric:N", sort=["参保率", "服务覆盖率"]),
    )
    bars = base.mark_bar(stroke=DARK, strokeWidth=0.5).encode(
        y=alt.Y("share:Q", title=None, axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("metric:N", title=None, sort=["参保率", "服务覆盖率"], scale=alt.Scale(range=[DARK, LIGHT]),
                        legend=alt.Legend(orient="top")),
    )  # fmt: skip
    return _finished(bars, width=480, height=190)


def share_bars(names: list[str], shares: list[float | None]) -> dict[str, object]:
    """承保份额 per insurer."""
    rows = pl.DataFrame({"name": names, "share": shares}, strict=False).with_columns(
        text=(pl.col("share") * 100).round(1).cast(pl.String) + "%"
    )
    base = alt.Chart(rows).encode(
        y=alt.Y("name:N", sort=names, title=None),
        x=alt.X("share:Q", title=None, axis=alt.Axis(format=".0%")),
    )
    chart = base.mark_bar(color=BLUE) + base.mark_text(align="left", dx=4).encode(text="text:N")
    return _finished(chart, width=400, height=28 * len(names) + 10)


def _finished(chart: alt.Chart | alt.LayerChart, width: int, height: int) -> dict[str, object]:
    spec: dict[str, object] = (
        chart.properties(width=width, height=height).configure(font=chinese_font() or "sans-serif").to_dict()
    )
    return spec


# Charts of the pages. Their data is given by name (the static site puts it in as JSON) or as a frame (the server's pages).
# Year and metric are parameters of the chart: one chart serves all years, and the page sets them.


def _chosen(data: ChartData, metric: str, stat_year: int, also: str = "true", marks: Sequence[str] = ()) -> alt.Chart:
    """The rows of one year with one metric of them as `value`: a ratio, or marks (分) where it is one of `marks`."""
    chart: alt.Chart = (
        alt.Chart(data)
        .add_params(alt.param(name="year", value=stat_year), alt.param(name="metric", value=metric))
        .transform_filter(f"datum.stat_year == year && {also}")
        .transform_calculate(
            value="datum[metric]",
            shown="datum[metric] == null ? '—' : "
            f"indexof({json.dumps(list(marks))}, metric) >= 0 ? format(datum[metric], ',.1f') + ' 分' : format(datum[metric], ',.1%')",
        )
    )
    return chart


def heat_map(data: ChartData, metric: str, stat_year: int) -> Layers:
    """区市 × 行业: one ratio per cell, as colour and number.

    Args:
        data: rows with district, industry (names), district_no, industry_no (order), stat_year and the metrics.
        metric: column shown first; the page sets the parameter `metric`.
    """
    base = _chosen(data, metric, stat_year).encode(
        x=alt.X(
            "industry:N",
            title=None,
            sort=alt.EncodingSortField("industry_no", op="min"),
            axis=alt.Axis(labelAngle=-40, orient="top"),
        ),
        y=alt.Y("district:N", title=None, sort=alt.EncodingSortField("district_no", op="min")),
        tooltip=_tooltip(district="区市", industry="行业", shown="数值"),
    )
    colour = alt.Color("value:Q", title=None, scale=SHADES, legend=alt.Legend(format=".0%", gradientLength=160))
    return alt.layer(
        base.mark_rect(stroke="white", strokeWidth=2).encode(color=colour),
        base.mark_text(fontSize=11, color=INK).encode(text="shown:N"),
    )


def tile_map(data: ChartData, metric: str, stat_year: int) -> Layers:
    """The districts as tiles, placed about as on the ground; no outlines, hence no map approval number (审图号).

    Args:
        data: rows with district, tile_row, tile_column, stat_year and the metrics (all industries).
    """
    grid = alt.Scale(paddingInner=0.06)
    base = _chosen(data, metric, stat_year, "datum.tile_row != null").encode(
        x=alt.X("tile_column:O", axis=None, scale=grid),
        y=alt.Y("tile_row:O", axis=None, scale=grid),
        tooltip=_tooltip(district="区市", shown="数值"),
    )
    return alt.layer(
        base.mark_rect(cornerRadius=6).encode(color=alt.Color("value:Q", legend=None, scale=SHADES)),
        base.mark_text(dy=-8, fontSize=13, fontWeight="bold", color=INK).encode(text="district:N"),
        base.mark_text(dy=10, fontSize=12, color=INK).encode(text="shown:N"),
    )


def yearly_lines(data: ChartData) -> Layers:
    """The headline ratios by year.

    Args:
        data: long rows stat_year, title (of the metric), value.
    """
    base = alt.Chart(data).encode(
        x=alt.X("stat_year:O", title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("value:Q", title=None, axis=alt.Axis(format=".0%"), scale=alt.Scale(domainMin=0)),
        color=alt.Color(
            "title:N",
            title=None,
            sort=None,
            scale=alt.Scale(range=SERIES),
            legend=alt.Legend(orient="top", columns=4, labelLimit=260),
        ),
        tooltip=[*_tooltip(stat_year="年度", title="指标"), alt.Tooltip("value:Q", title="数值", format=".2%")],
    )
    return alt.layer(
        base.mark_line(strokeWidth=2.5),
        base.mark_point(filled=True, size=80, opacity=1),
    )


def monthly_bars(data: ChartData, measure: str, stat_year: int, units: Mapping[str, str]) -> alt.Chart:
    """One flow by month, this year beside the year before.

    Args:
        data: rows stat_year, month_no and the measures of marts.monthly_activity.
        units: of the measures, as they are drawn.
    """
    chart: alt.Chart = (
        alt.Chart(data)
        .add_params(alt.param(name="year", value=stat_year), alt.param(name="metric", value=measure))
        .transform_filter("datum.stat_year == year || datum.stat_year == year - 1")
        .transform_calculate(value="datum[metric]", series="datum.stat_year + ' 年'")
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=alt.X("month_no:O", title="月", axis=alt.Axis(labelAngle=0), scale=alt.Scale(domain=list(range(1, 13)))),
            xOffset=alt.XOffset("series:N"),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(format=",~f")),
            color=alt.Color(
                "series:N", title=None, scale=alt.Scale(range=["#b9cbe0", BLUE]), legend=alt.Legend(orient="top")
            ),
            tooltip=_tooltip(series="年度", month_no="月", value="数值"),
        )
    )
    unit = alt.ExprRef(f"'单位：' + {json.dumps(dict(units), ensure_ascii=False)}[metric]")
    return chart.properties(
        title=alt.TitleParams(unit, anchor="start", fontSize=12, fontWeight="normal", color="#52606d")
    )


def league_bars(data: ChartData, metric: str, stat_year: int, marks: Sequence[str] = ()) -> Layers:
    """Rows ranked by one metric, longest bar on top.

    Args:
        data: rows with name, stat_year and the metrics.
        marks: the metrics of them that are marks; all others are ratios.
    """
    base = _chosen(data, metric, stat_year, "datum[metric] != null", marks).encode(
        y=alt.Y(
            "name:N",
            title=None,
            sort=alt.EncodingSortField("value", op="max", order="descending"),
            axis=alt.Axis(labelLimit=260),
        ),
        x=alt.X("value:Q", title=None, axis=None),
        tooltip=_tooltip(name="名称", shown="数值"),
    )
    return alt.layer(
        base.mark_bar(color=BLUE, cornerRadiusEnd=3, height=18),
        base.mark_text(align="left", dx=5, color=INK).encode(text="shown:N"),
    )


def counts_by_rule(data: ChartData) -> alt.Chart:
    """监管发现 per rule and severity.

    Args:
        data: rows rule_name, severity, findings.
    """
    colours = alt.Scale(domain=["高", "中", "低"], range=["#b3261e", ORANGE, "#8a97a6"])
    chart: alt.Chart = (
        alt.Chart(data)
        .mark_bar(height=13)
        .encode(
            y=alt.Y("rule_name:N", title=None, sort="-x", axis=alt.Axis(labelLimit=260)),
            x=alt.X("findings:Q", title="件", axis=alt.Axis(tickMinStep=1, format=",~f")),
            color=alt.Color("severity:N", title=None, scale=colours, legend=alt.Legend(orient="top")),
            tooltip=_tooltip(rule_name="规则", severity="严重程度", findings="件"),
        )
    )
    return chart


def _tooltip(**titles: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{name}:N", title=title) for name, title in titles.items()]


def for_page(chart: alt.Chart | Layers, height: int | alt.Step) -> dict[str, Any]:
    """The chart as JSON for a page: as wide as its place, in the reader's own Chinese font."""
    sized = chart.properties(
        width="container", height=height, autosize=alt.AutoSizeParams(type="fit-x", contains="padding")
    )
    spec: dict[str, Any] = sized.configure(**PAGE_STYLE).to_dict()
    return spec
