"""The provider of access tokens for the tests: a token endpoint (RFC 6749 3.2) and what mail servers ask it about a token
(RFC 7662). Started by servers.py; it listens on 127.0.0.1, with and without TLS, and forgets everything when it stops.

A test takes a client id that nobody else uses and says who it is:

    PUT  /clients/<id>   {"user": "support@x.example", "secret": "s", "refresh_token": "r", "expires_in": 3600, ...}
    GET  /clients/<id>   {"grants": [the form of each token request], "tokens": [each access token that was issued]}
    POST /revoke         token=<access token>: mail servers refuse it from now on

More of what PUT may say: `rotate` (each refresh replaces the refresh token, and the old one is refused), `answer`
([status, headers, body]: said to every token request), `silent` (takes the request and never answers), `void` (the
tokens are refused by mail servers from the start).
"""

import json
import os
import signal
import ssl
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Provider:
    """What the provider knows."""

    def __init__(self):
        self.lock = threading.Lock()
        self.clients = {}
        self.users = {}  # access token -> user
        self.count = 0

    def put(self, name, facts):
        with self.lock:
            known = self.clients.setdefault(name, {"grants": [], "tokens": []})
            known.update(facts)

    def get(self, name):
        with self.lock:
            known = self.clients.get(name, {})
            return {"grants": list(known.get("grants", [])), "tokens": list(known.get("tokens", []))}

    def grant(self, form):
        """Status, headers and body for a token request; nothing for silence."""
        with self.lock:
            client = self.clients.get(form.get("client_id", ""))
            if client is None:
                return 401, {}, {"error": "invalid_client", "error_description": "no such client"}
            client["grants"].append(form)
            if client.get("silent"):
                return None
            if "answer" in client:
                return client["answer"]
            if form.get("client_secret") != client.get("secret"):
                return 401, {}, {"error": "invalid_client", "error_description": f"not {form.get('client_secret')}"}
            kind = form.get("grant_type")
            if kind == "refresh_token":
                if form.get("refresh_token") != client.get("refresh_token"):
                    return 400, {}, {"error": "invalid_grant", "error_description": f"not {form.get('refresh_token')}"}
            elif kind != "client_credentials":
                return 400, {}, {"error": "unsupported_grant_type"}
            self.count += 1
            token = f"access.{form['client_id']}-{self.count}"
            client["tokens"].append(token)
            if not client.get("void"):
                self.users[token] = client["user"]
            answer = {"access_token": token, "token_type": "Bearer", "expires_in": client.get("expires_in", 3600)}
            if kind == "refresh_token" and client.get("rotate"):
                client["refresh_token"] = answer["refresh_token"] = f"refresh.{form['client_id']}-{self.count}"
            return 200, {}, answer

    def revoke(self, token):
        with self.lock:
            self.users.pop(token, None)

    def who(self, token):
        with self.lock:
            user = self.users.get(token)
        return {"active": True, "username": user} if user else {"active": False}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    provider = None

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def form(self):
        return dict(urllib.parse.parse_qsl(self.body().decode()))

    def say(self, status, headers, answer):
        body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        self.provider.put(urllib.parse.unquote(self.path.removeprefix("/clients/")), json.loads(self.body()))
        self.say(200, {}, {})

    def do_GET(self):
        self.say(200, {}, self.provider.get(urllib.parse.unquote(self.path.removeprefix("/clients/"))))

    def do_POST(self):
        form = self.form()
        match self.path.split("?")[0]:
            case "/token":
                answer = self.provider.grant(form)
                if answer is None:
                    self.connection.recv(1)  # until the client goes
                    self.close_connection = True
                    return
                self.say(*answer)
            case "/introspect":
                self.say(200, {}, self.provider.who(form.get("token", "")))
            case "/revoke":
                self.provider.revoke(form.get("token", ""))
                self.say(200, {}, {})
            case _:
                self.say(404, {}, {})

    def log_message(self, *_):
        pass


def serve(tls, report):
    """Serves for ever; writes its two ports as one line of JSON to the file descriptor `report`."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Handler.provider = Provider()
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer.request_queue_size = 128
    plain = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    protected = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls["server.pem"], tls["server.key"])
    # The handshake belongs to the thread of its connection: one that never comes must hold up nobody.
    protected.socket = context.wrap_socket(protected.socket, server_side=True, do_handshake_on_connect=False)
    ports = {"token_port": plain.server_address[1], "tokens_port": protected.server_address[1]}
    os.write(report, (json.dumps(ports) + "\n").encode())
    os.close(report)
    threading.Thread(target=protected.serve_forever, daemon=True).start()
    plain.serve_forever()
