"""What is compared: how each is had, started, asked and stopped. Versions are pinned here and in the programs' go.mod, Cargo.toml."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]
TICK = os.sysconf("SC_CLK_TCK")


class Unavailable(Exception):
    """Why a system cannot be had or did not run, in words for the table."""


def run(command, what, **options):
    """A step of an installation; its output goes to the terminal's standard error."""
    try:
        subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL, stdout=2, **options)
    except FileNotFoundError as error:
        raise Unavailable(f"{what}: {error.filename} is not installed") from error
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"{what}: {pathlib.Path(command[0]).name} failed") from error


def apt_install(package):
    sudo = [] if os.getuid() == 0 else ["sudo"]
    run([*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "install", "-y", "--no-install-recommends", package],
        f"the Debian package {package}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(answers, process, what, seconds=30):
    limit = time.monotonic() + seconds
    while not answers():
        if process.poll() is not None or time.monotonic() > limit:
            raise Unavailable(f"{what} does not start")
        time.sleep(0.02)


def stop(process, how):
    process.send_signal(how)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cpu_seconds(root):
    """Processor time of a process, its descendants and those of them that have ended."""
    parents, ticks = {}, {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            pid = int(stat.parent.name)
            parents[pid], ticks[pid] = int(fields[1]), sum(map(int, fields[11:15]))
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks.get(pid, 0) for pid in family) / TICK


def allocated(folder, without=()):
    """Bytes that the files of a folder take on disk."""
    total = 0
    for path, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in without]
        total += sum(os.lstat(os.path.join(path, file)).st_blocks * 512 for file in files)
    return total


class System:
    name = title = version = steps = ""
    arguments = []  # of its program, beside the load

    def __init__(self, folder):
        self.home = folder / self.name

    def program(self):
        return self.home / "load"

    def installed_version(self):
        with contextlib.suppress(OSError):
            return (self.home / "VERSION").read_text().strip()
        return ""

    def missing(self):
        """Why it cannot run, or nothing."""
        if not self.program().exists():
            with contextlib.suppress(OSError):
                return "could not be installed: " + (self.home / "FAILED").read_text().strip()
            return "not installed"
        if self.installed_version() != self.version:
            return f"{self.installed_version() or 'an unknown version'} is installed, {self.version} is wanted"
        return ""

    def install(self):
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        try:
            self.fetch()
        except Unavailable as error:
            (self.home / "FAILED").write_text(str(error).removeprefix(f"{self.title}: "))
            raise
        (self.home / "VERSION").write_text(self.version + "\n")

    def fetch(self):
        raise NotImplementedError

    def build_go(self):
        """In a copy: go writes beside the sources."""
        for part in ("load", self.name):
            shutil.copytree(HERE / part, self.home / "source" / part)
        run(["go", "build", "-mod=mod", "-o", self.program(), "."], self.title, cwd=self.home / "source" / self.name)

    @contextlib.contextmanager
    def serve(self, data):
        """Yields the address for the program, and the process whose time counts with the program's."""
        yield str(data), None

    def size(self, data):
        return allocated(data)


class Rapport(System):
    name = "rapport"
    title = "Rapport"
    steps = "built with this repository: cmake --build --preset release --target bench_store"

    def __init__(self, folder):
        super().__init__(folder)
        self.built = TOP / "build/release/bench/store"
        head = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty"], capture_output=True, text=True)
        self.version = head.stdout.strip() or "unknown"

    def program(self):
        return self.built

    def missing(self):
        return "" if self.built.exists() else "not built"

    def install(self):
        """Not ours to install."""


class UmaDb(System):
    name = "umadb"
    title = "UmaDB, gRPC"
    version = "0.7.8"
    steps = "cargo build of its server and a client, from crates.io; needs protoc (Debian's protobuf-compiler)"

    def fetch(self):
        if not shutil.which("protoc"):
            apt_install("protobuf-compiler")
        shutil.copytree(HERE / "umadb", self.home / "source")
        target = self.home / "target"
        run(["cargo", "build", "--release", "--target-dir", target], self.title, cwd=self.home / "source")
        for name in ("load", "server"):
            shutil.copy(target / "release" / name, self.home)
        shutil.rmtree(target)

    @contextlib.contextmanager
    def serve(self, data):
        port = free_port()
        data.mkdir()
        server = subprocess.Popen([self.home / "server", "--listen", f"127.0.0.1:{port}", "--db-path", data],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers():
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        try:
            wait_until(answers, server, self.title)
            yield f"http://127.0.0.1:{port}", server.pid
        finally:
            stop(server, signal.SIGTERM)

    def size(self, data):
        """Its file grows by hundreds of megabytes of zeros at a time, so only pages that hold something count."""
        page, used = 4096, 0
        for path in data.iterdir():
            with open(path, "rb") as file:
                while block := file.read(page):
                    used += len(block) if block.strip(b"\0") else 0
        return used


class MessageDb(System):
    name = "message_db"
    title = "Message DB"
    version = "1.3.1"
    steps = "npm pack @eventide/message-db and go build of a client; needs Debian's postgresql"

    def __init__(self, folder):
        super().__init__(folder)
        self.template = None  # a cluster with Message DB in it, and nothing else
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        self.bin = found[-1].parent if found else None
        self.owner = {}
        if os.getuid() == 0:  # the server refuses to run as root
            with contextlib.suppress(KeyError):
                user = pwd.getpwnam("postgres")
                self.owner = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def missing(self):
        return super().missing() or ("" if self.bin else "PostgreSQL is not installed")

    def fetch(self):
        if not self.bin:
            apt_install("postgresql")
        run(["npm", "pack", f"@eventide/message-db@{self.version}", "--pack-destination", self.home], self.title)
        run(["tar", "xzf", self.home / f"eventide-message-db-{self.version}.tgz", "-C", self.home], self.title)
        self.build_go()

    def as_owner(self, command):
        try:
            subprocess.run([str(part) for part in command], check=True, capture_output=True, cwd="/", **self.owner)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode().strip().splitlines()
            raise Unavailable(f"{pathlib.Path(command[0]).name}: {said[-1] if said else 'failed'}") from error

    @contextlib.contextmanager
    def postgres(self, data):
        """A server on a folder: its socket's folder and its process. Every setting that decides about durability is said."""
        sockets = tempfile.mkdtemp(prefix="peers-")
        if self.owner:
            os.chown(sockets, self.owner["user"], self.owner["group"])
        settings = ["listen_addresses=", f"unix_socket_directories={sockets}", "fsync=on", "synchronous_commit=on",
                    "full_page_writes=on", "max_connections=100"]
        server = subprocess.Popen([self.bin / "postgres", "-D", data, *(f"--{setting}" for setting in settings)], cwd="/",
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.owner)
        ready = [self.bin / "pg_isready", "-q", "-h", sockets]
        try:
            wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, server, "PostgreSQL")
            yield sockets, server
        finally:
            stop(server, signal.SIGINT)  # a clean end, with a checkpoint
            shutil.rmtree(sockets, ignore_errors=True)

    def make_template(self, data):
        folder = data.parent / "message_db-template"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        if self.owner:
            os.chown(folder, self.owner["user"], self.owner["group"])
        self.as_owner([self.bin / "initdb", "-D", folder, "-U", "postgres", "-A", "trust", "--locale=C", "--encoding=UTF8"])
        with self.postgres(folder) as (sockets, _):
            environment = {**os.environ, "PGHOST": sockets, "PGUSER": "postgres", "PATH": f"{self.bin}:{os.environ['PATH']}"}
            done = subprocess.run(["bash", self.home / "package/database/install.sh"], env=environment, capture_output=True,
                                  check=False)
            if done.returncode != 0:
                raise Unavailable("Message DB's install.sh failed")
        self.template = folder

    @contextlib.contextmanager
    def serve(self, data):
        if not self.template:
            self.make_template(data)
        subprocess.run(["cp", "-a", self.template, data], check=True)
        with self.postgres(data) as (sockets, server):
            yield f"host={sockets} user=postgres dbname=message_store search_path=message_store,public", server.pid

    def size(self, data):
        """Its write-ahead log is a ring that stops growing, so it is left out."""
        return allocated(data, ["pg_wal"]) - allocated(self.template, ["pg_wal"])


ALL = [Rapport, UmaDb, MessageDb]
