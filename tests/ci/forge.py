#!/usr/bin/env python3
"""GitHub and GitLab on loopback, as strict as the real ones where profd could get it wrong.

    forge.py FOLDER

FOLDER/scenario.json says what there is:

    token       the only one that is let in
    me          whose it is; "app": true for a workflow's, which may not ask GET /user
    read_only   a fork's token: everything that writes gets 403
    comments    [{"user": …, "body": …, "times": 1}] that are there already
    pulls       [{"number": 7, "sha": …, "branch": …, "state": "open", "fork": false}]
    runs        [{"id": 1, "sha": …, "branch": …, "pr": 7, "artifacts": [{"name", "file", …}]}]
    trouble     [{"method": "POST", "path": "comments$", "times": 2, "what": …}], where what is
                a status, "drop" (before anything is done), "drop-after" (it is done, and the
                answer gets lost), "rival" (another job writes its comment first) or "limit"
                (403 of a rate limit)
    hold        so many first lists of comments are answered together
    retry_after what 429 and 503 ask for, in seconds

It writes there: port and blobs (the port of the server that artifacts are redirected to),
state.json (the comments), log (a line for each request), violations (what no vendor's
interface takes), and hooks (bodies that the webhook got). With openapi.json in FOLDER, every
request is also checked against that description. It ends when its standard input does.
"""
import http.server
import json
import os
import re
import sys
import threading
import urllib.parse

from openapi import Description

FOLDER = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = 30  # of both, unless per_page says otherwise
LOCK = threading.RLock()


def path_of(name):
    return os.path.join(FOLDER, name)


class Forge:
    def __init__(self):
        with open(path_of("scenario.json")) as f:
            self.s = json.load(f)
        self.me = self.s.get("me", "github-actions[bot]")
        self.next_id = 1000
        self.comments = []
        self.blob_port = 0
        self.hold = threading.Barrier(self.s["hold"]) if self.s.get("hold") else None
        self.held = 0
        self.refused_until = {}
        for c in self.s.get("comments", []):
            for i in range(c.get("times", 1)):
                self.add(c["user"], c["body"])
        self.github = None
        if os.path.exists(path_of("openapi.json")):
            self.github = Description(path_of("openapi.json"))
        self.gitlab = Description(os.path.join(HERE, "gitlab-rest.json"))
        self.save()

    def add(self, user, body):
        self.next_id += 1
        self.comments.append({"id": self.next_id, "user": user, "body": body})
        return self.comments[-1]

    def save(self):
        with open(path_of("state.tmp"), "w") as f:
            json.dump(self.comments, f, indent=1)
        os.rename(path_of("state.tmp"), path_of("state.json"))

    def trouble(self, method, path):
        for t in self.s.get("trouble", []):
            if t["method"] == method and re.search(t["path"], path) and t.get("times", 1) > 0:
                t["times"] = t.get("times", 1) - 1
                return t["what"]
        return None


def note(name, line):
    with LOCK, open(path_of(name), "a") as f:
        f.write(line + "\n")


class Refusal(Exception):
    def __init__(self, status, body, headers=()):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, dict(headers)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    # --- what comes, and what goes ------------------------------------------------------

    def answer(self, status, body=None, headers=()):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for k, v in dict(headers).items():
            self.send_header(k, v)
        if data:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def violation(self, what):
        note("violations", f"{self.command} {self.path}: {what}")
        raise Refusal(400, {"message": f"Bad Request: {what}"})

    def read_body(self):
        n = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(n) if n else b""
        if not raw:
            return None
        if self.headers.get("Content-Type") != "application/json":
            self.violation("a body that is not application/json")
        try:
            return json.loads(raw)
        except ValueError:
            self.violation("a body that is not JSON")

    def drop(self):
        self.close_connection = True
        self.connection.shutdown(2)

    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        body = None
        try:
            body = self.read_body()
            what = FORGE.trouble(self.command, url.path)
            note("log", f"{self.command} {self.path} {what or ''}".rstrip())
            if what == "drop":
                return self.drop()
            if what == "limit":
                raise Refusal(403, {"message": "You have exceeded a secondary rate limit"},
                              {"Retry-After": str(FORGE.s.get("retry_after", 1))})
            if isinstance(what, int):
                wait = {"Retry-After": str(FORGE.s.get("retry_after", 1))}
                raise Refusal(what, {"message": "trouble"}, wait if what in (429, 503) else {})
            reply = self.route(url.path, body, what == "rival")
            if what == "drop-after":
                return self.drop()
            self.answer(*reply)
        except Refusal as r:
            self.answer(r.status, r.body, r.headers)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

    # --- who and where ------------------------------------------------------------------

    def route(self, path, body, rival):
        if path.startswith("/api/v4/"):
            self.check_token(("PRIVATE-TOKEN", ""), ("JOB-TOKEN", ""))
            self.check_described(FORGE.gitlab, path[len("/api/v4"):], body)
            return GITLAB.route(self, path[len("/api/v4"):], body, rival)
        if path.startswith("/api/v3/") or path == "/api/graphql":
            path = path[len("/api"):] if path == "/api/graphql" else path[len("/api/v3"):]
        self.check_token(("Authorization", "Bearer "))
        if self.headers.get("X-GitHub-Api-Version") != "2022-11-28":
            self.violation("no version of the interface")
        if self.headers.get("Accept") != "application/vnd.github+json":
            self.violation("the wrong media type")
        if not self.headers.get("User-Agent"):
            self.violation("no User-Agent")
        if path != "/graphql" and FORGE.github:
            self.check_described(FORGE.github, path, body)
        return GITHUB.route(self, path, body, rival)

    def check_token(self, *ways):
        for name, prefix in ways:
            if self.headers.get(name) == prefix + FORGE.s["token"]:
                self.job_token = name == "JOB-TOKEN"
                return
        raise Refusal(401, {"message": "Bad credentials"})

    def check_described(self, description, path, body):
        wrong = description.check(self.command, path, self.query, body)
        if wrong:
            self.violation(wrong)

    # --- lists in pages -----------------------------------------------------------------

    def page(self, items, key=None):
        each = int(self.query.get("per_page", PAGE))
        if not 1 <= each <= 100:
            each = 100 if each > 100 else PAGE
        number = int(self.query.get("page", 1))
        last = max(1, -(-len(items) // each))
        headers = {}
        if number < last:
            q = dict(self.query, page=number + 1)
            base = f"http://{self.headers['Host']}{urllib.parse.urlsplit(self.path).path}"
            link = f'<{base}?{urllib.parse.urlencode(q)}>; rel="next"'
            q["page"] = last
            headers["Link"] = link + f', <{base}?{urllib.parse.urlencode(q)}>; rel="last"'
            headers["X-Next-Page"] = str(number + 1)
        part = items[(number - 1) * each:number * each]
        body = {"total_count": len(items), key: part} if key else part
        return 200, body, headers


class Comments:
    """What both have in common; the subclass says how it looks."""

    def listed(self, h):
        if FORGE.hold and h.query.get("page", "1") == "1":
            with LOCK:
                FORGE.held += 1
                wait = FORGE.held <= FORGE.hold.parties
            if wait:
                FORGE.hold.wait(30)
        with LOCK:
            return h.page([self.show(c) for c in FORGE.comments])

    def check_write(self, h, body):
        if h.job_token or FORGE.s.get("read_only"):
            raise Refusal(403, {"message": self.refusal})
        if not isinstance(body, dict) or not body.get("body"):
            raise Refusal(422, {"message": "Validation Failed"})
        if len(body["body"]) > self.most:
            raise Refusal(self.too_long, {"message": f"Body is too long (maximum is {self.most} characters)"})

    def create(self, h, body, rival):
        self.check_write(h, body)
        with LOCK:
            if rival:
                FORGE.add(FORGE.me, body["body"] + "\nof another job")
            c = FORGE.add(FORGE.me, body["body"])
            FORGE.save()
        return 201, self.show(c)

    def find(self, number):
        for c in FORGE.comments:
            if c["id"] == number:
                if c["user"] != FORGE.me:
                    note("violations", f"comment {number} is {c['user']}'s")
                    raise Refusal(403, {"message": "Forbidden"})
                return c
        raise Refusal(404, {"message": "Not Found"})

    def update(self, h, number, body):
        self.check_write(h, body)
        with LOCK:
            c = self.find(number)
            c["body"] = body["body"]
            FORGE.save()
        return 200, self.show(c)

    def delete(self, h, number):
        if FORGE.s.get("read_only"):
            raise Refusal(403, {"message": self.refusal})
        with LOCK:
            FORGE.comments.remove(self.find(number))
            FORGE.save()
        return 204, None


class GitHub(Comments):
    most, too_long = 65536, 422
    refusal = "Resource not accessible by integration"

    def show(self, c):
        return {"id": c["id"], "body": c["body"], "user": {"login": c["user"], "id": 1}}

    def pull(self, p):
        owner = "stranger" if p.get("fork") else "owner"
        return {"number": p["number"], "state": p.get("state", "open"),
                "head": {"sha": p["sha"], "ref": p["branch"], "label": f"{owner}:{p['branch']}",
                         "repo": {"full_name": f"{owner}/name"}},
                "base": {"ref": "main", "repo": {"full_name": "owner/name"}}}

    def route(self, h, path, body, rival):
        if path == "/graphql":
            if h.command != "POST" or body != {"query": "{viewer{login}}"}:
                h.violation("another query")
            if FORGE.s.get("no_graphql"):
                return 200, {"data": None, "errors": [{"message": "no"}]}
            return 200, {"data": {"viewer": {"login": FORGE.me}}}
        if path == "/user":
            if FORGE.s.get("app", True) and not FORGE.s.get("no_graphql"):
                raise Refusal(403, {"message": self.refusal})
            return 200, {"login": FORGE.me, "id": 1}
        m = re.fullmatch(r"/repos/owner/name(/.*)", path)
        if not m:
            raise Refusal(404, {"message": "Not Found"})
        return self.in_repository(h, m.group(1), body, rival)

    def in_repository(self, h, path, body, rival):
        if re.fullmatch(r"/issues/7/comments", path):
            return self.create(h, body, rival) if h.command == "POST" else self.listed(h)
        if m := re.fullmatch(r"/issues/comments/(\d+)", path):
            number = int(m.group(1))
            return self.delete(h, number) if h.command == "DELETE" else self.update(h, number, body)
        if m := re.fullmatch(r"/pulls/(\d+)", path):
            for p in FORGE.s.get("pulls", []):
                if p["number"] == int(m.group(1)):
                    return 200, self.pull(p)
        if m := re.fullmatch(r"/commits/([0-9a-f]+)/pulls", path):
            return h.page([self.pull(p) for p in FORGE.s.get("pulls", [])
                           if p["sha"] == m.group(1) and not p.get("fork")])
        if path == "/pulls":
            found = [self.pull(p) for p in FORGE.s.get("pulls", [])]
            return h.page([p for p in found if p["head"]["label"] == h.query.get("head")
                           and p["state"] == h.query.get("state", "open")])
        return self.artifacts(h, path)

    def artifacts(self, h, path):
        runs = FORGE.s.get("runs", [])
        if path == "/actions/runs":
            q = h.query
            return h.page([{"id": r["id"], "head_sha": r["sha"], "head_branch": r["branch"]}
                           for r in runs if q.get("head_sha", r["sha"]) == r["sha"]
                           and q.get("branch", r["branch"]) == r["branch"]], "workflow_runs")
        if m := re.fullmatch(r"/actions/runs/(\d+)/artifacts", path):
            found = [a for r in runs if r["id"] == int(m.group(1)) for a in r["artifacts"]]
            return h.page([{"id": a["id"], "name": a["name"], "size_in_bytes": 1,
                            "expired": a.get("expired", False)} for a in found], "artifacts")
        if m := re.fullmatch(r"/actions/artifacts/(\d+)/zip", path):
            for r in runs:
                for a in r["artifacts"]:
                    if a["id"] == int(m.group(1)):
                        to = a.get("to", f"http://127.0.0.1:{FORGE.blob_port}/{a['file']}?sig=x")
                        return 302, None, {"Location": to}
        raise Refusal(404, {"message": "Not Found"})


class GitLab(Comments):
    most, too_long = 1000000, 400
    refusal = "403 Forbidden"

    def show(self, c):
        return {"id": c["id"], "body": c["body"], "system": False,
                "author": {"id": 1, "username": c["user"]}}

    def pull(self, p):
        return {"iid": p["number"], "state": "opened", "sha": p["sha"],
                "source_branch": p["branch"]}

    def route(self, h, path, body, rival):
        if path == "/user":
            if h.job_token:
                raise Refusal(401, {"message": "401 Unauthorized"})
            return 200, {"id": 1, "username": FORGE.me}
        m = re.fullmatch(r"/projects/(?:42|owner%2Fname)(/.*)", path)
        if not m:
            raise Refusal(404, {"message": "404 Project Not Found"})
        return self.in_project(h, m.group(1), body, rival)

    def in_project(self, h, path, body, rival):
        if path == "/merge_requests/7/notes":
            return self.create(h, body, rival) if h.command == "POST" else self.listed(h)
        if m := re.fullmatch(r"/merge_requests/7/notes/(\d+)", path):
            number = int(m.group(1))
            return self.delete(h, number) if h.command == "DELETE" else self.update(h, number, body)
        if m := re.fullmatch(r"/merge_requests/(\d+)", path):
            for p in FORGE.s.get("pulls", []):
                if p["number"] == int(m.group(1)):
                    return 200, self.pull(p)
        if m := re.fullmatch(r"/repository/commits/([0-9a-f]+)/merge_requests", path):
            return h.page([self.pull(p) for p in FORGE.s.get("pulls", [])
                           if p["sha"] == m.group(1)])
        return self.artifacts(h, path)

    def artifacts(self, h, path):
        runs = FORGE.s.get("runs", [])
        if m := re.fullmatch(r"(?:/merge_requests/(\d+))?/pipelines", path):
            return h.page([{"id": r["id"], "sha": r["sha"], "ref": r["branch"]} for r in runs
                           if (m.group(1) or str(r.get("pr"))) == str(r.get("pr"))
                           and h.query.get("ref", r["branch"]) == r["branch"]])
        if m := re.fullmatch(r"/pipelines/(\d+)/jobs", path):
            found = [a for r in runs if r["id"] == int(m.group(1)) for a in r["artifacts"]]
            return h.page([{"id": a["id"], "name": a["name"],
                            "artifacts_file": {"filename": "artifacts.zip", "size": 1}}
                           for a in found])
        if m := re.fullmatch(r"/jobs/(\d+)/artifacts", path):
            for r in runs:
                for a in r["artifacts"]:
                    if a["id"] == int(m.group(1)):
                        return 302, None, {
                            "Location": f"http://127.0.0.1:{FORGE.blob_port}/{a['file']}?sig=x"}
        raise Refusal(404, {"message": "404 Not found"})


class Blobs(http.server.BaseHTTPRequestHandler):
    """Another host: storage, which refuses what it has no business to see, and a webhook."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        for name in ("Authorization", "PRIVATE-TOKEN", "JOB-TOKEN"):
            if self.headers.get(name):
                note("violations", f"{name} was sent to another host")
        with open(path_of(os.path.basename(urllib.parse.urlsplit(self.path).path)), "rb") as f:
            data = f.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        what = FORGE.trouble("POST", self.path)
        note("log", f"POST {self.path} {what or ''}".rstrip())
        note("hooks", json.dumps(json.loads(data)))
        self.send_response(what if isinstance(what, int) else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


FORGE = Forge()
GITHUB, GITLAB = GitHub(), GitLab()


def main():
    api, blobs = Server(("127.0.0.1", 0), Handler), Server(("127.0.0.1", 0), Blobs)
    FORGE.blob_port = blobs.server_port
    for server in (api, blobs):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, server in (("blobs", blobs), ("port", api)):
        with open(path_of(name), "w") as f:
            f.write(str(server.server_port))
    print("ready", flush=True)
    sys.stdin.read()


main()
