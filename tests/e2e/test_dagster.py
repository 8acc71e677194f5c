"""Dagster: definitions, schedule, sensor, and the real UI and daemon of `anze dev`."""

from __future__ import annotations

import itertools
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
from test_landing import POLICY, policy

from pipelines.feeds.contracts import contracts


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


def test_what_is_changed_inside_dagster_dbt_is_still_there(definitions: dg.Definitions) -> None:
    """Overridden by name: after an upgrade that renames them dbt would be asked for its version, and loaded, again."""
    from dagster_dbt import DbtCliResource

    from pipelines.defs.resources import InstalledDbt

    assert isinstance((definitions.resources or {})["dbt"], InstalledDbt)
    own = {name for name in vars(InstalledDbt) if name in ("_cli_version", "_initialize_dbt_core_adapter")}
    assert len(own) == 2 and own <= set(vars(DbtCliResource))


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


def test_what_a_run_plans_is_written_at_once_and_whole(
    definitions: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the run's own log and in the log over all runs; and nothing of it when its end cannot be written."""
    from pipelines.defs.event_log import EventLog

    from pipelines import settings
    from pipelines.night import dagster_home

    monkeypatch.setenv("ANZE_HOME", str(tmp_path))
    settings._from_environment.cache_clear()
    dagster_home.prepare_dagster_home(Home(tmp_path).settings)
    planned = {dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED, dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED}
    with dg.DagsterInstance.get() as instance:

        def written(run_id: str) -> list[str]:
            return [
                entry.dagster_event_type.value
                for entry in instance.all_logs(run_id)
                if entry.dagster_event_type in planned
            ]

        job = definitions.resolve_job_def("nightly")
        monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")
        one_by_one = written(instance.create_run_for_job(job).run_id)
        monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "1000")
        run = instance.create_run_for_job(job)
        assert written(run.run_id) == one_by_one and len(one_by_one) > 100
        # The log over all runs knows it too: a planned asset is the newest run's.
        key = dg.AssetKey(["landing", "policy"])
        storage = instance.event_log_storage
        assert isinstance(storage, EventLog)
        (record,) = storage.get_asset_records([key])
        assert record.asset_entry.last_run_id == run.run_id
        (check,) = storage.get_asset_check_execution_history(dg.AssetCheckKey(key, "landing_gate"), limit=1)
        assert check.run_id == run.run_id

        batch = [entry for entry in instance.all_logs(run.run_id) if entry.dagster_event_type in planned][:3]
        before = len(instance.all_logs(run.run_id))
        prepare, prepared = storage.prepare_insert_event, itertools.count(1)

        def fails_at_the_third(event: dg.EventLogEntry) -> object:
            if next(prepared) == 3:
                raise OSError("disk I/O error")
            return prepare(event)

        with monkeypatch.context() as patched:
            patched.setattr(storage, "prepare_insert_event", fails_at_the_third)
            with pytest.raises(OSError, match="disk"):
                storage.store_event_batch(batch)
        assert len(instance.all_logs(run.run_id)) == before
        storage.store_event_batch(batch)
        assert len(instance.all_logs(run.run_id)) == before + 3
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
