"""The interactive page: filters, and from every number one click to the records behind it.

What belongs here: who looks, at which publication, and which page they get. What does not: the pages (pages.py), numbers
(marts), their explanation (pipelines/explain). Run by `anze dashboard` (serve.py).
"""

from __future__ import annotations

import logging

import duckdb
import streamlit as st

from pipelines.dashboard.explaining import show_explanation
from pipelines.dashboard.filters import choose
from pipelines.dashboard.pages import PAGES
from pipelines.dashboard.source import NotReady, identity, source
from pipelines.settings import settings
from pipelines.warehouse.lists import seen
from pipelines.warehouse.rights import NoAudience

LOG = logging.getLogger("anze.dashboard")


def main() -> None:
    st.set_page_config(page_title="安责险监管", layout="wide")
    provider = _signed_in_audience()
    version = identity(settings())
    _look_for_something_new(version)
    try:
        found = source(settings(), provider, version)
    except (NotReady, NoAudience) as reason:
        st.title("安责险监管")
        st.info(str(reason))
        return
    connection = _connection(str(found.path)).cursor()
    tables = seen(connection)
    page = choose(found, connection, tables)
    if page is None:
        st.info("数据仓里还没有可以统计的数据。请先登记报送文件（anze receive），再运行 anze nightly。")
        return
    if found.held_back:
        st.warning(f"暂停更新：{found.held_back}")
    view, chosen = page
    try:
        if "explaining" in st.session_state:
            show_explanation(chosen)
        else:
            PAGES[view](chosen)
    except Exception:
        LOG.exception("dashboard page %s", view)
        st.error("这一页读不出来。请刷新；仍不行时请管理员运行 anze doctor，并查看服务窗口中的错误信息。")


def _signed_in_audience() -> str:
    """The provider whose share is shown; empty: everything. Stops the page for whoever may see nothing."""
    if not settings().oidc_secrets:
        return settings().dashboard_audience
    if not st.user.get("is_logged_in", False):
        st.title("安责险监管")
        st.write("请先登录。")
        st.button("登录", type="primary", on_click=st.login)
        st.stop()
    audiences = st.secrets.get("audiences", {})
    address = str(st.user.get("email", ""))
    if address not in audiences:
        st.title("安责险监管")
        st.warning(f"账号 {address} 没有配置可见范围，请联系管理员（secrets 文件的 [audiences]）。")
        st.button("退出登录", on_click=st.logout)
        st.stop()
    # `*` sees everything; anything else is a provider code.
    provider = str(audiences[address])
    return "" if provider == "*" else provider


@st.fragment(run_every=settings().dashboard_look_again)
def _look_for_something_new(version: str) -> None:
    if identity(settings()) != version:
        st.rerun(scope="app")


@st.cache_resource(max_entries=8, show_spinner="打开数据仓")
def _connection(path: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(path, read_only=True)


main()
