"""Real programs for the tests: each on free ports, in a folder of its own, and surely ended.

Every start is a context manager. Where a program is missing the test is skipped with a sentence
that names the Debian package.
"""

import atexit
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

ROOT = Path(__file__).parents[2]
DEPLOYED = ROOT / "deploy" / "mosquitto"
PROGRAM_FOLDERS = ("/usr/sbin", "/usr/local/bin", "/usr/lib/postgresql/15/bin")


def program(name: str, package: str) -> str:
    """The path of a program; skips the test when it is not installed."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *PROGRAM_FOLDERS])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"{name} is not installed here (Debian package {package})")
    return found


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(
    port: int, process: "subprocess.Popen[str] | None" = None, seconds: float = 15
) -> None:
    """Return once the port answers; AssertionError when it does not, or the process ended."""
    until = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process is not None and process.poll() is not None:
            raise AssertionError(f"{process.args} ended with {process.returncode}")
        if time.monotonic() > until:
            raise AssertionError(f"nothing answered on port {port} within {seconds} s")
        time.sleep(0.01)


@contextlib.contextmanager
def scratch_folder(owner: str | None = None) -> Iterator[Path]:
    """A new folder under the system's temporary one, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="beimen-test-"))
    try:
        if owner is not None:
            shutil.chown(folder, owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def end(process: "subprocess.Popen[str]", with_signal: int = signal.SIGTERM) -> None:
    """Ask the process to end, wait for it, and kill it if it does not."""
    if process.poll() is None:
        process.send_signal(with_signal)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
    if process.stdin:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    if process.stdout:
        process.stdout.close()


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], folder: Path, with_signal: int = signal.SIGTERM
) -> Iterator["subprocess.Popen[str]"]:
    """A process whose words go to `output.log` of the folder, ended when the block is left."""
    with (folder / "output.log").open("a") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True
        )
    try:
        yield process
    finally:
        end(process, with_signal)


# --- Mosquitto ---------------------------------------------------------------------------------


@dataclass
class Mosquitto:
    """A running Mosquitto with the deployed configuration."""

    folder: Path
    port: int
    """The plain listener of the service, on 127.0.0.1."""
    tls_port: int
    """The piles' listener."""
    passwords: Mapping[str, str]
    """The password of each login."""
    process: "subprocess.Popen[str] | None" = None

    @property
    def ca_file(self) -> Path:
        """The authority a pile pins."""
        return self.folder / "certs" / "ca.crt"

    @property
    def log(self) -> str:
        """What it said so far."""
        return (self.folder / "output.log").read_text(errors="replace")

    def start(self) -> None:
        """Start it (again) on the same ports with what is in its folder."""
        command = [program("mosquitto", "mosquitto"), "-c", self.folder / "mosquitto.conf"]
        with (self.folder / "output.log").open("a") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True
            )
        try:
            wait_for_port(self.port, self.process)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.log}") from None

    def stop(self) -> None:
        """End it as systemd would; nothing is forgotten."""
        if self.process:
            end(self.process)

    def kill(self) -> None:
        """End it as a crash would (SIGKILL)."""
        if self.process:
            self.process.kill()
            self.process.wait(10)

    def set_passwords(self, passwords: Mapping[str, str]) -> None:
        """Add or change logins by the deployed script, as an operator does, and reload."""
        write_passwords(self.folder / "passwords", passwords)
        self.passwords = {**self.passwords, **passwords}
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGHUP)


def write_passwords(path: Path, passwords: Mapping[str, str]) -> None:
    """A password file in Mosquitto's format, by the deployed script."""
    subprocess.run(
        [sys.executable, DEPLOYED / "make_passwords.py", path, "--given"],
        input="".join(f"{name}:{password}\n" for name, password in passwords.items()),
        text=True,
        check=True,
    )


def render_configuration(text: str, places: Mapping[str, str]) -> str:
    """The configuration with other ports and paths, and no other difference.

    `places` maps the beginning of a line ("listener 8883", "acl_file") to the line to take in its
    stead. A place that the file does not have is an error: then the test would not test the file.
    """
    lines, unseen = [], set(places)
    for line in text.splitlines():
        start = next((s for s in places if line == s or line.startswith(s + " ")), None)
        unseen.discard(start or "")
        lines.append(places[start] if start else line)
    assert not unseen, f"mosquitto.conf has no line for {sorted(unseen)}"
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def start_mosquitto(
    passwords: Mapping[str, str] | None = None, deployed: Path = DEPLOYED
) -> Iterator[Mosquitto]:
    """Mosquitto with the files of deploy/mosquitto as they are, only ports and paths swapped.

    `passwords` maps each login to its password; without it: core, the service's two, view and
    LB-001 to LB-003, each with a random password (read them from `.passwords`).
    """
    program("mosquitto", "mosquitto")
    names = ("core", "core-telemetry", "core-control", "view", "LB-001", "LB-002", "LB-003")
    passwords = passwords or {name: secrets.token_urlsafe(24) for name in names}
    with scratch_folder() as folder:
        shutil.copytree(deployed_certificates(), folder / "certs")
        shutil.copy(deployed / "acl", folder / "acl")
        (folder / "kept").mkdir()
        write_passwords(folder / "passwords", passwords)
        broker = Mosquitto(folder, free_port(), free_port(), passwords)
        places = {
            "user": f"user {'root' if os.geteuid() == 0 else 'mosquitto'}",
            "persistence_location": f"persistence_location {folder}/kept/",
            "password_file": f"password_file {folder}/passwords",
            "acl_file": f"acl_file {folder}/acl",
            "listener 8883": f"listener {broker.tls_port} 127.0.0.1",
            "cafile": f"cafile {folder}/certs/ca.crt",
            "certfile": f"certfile {folder}/certs/server.crt",
            "keyfile": f"keyfile {folder}/certs/server.key",
            "listener 1883 127.0.0.1": f"listener {broker.port} 127.0.0.1",
        }
        configuration = render_configuration((deployed / "mosquitto.conf").read_text(), places)
        (folder / "mosquitto.conf").write_text(configuration)
        try:
            broker.start()
            yield broker
        finally:
            broker.stop()


_certificates: list[Path] = []


def deployed_certificates() -> Path:
    """An authority and a certificate for 127.0.0.1 by the deployed script, made once per run."""
    if not _certificates:
        program("openssl", "openssl")
        made = Path(tempfile.mkdtemp(prefix="beimen-test-certificates-"))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        script = DEPLOYED / "make_certificates.sh"
        subprocess.run(
            ["sh", script, made, "localhost", "IP:127.0.0.1"], check=True, capture_output=True
        )
        _certificates.append(made)
    return _certificates[0]


# --- the demo broker ----------------------------------------------------------------------------


@dataclass
class DemoBroker:
    """A running `python -m simulator.broker`."""

    port: int
    process: "subprocess.Popen[str]"
    passwords: Mapping[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def start_demo_broker(
    passwords: Mapping[str, str] | None = None, acl: Path | None = None, port: int = 0
) -> Iterator[DemoBroker]:
    """The demo broker as a process of its own; open to all unless passwords are given.

    With passwords it takes the deployed access list, or `acl`.
    """
    with scratch_folder() as folder:
        command = [sys.executable, "-m", "simulator.broker", "--port", str(port)]
        if passwords:
            write_passwords(folder / "passwords", passwords)
            command += ["--passwords", str(folder / "passwords")]
            command += ["--acl", str(acl or DEPLOYED / "acl")]
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout
            said = process.stdout.readline().split()
            assert said[:1] == ["ready"], f"the demo broker said {said}"
            yield DemoBroker(int(said[1]), process, passwords or {})
        finally:
            end(process)


# --- PostgreSQL ---------------------------------------------------------------------------------


@dataclass
class Postgres:
    """A running PostgreSQL of its own; trusts who comes from 127.0.0.1."""

    port: int
    folder: Path
    process: "subprocess.Popen[str]"

    def url(self, database: str = "postgres") -> str:
        """The address of one database, as BEIMEN_DATABASE_URL takes it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    @contextlib.contextmanager
    def new_database(self) -> Iterator[str]:
        """An empty database for one test; its address. Dropped at the end."""
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        try:
            yield self.url(name)
        finally:
            with psycopg.connect(self.url(), autocommit=True) as connection:
                connection.execute(f"drop database {name} with (force)")


def as_postgres(command: Sequence[str | Path]) -> list[str | Path]:
    """PostgreSQL refuses to run as root: then run the command as the user postgres."""
    if os.geteuid() != 0:
        return list(command)
    dropped = ["--reuid", "postgres", "--regid", "postgres", "--init-groups"]
    return [program("setpriv", "util-linux"), *dropped, *command]


@contextlib.contextmanager
def start_postgres(*, durable: bool = True) -> Iterator[Postgres]:
    """A fresh PostgreSQL on a free port, durable as in production unless told otherwise."""
    initdb = program("initdb", "postgresql-15")
    server = program("postgres", "postgresql-15")
    with scratch_folder("postgres" if os.geteuid() == 0 else None) as folder:
        data, port = folder / "data", free_port()
        made = [initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run(
            as_postgres([*made, "--no-sync"]), cwd=folder, check=True, capture_output=True
        )
        command = [server, "-D", data, "-p", str(port), "-k", folder, "-h", "127.0.0.1"]
        if not durable:
            command += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        with running(as_postgres(command), folder, signal.SIGINT) as process:
            wait_for_port(port, process)
            wait_for_postgres(port)
            yield Postgres(port, folder, process)


def wait_for_postgres(port: int, seconds: float = 15) -> None:
    """Return once it takes connections: it opens its port a moment before."""
    until = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            assert time.monotonic() < until, "PostgreSQL did not take a connection"
            time.sleep(0.02)
        else:
            return


# --- Prometheus ---------------------------------------------------------------------------------


@contextlib.contextmanager
def start_prometheus(configuration: str, rules: Mapping[str, str] | None = None) -> Iterator[str]:
    """Prometheus with this configuration (YAML); its address.

    `rules` maps file names to texts, put beside the configuration so that it can name them.
    """
    server = program("prometheus", "prometheus")
    with scratch_folder() as folder:
        (folder / "prometheus.yml").write_text(configuration)
        for name, text in (rules or {}).items():
            (folder / name).write_text(text)
        port = free_port()
        command = [
            server, f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}",
        ]  # fmt: skip
        with running(command, folder) as process:
            wait_for_port(port, process)
            wait_for_ok(f"http://127.0.0.1:{port}/-/ready")
            yield f"http://127.0.0.1:{port}"


def wait_for_ok(url: str, seconds: float = 15) -> None:
    """Return once the address answers 200: a port opens a moment before its program is ready."""
    until = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, trust_env=False).is_success:
                return
        assert time.monotonic() < until, f"{url} did not answer"
        time.sleep(0.02)
