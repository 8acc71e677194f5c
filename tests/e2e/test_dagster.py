"""Dagster: definitions, schedule, sensor, and the real UI and daemon of `anze dev`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import dagster as dg
import pytest
from conftest import ANZE, Home
from drops import POLICY, policy

from pipelines.defs.resources import Home as Resource
from pipelines.feeds.contracts import contracts
from pipelines.ingest.landing import pending


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    os.environ["ANZE_HOME"] = str(tmp_path_factory.mktemp("dagster"))
    from pipelines import settings

    settings._from_environment.cache_clear()
    from pipelines.definitions import defs

    return defs


def test_an_asset_per_feed_and_stage_with_chinese_descriptions(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    for feed in contracts():
        assert f"landing/{feed}" in keys
        assert any(key.startswith("staging/stg_") and key.endswith(f"__{feed}") for key in keys)
    assert {"marts/supervision_metrics", "publication", "static_site"} <= keys
    groups = {graph.get(key).group_name for key in graph.materializable_asset_keys}
    assert groups == {"ingest", "reference", "staging", "intermediate", "marts", "publish"}


def test_every_asset_has_an_owner_a_description_and_must_be_fresh(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.owners == ["team:data-engineering"], key
        assert any("一" <= character <= "龥" for character in node.description or ""), key
        assert node.freshness_policy is not None, key


def test_dbt_reads_what_landing_writes(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    assert dg.AssetKey(["landing", "policy"]) in graph.get(dg.AssetKey(["staging", "stg_insurer__policy"])).parent_keys


def test_gates_block(definitions: dg.Definitions) -> None:
    checks = definitions.resolve_asset_graph().asset_check_keys
    assert dg.AssetCheckKey(dg.AssetKey(["landing", "policy"]), "landing_gate") in checks
    assert dg.AssetCheckKey(dg.AssetKey(["marts", "supervision_metrics"]), "publication_gate") in checks


def test_one_feed_is_landed_and_checked_by_itself(
    definitions: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Assets chosen in Dagster: only their drops are read, only their gates run, each with a result of its own."""
    from pipelines import settings

    home = Home(tmp_path)
    monkeypatch.setenv("ANZE_HOME", str(tmp_path))
    settings._from_environment.cache_clear()
    home.drop("weihai_hayc", "policy", "2024-01-01", "a.csv", POLICY + policy("P1"))
    home.drop("weihai_hayc", "claim", "2024-01-01", "a.csv", "理赔案号\n")
    key = dg.AssetKey(["landing", "policy"])
    job = dg.define_asset_job("some", dg.AssetSelection.assets(key), executor_def=dg.in_process_executor)
    job_def = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job])).resolve_job_def("some")
    with dg.DagsterInstance.ephemeral() as instance:
        run = job_def.execute_in_process(
            instance=instance, resources={"home": Resource(path=str(tmp_path))}, raise_on_error=True
        )
    assert {event.asset_key for event in run.get_asset_materialization_events()} == {key}
    checks = run.get_asset_check_evaluations()
    assert [(check.asset_key, check.check_name, check.passed) for check in checks] == [(key, "landing_gate", True)]
    assert [drop.feed for drop in pending(home.settings)] == ["claim"]
    settings._from_environment.cache_clear()


def test_nightly_at_two_in_china(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("nightly_at_two")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Asia/Shanghai")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_sensor_waits_until_new_drops_stand_still(
    definitions: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines import settings

    home = Home(tmp_path)
    monkeypatch.setenv("ANZE_HOME", str(tmp_path))
    settings._from_environment.cache_clear()
    sensor = definitions.resolve_sensor_def("new_drops")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        assert sensor.evaluate_tick(context).run_requests == []
        home.drop("weihai_hayc", "policy", "2024-01-01", "a.csv", POLICY + policy("P1"))
        first = sensor.evaluate_tick(context)
        assert first.run_requests == []
        second = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=first.cursor))
        assert len(second.run_requests or []) == 1
    settings._from_environment.cache_clear()


def test_what_a_dead_run_was_to_load_is_asked_for_again(
    definitions: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run killed with its process (kill -9) stays "started" for Dagster; the next start marks it and loads its drops."""
    from pipelines import settings
    from pipelines.night import dagster_home

    home = Home(tmp_path)
    monkeypatch.setenv("ANZE_HOME", str(tmp_path))
    settings._from_environment.cache_clear()
    dagster_home.prepare_dagster_home(home.settings)
    home.drop("weihai_hayc", "policy", "2024-01-01", "a.csv", POLICY + policy("P1"))
    sensor = definitions.resolve_sensor_def("new_drops")
    with dg.DagsterInstance.get() as instance:
        cursor = sensor.evaluate_tick(dg.build_sensor_context(instance=instance)).cursor

        def asked() -> str | None:
            (request,) = (
                sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor)).run_requests or []
            )
            return request.run_key

        first = asked()
        assert asked() == first
        run = instance.create_run_for_job(definitions.resolve_job_def("nightly"))
        instance.handle_new_event(_started(run.run_id))
        assert dagster_home.end_dead_runs() == 1 and dagster_home.end_dead_runs() == 0
        ended = instance.get_run_by_id(run.run_id)
        assert ended is not None and ended.status == dg.DagsterRunStatus.FAILURE
        assert asked() != first
    settings._from_environment.cache_clear()


def _started(run_id: str) -> dg.EventLogEntry:
    """The event by which a run becomes "started"."""
    from dagster._core.events import DagsterEvent, DagsterEventType

    event = DagsterEvent(DagsterEventType.RUN_START.value, "nightly")
    return dg.EventLogEntry(
        error_info=None, level="debug", user_message="", run_id=run_id, timestamp=time.time(), dagster_event=event
    )


def test_dev_opens_ui_and_daemon_under_the_home(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [ANZE, "dev", "--home", str(tmp_path), "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, "ANZE_HOME": str(tmp_path)},
    )  # fmt: skip
    try:
        query = json.dumps(
            {
                "query": '{ assetNodes { id } instance { daemonHealth { allDaemonStatuses { daemonType } } } schedulesOrError(repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "pipelines.definitions"}) { ... on Schedules { results { scheduleState { status } } } } }'
            }
        )
        answer = {}
        for _ in range(120):
            time.sleep(1)
            try:
                request = urllib.request.Request(
                    f"http://127.0.0.1:{port}/graphql", query.encode(), {"Content-Type": "application/json"}
                )
                answer = json.load(urllib.request.urlopen(request, timeout=5))["data"]
                break
            except (OSError, ValueError, KeyError):
                continue
        assert len(answer["assetNodes"]) > 50
        assert answer["schedulesOrError"]["results"][0]["scheduleState"]["status"] == "RUNNING"
        assert (tmp_path / "dagster" / "dagster.yaml").exists()
        assert "enabled: false" in (tmp_path / "dagster" / "dagster.yaml").read_text(encoding="utf-8")
        # Only loopback is listened on.
        listening = [
            line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"
        ]
        assert f"0100007F:{port:04X}" in listening and f"00000000:{port:04X}" not in listening
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
