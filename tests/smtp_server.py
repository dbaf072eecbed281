"""The SMTP server of the tests: MX and submission for every domain at once, on aiosmtpd. Started by servers.py.

It puts each accepted mail into the Maildir of each recipient before it answers 250, and adds on top what a real MX
adds: Return-Path, Delivered-To, Authentication-Results, Received. The verdict comes from the name in EHLO or HELO:

    the From domain, or a parent of it     spf=pass  dkim=pass  dmarc=pass
    spf-only.<that>                        spf=pass  dkim=none  dmarc=none   (the domain publishes no policy)
    unknown.invalid                        no Authentication-Results at all
    anything else                          spf=fail  dkim=none  dmarc=fail

Authentication-Results that came with the mail stay beneath our Received line, where nobody may believe them.

It takes the password `secret` of any user, and the access tokens of tests/token_server.py (AUTH XOAUTH2), which it refuses
as Gmail does: 334 with the reason, an empty line from the client, 535.

A test makes it misbehave for one recipient by creating an empty file <control_dir>/<what>/<address>: `defer` answers
451, `reject` 550, `hang-after-data` delivers and then cuts the line instead of answering (the uncertain case).
"""

import asyncio
import email.utils
import json
import os
import re
import signal
import ssl
import sys
import time
import urllib.request
from base64 import b64decode

from aiosmtpd.smtp import SMTP, AuthResult

HOST = "mx.test.example"
CONTROLS = ("defer", "reject", "hang-after-data")
MAIL_BYTES_MAX = 64 * 1024 * 1024
LINE_BYTES_MAX = 1000  # RFC 5321 4.5.3.1.6, with CRLF
FROM_HEADER = re.compile(rb"^From[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
PLAIN_ADDRESS = re.compile(r"\s*<([^<>\s]*)>\s*(.*)", re.DOTALL)


def mailbox_of(address):
    """The folder of an address: lower case, without its +detail."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.split('+', 1)[0]}@{domain}"


def from_domain(content):
    head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    found = FROM_HEADER.search(head)
    value = found.group(1).decode("utf-8", "replace") if found else ""
    return email.utils.parseaddr(" ".join(value.split()))[1].rpartition("@")[2].lower()


def verdict(helo, sender, domain):
    """The Authentication-Results header for a mail, or nothing."""
    helo = helo.lower().rstrip(".")
    if helo == "unknown.invalid":
        return ""
    spf, dkim, dmarc = "fail", "none", "fail"
    name = helo.removeprefix("spf-only.")
    if domain and (domain == name or domain.endswith("." + name)):
        spf, dkim, dmarc = ("pass", "none", "none") if name != helo else ("pass", f"pass header.d={domain}", "pass")
    return (f"Authentication-Results: {HOST}; spf={spf} smtp.mailfrom={sender or helo};\n"
            f"\tdkim={dkim}; dmarc={dmarc} header.from={domain or 'missing.invalid'}\n")


class Server(SMTP):
    """aiosmtpd with the two slow paths replaced; the tests' server must not be what a measurement measures."""

    def _client_connected_cb(self, reader, writer):
        super()._client_connected_cb(reader, writer)
        reader._limit = MAIL_BYTES_MAX  # the constructor ties it to one line; smtp_DATA below reads a whole mail

    token_port = None

    async def auth_XOAUTH2(self, _, args):
        response = b64decode(args[1]) if len(args) == 2 else await self.challenge_auth("")
        found = re.fullmatch(rb"user=([^\x01]+)\x01auth=Bearer ([^\x01]+)\x01\x01", response or b"")
        if found and await asyncio.to_thread(self.user_of, found[2]) == found[1].decode():
            return AuthResult(success=True)
        if await self.challenge_auth('{"status":"401","schemes":"bearer","scope":"https://mail.test.example/"}') != b"":
            return AuthResult(success=False, handled=False, message="501 5.5.2 told the reason and heard no empty line")
        return AuthResult(success=False, handled=False)

    def user_of(self, token):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.token_port}/introspect", b"token=" + token) as answer:
            return json.load(answer).get("username")

    def _getaddr(self, arg):
        plain = PLAIN_ADDRESS.fullmatch(arg or "")
        return (plain[1] or "<>", plain[2]) if plain else super()._getaddr(arg)

    async def smtp_DATA(self, arg):
        if await self.check_helo_needed():
            return
        if not self.envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        # The end is CRLF . CRLF, and the first CRLF may be the one that ended the DATA line.
        self._reader._buffer[0:0] = b"\r\n"
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        try:
            data = await self._reader.readuntil(b"\r\n.\r\n")
        except asyncio.LimitOverrunError:
            await self.push("552 Error: Too much mail data")
            self.transport.close()
            return
        content = bytes(data[:-3]).replace(b"\r\n.", b"\r\n")[2:]  # RFC 5321 4.5.2
        if max(map(len, content.split(b"\n"))) >= LINE_BYTES_MAX:
            status = "500 Line too long (see RFC5321 4.5.3.1.6)"
        else:
            self.envelope.content = content
            status = await self._call_handler_hook("DATA")
        self._set_post_data_state()
        if self.transport is not None:
            await self.push(status)


class Handler:
    """What happens to a mail."""

    def __init__(self, mail_root, control_dir):
        self.mail_root, self.control_dir = mail_root, control_dir
        self.count = 0

    def told(self, what, address):
        address = address.lower()
        return any(os.path.exists(os.path.join(self.control_dir, what, name)) for name in {address, mailbox_of(address)})

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        # Safe to announce although aiosmtpd does not: it reads commands line by line from one stream, answers them in
        # order, keeps what follows in the buffer, and empties the buffer at STARTTLS (RFC 2920, RFC 3207).
        return responses[:-1] + ["250-PIPELINING"] + responses[-1:]

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.count("@") < 1 or "/" in address or "\0" in address:
            return "550 5.1.1 no such mailbox"
        if self.told("defer", address):
            return "451 4.3.0 told to defer"
        if self.told("reject", address):
            return "550 5.1.1 told to reject"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        sender = "" if envelope.mail_from == "<>" else envelope.mail_from
        helo = session.host_name or ""
        results = verdict(helo, sender, from_domain(envelope.content))
        content = envelope.content.replace(b"\r\n", b"\n")  # Maildir keeps LF, as Postfix writes it
        for recipient in envelope.rcpt_tos:
            self.deliver(recipient, helo, sender, results, session.peer[0], content)
        if any(self.told("hang-after-data", recipient) for recipient in envelope.rcpt_tos):
            server.transport.abort()
        return f"250 2.0.0 queued as {self.count}"

    def deliver(self, recipient, helo, sender, results, peer, content):
        folder = os.path.join(self.mail_root, mailbox_of(recipient))
        if not os.path.isdir(os.path.join(folder, "new")):
            for part in ("cur", "tmp", "new"):
                os.makedirs(os.path.join(folder, part), exist_ok=True)
        self.count += 1
        now = time.time_ns()
        trace = (f"Return-Path: <{sender}>\nDelivered-To: {recipient}\n{results}"
                 f"Received: from {helo} ([{peer}]) by {HOST} with ESMTP id {self.count}\n"
                 f"\tfor <{recipient}>; {email.utils.formatdate(now // 10**9)}\n")
        # Fixed width, so that names sort in the order of delivery.
        name = f"{now // 10**9}.M{now // 1000 % 10**6:06}P{os.getpid()}Q{self.count:09}.{HOST}"
        tmp = os.path.join(folder, "tmp", name)
        with open(tmp, "wb") as out:
            out.write(trace.encode("utf-8", "surrogateescape") + content)
        os.rename(tmp, os.path.join(folder, "new", name))


def serve(mail_root, control_dir, tls, password, token_port, report):
    """Serves for ever; writes its two ports as one line of JSON to the file descriptor `report`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls["server.pem"], tls["server.key"])
    handler = Handler(mail_root, control_dir)
    Server.token_port = token_port

    def authenticator(server, session, envelope, mechanism, data):
        # handled=False: aiosmtpd says 535 for us; by default it leaves a wrong password without any answer.
        return AuthResult(success=data.password == password.encode(), handled=False)

    async def run():
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, lambda: os._exit(0))

        def protocol(starttls):
            return Server(handler, hostname=HOST, ident="ESMTP", enable_SMTPUTF8=True, data_size_limit=MAIL_BYTES_MAX,
                          tls_context=starttls, auth_require_tls=False, authenticator=authenticator, loop=loop)

        plain = await loop.create_server(lambda: protocol(context), "127.0.0.1", 0, backlog=1024)
        implicit = await loop.create_server(lambda: protocol(None), "127.0.0.1", 0, backlog=1024, ssl=context)
        ports = [server.sockets[0].getsockname()[1] for server in (plain, implicit)]
        os.write(report, (json.dumps({"smtp_port": ports[0], "smtps_port": ports[1]}) + "\n").encode())
        os.close(report)
        await asyncio.Event().wait()

    sys.dont_write_bytecode = True
    asyncio.run(run())
