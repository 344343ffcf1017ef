"""The systemd units: what they promise, and what systemd itself says of them where it is there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from docs.pages import Page

from bot.cli.exits import EXIT_ABORT, EXIT_POLICY, EXIT_SETTINGS
from bot.cli.server import GRACE
from bot.secret_files import FILE
from bot.settings import secret_names

DEPLOY = Path(__file__).parents[2] / "deploy"
OPERATIONS = Page(DEPLOY.parent / "docs" / "operations.md")
DROP_INS = [block.text for block in OPERATIONS.blocks if block.kind == "ini"]
UNITS = [DEPLOY / "vaglio.service", DEPLOY / "vaglio-worker@.service"]
SANDBOX = {
    "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes",
    "PrivateUsers=yes", "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes",
    "ProtectControlGroups=yes", "ProtectClock=yes", "ProtectHostname=yes", "ProtectProc=invisible",
    "RestrictNamespaces=yes", "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes", "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX", "CapabilityBoundingSet=",
    "AmbientCapabilities=", "SystemCallArchitectures=native", "SystemCallFilter=@system-service", "DynamicUser=yes",
    "UMask=0077", "LimitCORE=0", "StateDirectoryMode=0700", "MemorySwapMax=0",
}  # fmt: skip

on_each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def lines(unit: Path) -> list[str]:
    return [line for line in unit.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


@on_each_unit
def test_the_service_is_shut_in(unit: Path) -> None:
    assert SANDBOX - set(lines(unit)) == set()


@on_each_unit
def test_secrets_are_handed_over_by_systemd_and_stand_in_no_unit(unit: Path) -> None:
    loaded = {line.split("=")[1].split(":")[0] for line in lines(unit) if line.startswith("LoadCredential=")}
    named = re.findall(rf"(VAGLIO_\w+{FILE})=(\S+)", unit.read_text(encoding="utf-8"))
    assert {place for _, place in named} == {f"%d/{credential}" for credential in loaded}
    assert not re.search(r"xox[bap]-|password", unit.read_text(encoding="utf-8"))


@on_each_unit
def test_it_starts_without_any_chat(unit: Path) -> None:
    """Of what it names of files, systemd starts nothing without them."""
    assert "slack" not in "\n".join(lines(unit)).lower()


def test_the_page_has_a_file_for_every_secret_and_drop_ins_that_hand_them_over() -> None:
    (table,) = (table for table in OPERATIONS.tables if "slack_bot_token" in table)
    assert {cells[0].strip("`") for cells in table.values()} == {f"{name}{FILE}" for name in secret_names()}
    assert all(cells[0] == f"`VAGLIO_{name.upper()}{FILE}`" for name, cells in table.items())
    handed = [text for text in DROP_INS if "LoadCredential" in text]
    assert len(handed) == 2
    for text in handed:
        loaded = re.findall(r"^LoadCredential=(\w+):/etc/vaglio/secrets/\1$", text, re.M)
        named = re.findall(r"^Environment=VAGLIO_(\w+)_FILE=%d/(\w+)$", text, re.M)
        assert sorted(loaded) == sorted(name for _, name in named)
        assert all(setting.lower() == name and name in table for setting, name in named)


def test_a_drop_in_takes_the_old_command_away_before_it_gives_another() -> None:
    (started,) = (text for text in DROP_INS if "ExecStart" in text)
    given = [line for line in started.splitlines() if line.startswith("ExecStart=")]
    (own,) = (line for line in lines(UNITS[0]) if line.startswith("ExecStart="))
    assert given[0] == "ExecStart="
    assert given[1].split()[0] == own.split()[0]


def test_a_service_is_installed_without_starting_one() -> None:
    asked = ["make", "--dry-run", "--always-make", "install"]
    ran = subprocess.run(asked, cwd=DEPLOY.parent, capture_output=True, text=True, check=True)
    assert "requirements.lock" in ran.stdout
    assert "vaglio run" not in ran.stdout


@on_each_unit
def test_what_is_in_hand_is_finished_at_a_stop(unit: Path) -> None:
    found = dict(line.split("=", 1) for line in lines(unit) if "=" in line)
    assert found["KillSignal"] == "SIGTERM"
    assert int(found["TimeoutStopSec"]) > GRACE


@on_each_unit
def test_only_what_may_mend_itself_is_tried_again(unit: Path) -> None:
    found = dict(line.split("=", 1) for line in lines(unit) if "=" in line)
    assert found["Restart"] == "on-failure"
    assert {*map(int, found["RestartPreventExitStatus"].split())} == {EXIT_POLICY, EXIT_SETTINGS}
    assert int(found["SuccessExitStatus"]) == EXIT_ABORT


def test_every_worker_has_a_port_of_its_own_whatever_the_front_ends_is() -> None:
    """What stands in an `EnvironmentFile` counts more than `Environment`."""
    (started,) = (line for line in lines(UNITS[1]) if line.startswith("ExecStart="))
    assert "/usr/bin/env VAGLIO_CONSOLE_PORT=840%i " in started


def test_commands_are_given_as_the_service_itself_runs() -> None:
    """As root they would leave files behind that the service cannot read."""
    page = (DEPLOY.parent / "docs" / "operations.md").read_text(encoding="utf-8")
    words = shlex.split(re.search(r"^systemd-run .*?[^\\]$", page, re.M | re.S)[0])  # type: ignore[index]
    unit = lines(UNITS[0])
    given = [words[number + 1] for number, word in enumerate(words) if word == "-p"]
    assert set(given) <= set(unit)
    assert {"DynamicUser=yes", "User=vaglio", "UMask=0077", "StateDirectoryMode=0700"} < set(given)
    environment = {pair for line in unit if line.startswith("Environment=") for pair in line.split("=", 1)[1].split()}
    assert {words[number + 1] for number, word in enumerate(words) if word == "-E"} <= environment


def test_the_two_differ_in_nothing_but_what_they_do() -> None:
    one, other = (set(lines(unit)) for unit in UNITS)
    assert {line.split("=")[0] for line in one ^ other} <= {"Description", "ExecStart", "LoadCredential", "Environment"}


@needs_systemd
@pytest.mark.slow
@on_each_unit
def test_systemd_understands_them(unit: Path, tmp_path: Path) -> None:
    # Where Vaglio is installed is the operator's: here stands a program that is always there.
    copy = tmp_path / unit.name
    text = unit.read_text(encoding="utf-8")
    text = "\n".join([text, *DROP_INS])  # as systemd puts them together
    copy.write_text(re.sub(r"^ExecStart=/\S+", "ExecStart=/bin/true", text, flags=re.M), encoding="utf-8")
    ran = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


@needs_systemd
@pytest.mark.slow
@on_each_unit
def test_systemd_finds_little_that_it_could_still_do(unit: Path) -> None:
    """Exposure is from 0 to 10; what is left is the network, without which there is no chat."""
    asked = ["systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", str(unit)]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    level = re.search(r"exposure level for \S+: ([\d.]+)", ran.stdout)
    assert level, ran.stdout
    assert float(level[1]) <= 1.5
