"""What the container's files promise: nobody's user, a root that cannot be written, no capability, secrets as files."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
import yaml
from postgres import Server, password

from bot.audit import rights
from bot.cli.commands import app
from bot.secret_files import FILE
from bot.settings import PREFIX, Settings, secret_names
from bot.store import Store

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = [DEPLOY / "compose.yaml", DEPLOY / "compose.postgres.yaml"]
NOBODY = "10321:10321"
NAMES = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{name}{FILE}" for name in secret_names()}
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def steps() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and what stands behind each."""
    code = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M).replace("\\\n", " ")
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in code.splitlines() if line.strip())]


def services() -> list[Any]:
    found = []
    for path in COMPOSE:
        for name, service in yaml.safe_load(path.read_text(encoding="utf-8"))["services"].items():
            found.append(pytest.param(service, id=f"{path.name}:{name}"))
    return found


def test_every_setting_in_deploy_exists() -> None:
    for path in sorted(DEPLOY.iterdir()):
        if path.is_file():
            named = set(re.findall(rf"\b{PREFIX}[A-Z_]+", path.read_text(encoding="utf-8")))
            assert named - NAMES == set(), path.name


def test_the_image_runs_as_nobody_and_starts_without_a_shell() -> None:
    last = [rest for word, rest in steps() if word == "FROM"][-1]
    final = steps()[[rest for _, rest in steps()].index(last) :] if " AS " not in last else []
    words = dict(steps())
    assert final
    assert words["USER"] == NOBODY
    for word in ("ENTRYPOINT", "CMD"):
        assert words[word].startswith("["), f"{word} would want a shell"
    assert 'CMD ["vaglio", "health"]' in words["HEALTHCHECK"]
    assert words["STOPSIGNAL"] == "SIGTERM"


def test_the_image_installs_what_is_locked_and_nothing_else() -> None:
    installs = [part for word, rest in steps() if word == "RUN" for part in rest.split("&&") if "pip install" in part]
    assert len(installs) == 2
    assert all("--no-deps" in part for part in installs)
    assert "--require-hashes" in installs[0]
    assert "requirements.lock" in installs[0]
    assert "--no-index" in installs[1]
    assert "--no-build-isolation" in installs[1]
    assert any("uninstall --yes pip" in rest for word, rest in steps() if word == "RUN")


def test_nothing_can_be_installed_into_a_container_that_runs() -> None:
    """Neither by what was installed nor by what the base brings: `FROM` begins with the base once more."""
    final = steps()[max(number for number, (word, _) in enumerate(steps()) if word == "FROM") :]
    run = " ".join(rest for word, rest in final if word == "RUN")
    assert "pip uninstall --yes pip" in run
    assert "ensurepip" in run


def test_the_base_is_named_by_its_tag_once() -> None:
    bases = [rest for word, rest in steps() if word == "FROM"]
    assert all(base.startswith("${BASE}") for base in bases)
    (base,) = [rest for word, rest in steps() if word == "ARG"]
    assert re.fullmatch(r"BASE=docker\.io/library/python:3\.11-slim-\w+", base)
    assert "@sha256:" in DOCKERFILE, "how to pin the digest is told"


_CLIENTS = {"bookworm": 15, "trixie": 17}
"""The release of PostgreSQL's client that each release of Debian has."""


def test_a_backup_of_the_server_can_be_made_in_the_image() -> None:
    """By programs of its release or a newer one, which are Debian's own."""
    (installed,) = (rest for word, rest in steps() if word == "RUN" and "apt-get install" in rest)
    (client,) = re.findall(r"postgresql-client-(\d+)", installed)
    image = yaml.safe_load(COMPOSE[1].read_text(encoding="utf-8"))["services"]["postgres"]["image"]
    server = re.fullmatch(r"docker\.io/library/postgres:(\d+)-\w+", image)
    (base,) = [rest for word, rest in steps() if word == "ARG"]
    assert server
    assert int(client) >= int(server[1])
    assert int(client) == _CLIENTS[base.rpartition("-")[2]]
    assert "apt.postgresql.org" not in DOCKERFILE
    (environment,) = (rest for word, rest in steps() if word == "ENV" and "VAGLIO_DATA_DIR" in rest)
    assert f"/usr/lib/postgresql/{client}/bin" in environment


def test_whatever_vaglio_starts_is_in_the_image() -> None:
    """`git` for checkpoints in a repository, `ssh` for one that is elsewhere."""
    (installed,) = (rest for word, rest in steps() if word == "RUN" and "apt-get install" in rest)
    started = {
        name
        for path in (ROOT / "bot").rglob("*.py")
        if "subprocess" in (text := path.read_text(encoding="utf-8"))
        for name in re.findall(r'"(git|pg_dump|pg_restore|ssh)\b', text)
    }
    assert started == {"git", "ssh", "pg_dump", "pg_restore"}
    assert {"git", "openssh-client"} < set(installed.split())


def test_what_may_be_large_is_written_on_a_volume_and_not_in_memory() -> None:
    (environment,) = (rest for word, rest in steps() if word == "ENV" and "VAGLIO_DATA_DIR" in rest)
    given = dict(pair.split("=", 1) for pair in environment.split())
    # A purge writes the whole database anew beside it, and an export may be as large as the record.
    assert given["SQLITE_TMPDIR"] == given["VAGLIO_DATA_DIR"]
    assert any(given["VAGLIO_DATA_DIR"] in rest for word, rest in steps() if word == "VOLUME")


@pytest.mark.parametrize("service", services())
def test_no_word_of_a_draft_is_swapped_out(service: dict[str, Any]) -> None:
    if service["image"] == "vaglio":
        assert service["memswap_limit"] == service["mem_limit"]


def test_nothing_private_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert let_in == {"pyproject.toml", "README.md", "LICENSE", "requirements.lock", "bot", "rules", "policies"}
    copied = {word for step, rest in steps() if step == "COPY" and "--from" not in rest for word in rest.split()[:-1]}
    assert copied <= let_in


@pytest.mark.parametrize("service", services())
def test_a_container_can_do_nothing_that_it_need_not(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    assert service["user"].split(":")[0] not in ("0", "root")
    assert any(place.startswith("/tmp") for place in service["tmpfs"])
    assert int(service["stop_grace_period"].removesuffix("s")) >= 30
    assert "network_mode" not in service
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), "a proxy with HTTPS stands before it"


@pytest.mark.parametrize("service", services())
def test_secrets_come_as_files(service: dict[str, Any]) -> None:
    secrets = secret_names() | {"POSTGRES_PASSWORD"}
    assert not secrets & set(service.get("environment", {}))
    named = {value for name, value in service.get("environment", {}).items() if name.endswith(FILE)}
    assert named == {f"/run/secrets/{secret}" for secret in service["secrets"]}


@pytest.mark.parametrize("service", services())
def test_somebody_looks_whether_it_is_well(service: dict[str, Any]) -> None:
    assert service["healthcheck"]["test"][0] == "CMD", "a shell is not needed"


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_every_secret_and_volume_is_declared(path: Path) -> None:
    compose = yaml.safe_load(path.read_text(encoding="utf-8"))
    used = [service for service in compose["services"].values()]
    assert {secret for service in used for secret in service["secrets"]} == set(compose["secrets"])
    assert {volume.split(":")[0] for service in used for volume in service["volumes"]} == set(compose["volumes"])
    assert all(each["file"].startswith("./secrets/") for each in compose["secrets"].values())
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "folder", ["data", "keys", "data.before-2026-01-31T09-00-00", "backups", "deploy/secrets", "models"]
)
def test_what_holds_words_or_keys_in_a_checkout_is_left_out_by_git(folder: str) -> None:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert any(fnmatch.fnmatch(f"/{folder}/", line) for line in lines)


def test_with_postgresql_there_are_front_ends_and_two_workers() -> None:
    compose = yaml.safe_load(COMPOSE[1].read_text(encoding="utf-8"))
    assert compose["services"]["front"]["command"] == ["run", "--no-work", "--no-link"]
    assert compose["services"]["worker"]["deploy"]["replicas"] == 2
    assert compose["services"]["postgres"]["networks"] == ["inside"]
    assert compose["networks"]["inside"]["internal"] is True


def test_what_runs_is_not_the_owner_of_its_tables() -> None:
    services = yaml.safe_load(COMPOSE[1].read_text(encoding="utf-8"))["services"]
    owners = {name for name, service in services.items() if "database_owner_url" in service["secrets"]}
    assert owners == {"migrate", "grant"}
    assert all(services[name]["restart"] == "no" for name in owners)
    for name in ("front", "worker"):
        assert services[name]["depends_on"] == {"grant": {"condition": "service_completed_successfully"}}
    # In its own image's way the first user would be a superuser.
    assert services["postgres"]["environment"]["POSTGRES_USER"] == "postgres"


def test_two_users_are_made_of_which_one_may_no_more_than_it_must(postgres_server: Server, tmp_path: Path) -> None:
    """The script as PostgreSQL's image runs it, under other names: these tests' server has a `vaglio` already."""
    script = (DEPLOY / "postgres-users.sh").read_text(encoding="utf-8").replace("vaglio", "composed")
    secrets = {name: password() for name in ("OWNER", "RUNS")}
    environment = {"POSTGRES_USER": "postgres", "PGHOST": str(postgres_server.folder)}
    for name, secret in secrets.items():
        (tmp_path / name).write_text(f"{secret}\n", encoding="utf-8")
        environment[f"{name}_PASSWORD_FILE"] = str(tmp_path / name)
    environment["PATH"] = f"{postgres_server.tools}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", "-Eeo", "pipefail", "-c", script], env=environment, check=True, capture_output=True)
    try:
        owner = postgres_server.url("composed", user=f"composed_owner:{secrets['OWNER']}")
        runs = postgres_server.url("composed", user=f"composed:{secrets['RUNS']}")
        with closing(Store(owner, keeps_open=False)) as store:
            store.migrate()
            with store.write() as session:
                rights.grant(session.connection(), "composed")
        with closing(Store(runs, keeps_open=False)) as store, store.read() as session:
            assert (rights.excess(session.connection()), rights.lacking(session.connection())) == ([], [])
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(postgres_server.url("composed", user="vaglio"))
    finally:
        postgres_server.drop("composed")
        with postgres_server.admin() as admin:
            admin.execute("DROP ROLE composed, composed_owner")


def commands() -> list[Any]:
    """Every `vaglio ...` that the files under deploy/ start."""
    found = [["run", "--no-link"], ["health"]]
    for path in COMPOSE:
        found += [
            each["command"] for each in yaml.safe_load(path.read_text())["services"].values() if "command" in each
        ]
    for path in sorted(DEPLOY.glob("*.service")):
        found += [_of_vaglio(shlex.split(line)) for line in re.findall(r"^ExecStart=(.+)$", path.read_text(), re.M)]
    return [list(words) for words in dict.fromkeys(tuple(words) for words in found)]


def _of_vaglio(words: list[str]) -> list[str]:
    """What follows the program, whatever stands before it."""
    (at,) = (number for number, word in enumerate(words) if word.endswith("/vaglio"))
    return words[at + 1 :]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_in_deploy_exists(words: list[str]) -> None:
    command = COMMANDS[words[0]]
    command.make_context(words[0], list(words[1:]), resilient_parsing=False)
