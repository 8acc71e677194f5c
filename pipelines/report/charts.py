"""Charts of the return, as PNG for Word.

What belongs here: what a chart shows and how it looks. What does not: its numbers.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
# File names of fonts with Chinese characters, and the family a chart names; the first one found is taken.
FONTS = (
    ("NotoSansCJK", "Noto Sans CJK SC"),
    ("SourceHanSans", "Source Han Sans SC"),
    ("NotoSansSC", "Noto Sans SC"),
    ("wqy-zenhei", "WenQuanYi Zen Hei"),
    ("simhei", "SimHei"),
)
BLUE, ORANGE = "#2b5c8a", "#c8702a"


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


def coverage_bars(
    names: list[str], participation: list[float | None], coverage: list[float | None]
) -> dict[str, object]:
    """参保率 and 服务覆盖率 side by side per district or industry, with the line of 100 %."""
    import altair as alt  # noqa: PLC0415

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
    bars = base.mark_bar().encode(
        y=alt.Y("share:Q", title=None, axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1])),
        color=alt.Color("metric:N", title=None, sort=["参保率", "服务覆盖率"], scale=alt.Scale(range=[BLUE, ORANGE]),
                        legend=alt.Legend(orient="top")),
    )  # fmt: skip
    return _finished(bars, width=480, height=190)


def share_bars(names: list[str], shares: list[float | None]) -> dict[str, object]:
    """承保份额 per insurer."""
    import altair as alt  # noqa: PLC0415

    rows = pl.DataFrame({"name": names, "share": shares}, strict=False).with_columns(
        text=(pl.col("share") * 100).round(1).cast(pl.String) + "%"
    )
    base = alt.Chart(rows).encode(
        y=alt.Y("name:N", sort=names, title=None),
        x=alt.X("share:Q", title=None, axis=alt.Axis(format=".0%")),
    )
    chart = base.mark_bar(color=BLUE) + base.mark_text(align="left", dx=4).encode(text="text:N")
    return _finished(chart, width=400, height=28 * len(names) + 10)


def _finished(chart: object, width: int, height: int) -> dict[str, object]:
    import altair as alt  # noqa: PLC0415

    assert isinstance(chart, alt.Chart | alt.LayerChart)
    spec: dict[str, object] = (
        chart.properties(width=width, height=height).configure(font=chinese_font() or "sans-serif").to_dict()
    )
    return spec
