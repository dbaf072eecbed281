#!/usr/bin/python3
"""The servers that the tests talk to: one Dovecot, one SMTP server, one provider of access tokens, one PostgreSQL,
started and stopped together.

    tests/servers.py [--only imap,smtp,postgres] [--postgres-fsync on|off]

Prints ONE line of JSON on stdout when all of them answer, then waits. It stops them, each by its process id, and
removes its folder when stdin closes (so they cannot outlive who started them) or on SIGTERM or SIGINT. Needs Debian's
own python3 (/usr/bin/python3), dovecot-imapd, postgresql, python3-aiosmtpd and openssl; tests/run installs them.

Everything listens on 127.0.0.1. Any user may log in to IMAP and SMTP with the password `secret`, or with an access token
that the provider issued for them (tests/token_server.py; Dovecot asks it, as it would ask a real one); users below
wide.example have a password of more than seven bits. A mailbox is the Maildir <mail_root>/<address> (lower case, without +detail) and comes into being with its first mail or login.
tests/smtp_server.py says what the SMTP server adds to a mail and how a test makes it refuse one.
"""

import argparse
import ctypes
import glob
import importlib.util
import json
import os
import pwd
import grp
import random
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

PASSWORD = "secret"
WIDE_PASSWORD = "gehe\u00efm-\u20ac"
START_SECONDS = 30  # about 2 are needed; the rest is for a busy machine
STOP_SECONDS = 5
KINDS = ("imap", "smtp", "postgres")
PR_SET_PDEATHSIG = 1


class Missing(Exception):
    """Something that must be installed, or a server that did not come up."""


class Rig:
    """The folder, the user and the processes of one run."""

    def __init__(self):
        # /tmp and not $TMPDIR: Dovecot and PostgreSQL put unix sockets here, whose paths end at 108 bytes.
        self.root = tempfile.mkdtemp(prefix="dsrd-", dir="/tmp")
        self.user, self.group, self.uid, self.gid = self.identity()
        os.chmod(self.root, 0o755)
        self.mail = self.folder("mail")
        self.control = self.folder("control")
        self.servers = []  # (name, pid, signal that asks it to stop)
        self.own(self.root)

    @staticmethod
    def identity():
        """Root hands the servers to `nobody`, because Dovecot and PostgreSQL refuse to work as root."""
        entry = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        return entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name, entry.pw_uid, entry.pw_gid

    def own(self, path):
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)

    def folder(self, *names):
        path = os.path.join(self.root, *names)
        os.makedirs(path, mode=0o755, exist_ok=True)
        self.own(path)
        return path

    def file(self, name, text):
        path = os.path.join(self.root, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        self.own(path)
        return path

    def drop(self):
        """In a child: become the unprivileged user, and die with the supervisor."""
        os.setsid()
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)
        # After setuid, which clears it. SIGTERM is enough for all three when the supervisor was killed.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    def spawn(self, name, command, stop=signal.SIGTERM):
        # Dovecot keeps its stdio for ever, so a caller that reads our pipe would hang on it: give it a file.
        with open(self.file(name + ".log", ""), "ab") as log:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.root,
                preexec_fn=self.drop, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})
        self.servers.append((name, child.pid, stop))
        return child

    def log(self, name):
        try:
            with open(os.path.join(self.root, name + ".log"), encoding="utf-8", errors="replace") as text:
                return text.read()[-2000:]
        except OSError:
            return ""

    def stop(self):
        """Asks every server to stop, waits, then kills what is left of its process group; removes the folder."""
        for _, pid, how in self.servers:
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass
        give_up = time.monotonic() + STOP_SECONDS
        for _, pid, _ in self.servers:
            while alive(pid) and time.monotonic() < give_up:
                time.sleep(0.01)
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            while alive(pid):
                time.sleep(0.01)
        shutil.rmtree(self.root, ignore_errors=True)


def alive(pid):
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


def free_ports(count):
    """Ports below the range that outgoing connections use, so that no test's own connection can take one meanwhile."""
    held = []
    while len(held) < count:
        probe = socket.socket()
        try:
            probe.bind(("127.0.0.1", random.randrange(20000, 32000)))
            held.append(probe)
        except OSError:
            probe.close()
    ports = [probe.getsockname()[1] for probe in held]
    for probe in held:
        probe.close()
    return ports


def until(what, rig, name, child, ready):
    """Waits until `ready()` answers true; a server that ends first is an error that shows the end of its log."""
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        if child is not None and child.poll() is not None:
            raise Missing(f"{what} ended while it started:\n{rig.log(name)}")
        try:
            if ready():
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise Missing(f"{what} gave no answer within {START_SECONDS} s:\n{rig.log(name)}")


def program(name, package):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin")
    if not found:
        raise Missing(f"{name} is missing: install it with `apt-get install {package}`, or run tests/run")
    return found


def certificates(rig):
    """A CA and a certificate for localhost, fresh for this run: nothing to expire, no key in the repository.

    openssl is there because Debian's dovecot-core depends on it."""
    openssl = program("openssl", "openssl")
    tls = rig.folder("tls")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3"]
    made = [
        [openssl, "req", "-x509", *key, "-subj", "/CN=dsrd test CA", "-keyout", "ca.key", "-out", "ca.pem",
         "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
        [openssl, "req", "-x509", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.pem",
         "-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"],
    ]
    for command in made:
        done = subprocess.run(command, cwd=tls, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise Missing(f"openssl could not make a certificate: {done.stderr}")
    for name in os.listdir(tls):
        rig.own(os.path.join(tls, name))
    return {name: os.path.join(tls, name) for name in ("ca.pem", "server.pem", "server.key")}


DOVECOT = """
protocols = imap
listen = 127.0.0.1
base_dir = {root}/dovecot/run
state_dir = {root}/dovecot/state
log_path = {root}/dovecot.log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = no
auth_failure_delay = 0
auth_username_format = %Lu
# 10 by default: the 11th connection of one test's user from loopback would be refused.
mail_max_userip_connections = 1000
mail_location = maildir:{mail}/%u
mail_fsync = never
mailbox_idle_check_interval = 1 s
recipient_delimiter = +
auth_mechanisms = plain xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {oauth2}
}}
passdb {{
  driver = static
  mechanisms = plain
  username_filter = *@wide.example
  args = password={wide_password}
}}
passdb {{
  driver = static
  mechanisms = plain
  username_filter = !*@wide.example *
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={mail}/%u
}}
# Changing root needs root.
service anvil {{
  chroot =
  # Dovecot makes an address wait longer with each failed login, and every test has the same address.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  client_limit = 2000
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 1000
}}
"""


OAUTH2 = """
introspection_mode = post
introspection_url = http://127.0.0.1:{token_port}/introspect
username_attribute = username
active_attribute = active
active_value = true
"""


def start_dovecot(rig, tls, token_port):
    imap, imaps = free_ports(2)
    oauth2 = rig.file("dovecot-oauth2.conf", OAUTH2.format(token_port=token_port))
    rig.folder("dovecot")
    rig.folder("dovecot", "run")
    rig.folder("dovecot", "state")
    conf = rig.file("dovecot.conf", DOVECOT.format(
        root=rig.root, user=rig.user, group=rig.group, mail=rig.mail, password=PASSWORD, imap=imap, imaps=imaps,
        wide_password=WIDE_PASSWORD, oauth2=oauth2,
        cert=tls["server.pem"], key=tls["server.key"]))
    child = rig.spawn("dovecot", [program("dovecot", "dovecot-imapd"), "-F", "-c", conf])
    trusted = ssl.create_default_context(cafile=tls["ca.pem"])

    def logs_in(port, wrap):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as plain, wrap(plain) as link:
            lines = link.makefile("rb")
            if not lines.readline().startswith(b"* OK"):
                return False
            link.sendall(f"a LOGIN ready@rig.example {PASSWORD}\r\nb LOGOUT\r\n".encode())
            return any(line.startswith(b"a OK") for line in lines)

    def ready():
        return (logs_in(imap, lambda link: link)
                and logs_in(imaps, lambda link: trusted.wrap_socket(link, server_hostname="localhost")))

    return child, ready, {"imap_port": imap, "imaps_port": imaps}


def fork(rig, what, name, serve):
    """A server of our own is a fork of this process: it needs no file that the unprivileged user might not read. `serve`
    gets a file descriptor, to which it writes one line of JSON with its ports."""
    log_path = rig.file(name + ".log", "")
    receive, send = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(receive)
            rig.drop()
            for sig in (signal.SIGTERM, signal.SIGINT):
                signal.signal(sig, signal.SIG_DFL)
            log = os.open(log_path, os.O_WRONLY | os.O_APPEND)
            null = os.open(os.devnull, os.O_RDONLY)
            for source, target in ((null, 0), (log, 1), (log, 2)):
                os.dup2(source, target)
            serve(send)
        finally:
            os._exit(1)
    os.close(send)
    rig.servers.append((name, pid, signal.SIGTERM))
    with os.fdopen(receive) as answer:
        line = answer.readline()  # ends at once when the child ends
    if not line:
        raise Missing(f"{what} ended while it started:\n{rig.log(name)}")
    return json.loads(line)


def start_tokens(rig, tls):
    import token_server

    return fork(rig, "the provider of tokens", "tokens", lambda send: token_server.serve(tls, send))


def start_smtp(rig, tls, token_port):
    import smtp_server

    for name in smtp_server.CONTROLS:
        rig.folder("control", name)
    return fork(rig, "the SMTP server", "smtp",
                lambda send: smtp_server.serve(rig.mail, rig.control, tls, PASSWORD, token_port, send))


def start_postgres(rig, fsync):
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    if not found:
        raise Missing("PostgreSQL is missing: install it with `apt-get install postgresql`, or run tests/run")
    binaries = os.path.dirname(found[-1])
    data, sockets = rig.folder("postgres"), rig.folder("pg")
    os.chmod(data, 0o700)
    # Without syncing the new cluster, which saves two seconds; the running server does sync (unless told not to).
    made = subprocess.run(
        [f"{binaries}/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=rig.root, preexec_fn=rig.drop)
    if made.returncode != 0:
        raise Missing(f"initdb failed: {made.stderr}")
    port = free_ports(1)[0]
    settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": sockets,
                "max_connections": 200, "fsync": fsync, "shared_buffers": "64MB"}
    # SIGQUIT stops at once: nobody will read this cluster again.
    child = rig.spawn("postgres", [f"{binaries}/postgres", "-D", data] + [
        part for name, value in settings.items() for part in ("-c", f"{name}={value}")], stop=signal.SIGQUIT)

    def ready():
        return subprocess.run([f"{binaries}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)],
                              stdin=subprocess.DEVNULL).returncode == 0

    return child, ready, {"postgres_url": f"postgres://postgres@127.0.0.1:{port}/postgres"}


def check_installed(kinds):
    """Names everything that is missing at once."""
    problems = []
    if "smtp" in kinds and importlib.util.find_spec("aiosmtpd") is None:
        problems.append(f"aiosmtpd is missing for {sys.executable}: `apt-get install python3-aiosmtpd`, use /usr/bin/python3")
    if "imap" in kinds and not shutil.which("dovecot", path="/usr/sbin:/usr/bin:" + os.environ.get("PATH", "")):
        problems.append("dovecot is missing: `apt-get install dovecot-imapd`")
    if "postgres" in kinds and not glob.glob("/usr/lib/postgresql/*/bin/initdb"):
        problems.append("PostgreSQL is missing: `apt-get install postgresql`")
    if problems:
        raise Missing("; ".join(problems) + " (tests/run installs all of it)")


def start(rig, kinds, fsync):
    facts = {"mail_root": rig.mail, "control_dir": rig.control, "password": PASSWORD, "wide_password": WIDE_PASSWORD}
    waits = []
    tls = None
    if "imap" in kinds or "smtp" in kinds:
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        sys.dont_write_bytecode = True
        tls = certificates(rig)
        facts["ca_file"] = tls["ca.pem"]
        facts.update(start_tokens(rig, tls))
    if "smtp" in kinds:
        facts.update(start_smtp(rig, tls, facts["token_port"]))
    if "imap" in kinds:
        child, ready, found = start_dovecot(rig, tls, facts["token_port"])
        facts.update(found)
        waits.append(("Dovecot", "dovecot", child, ready))
    if "postgres" in kinds:
        child, ready, found = start_postgres(rig, fsync)
        facts.update(found)
        waits.append(("PostgreSQL", "postgres", child, ready))
    for what, name, child, ready in waits:
        until(what, rig, name, child, ready)
    facts["pids"] = {"supervisor": os.getpid(), **{name: pid for name, pid, _ in rig.servers}}
    return facts


def watch(rig, wake):
    """Returns 0 when stdin closed or a signal came, 1 when a server ended by itself."""
    while True:
        readable, _, _ = select.select([sys.stdin, wake], [], [], 0.5)
        if wake in readable or (sys.stdin in readable and not os.read(sys.stdin.fileno(), 4096)):
            return 0
        for name, pid, _ in rig.servers:
            if not alive(pid):
                print(f"servers.py: {name} ended by itself:\n{rig.log(name)}", file=sys.stderr)
                return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(KINDS), help="which servers, comma separated (default: all)")
    parser.add_argument("--postgres-fsync", choices=("on", "off"), default="on", help="off is faster and no longer honest")
    options = parser.parse_args()
    kinds = options.only.split(",")
    if set(kinds) - set(KINDS):
        parser.error(f"--only knows {', '.join(KINDS)}")

    wake, wake_sender = os.pipe()
    os.set_blocking(wake_sender, False)
    signal.set_wakeup_fd(wake_sender)
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sig, lambda *_: None)

    rig = None
    try:
        check_installed(kinds)
        rig = Rig()
        print(json.dumps(start(rig, kinds, options.postgres_fsync)), flush=True)
        return watch(rig, wake)
    except Missing as problem:
        print(f"servers.py: {problem}", file=sys.stderr)
        return 3
    finally:
        if rig is not None:
            rig.stop()


if __name__ == "__main__":
    sys.exit(main())
