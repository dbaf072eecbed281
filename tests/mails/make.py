#!/usr/bin/python3
"""Makes mails with their labels from a seed, and scores `dsrd parse` against them.

    make.py write --seed 7 --count 500 DIR          one .eml and one .json (the label) for each mail
    make.py score --seed 7 --count 500 -- dsrd parse   runs the command on them; prints every difference, field by field
    make.py own-words DIR                           the labelled set of requests in a person's own words, and their likes
    make.py recall DIR -- dsrd parse                precision and recall on that set, in all and for each language

A label holds the part of the `dsrd parse` line that is expected; `null` means that the field must be null.
"""

import argparse
import collections
import datetime
import json
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import dress  # noqa: E402
import forms  # noqa: E402
import others  # noqa: E402
import own_words  # noqa: E402

OWN = "support@dsrd.example"


def filled(rng):
    """One form with everything in it, dressed in one way; sometimes with one defect."""
    language = rng.choice(["en"] * 5 + ["de", "fr", "es", "pt", "hi"])
    day = datetime.date(2025, 4, 10)
    kind = rng.choice(["export", "delete"])
    scope_text, scope, _ = forms.scope(rng, language, day)
    person, phone_text = forms.requester(rng, language)
    labels = rng.choice(forms.LABELS[language])
    basis = rng.choice(forms.BASIS[language])
    sentence = rng.choice(forms.ACKNOWLEDGES[language])
    title = rng.choice(forms.TITLES[language][kind])
    company = rng.choice(forms.COMPANIES)
    dash = rng.choice([" – ", " - ", " — ", ": ", " ", "", " – "])
    subject = title + (dash + company if dash else "")
    joint = rng.choice([", ", ", ", ", ", "; ", " | ", " / "])
    order = [person["name"], person["role"], person["email"], phone_text]
    if " / " == joint and "/" in phone_text:
        joint = ", "
    requester_text = joint.join(order)
    problems = []
    complete = True
    request = {"kind": kind, "legal_basis": basis, "acknowledged": True, "scope": scope, "requester": dict(person)}
    pairs = [(labels[0], scope_text), (labels[1], basis), (labels[2], requester_text)]

    defect = rng.choice([None] * 12 + ["no-scope", "no-basis", "no-ack", "no-phone", "no-role", "no-email", "scope-placeholder", "requester-placeholder",
                                        "title-placeholder", "both-kinds", "ambiguous", "not-ack", "kind-line", "own-title-line", "split-requester"])
    if defect == "no-scope":
        pairs.pop(0)
        problems, complete = [("scope", "missing")], False
        request["scope"] = {"account": None, "users": [], "numbers": [], "from": None, "to": None, "everything": False}
    elif defect == "no-basis":
        pairs.pop(1)
        request["legal_basis"] = "Customer request"
    elif defect in ("no-ack", "not-ack"):
        sentence = "" if defect == "no-ack" else {"en": "I do not acknowledge identity verification may be required."}.get(language, "")
        problems, complete = [("acknowledgement", "missing")], False
        request["acknowledged"] = False
    elif defect in ("no-phone", "no-role", "no-email"):
        gone = defect[3:]
        at = ["name", "role", "email", "phone"].index(gone)
        order.pop(at)
        pairs[2] = (labels[2], joint.join(order))
        problems = [("requester." + gone, "missing")]
        request["requester"][gone] = None
        complete = gone != "email"
    elif defect == "scope-placeholder":
        pairs[0] = (labels[0], "<account/user/number/timeframe>")
        problems, complete = [("scope", "placeholder")], False
        request["scope"] = {"account": None, "users": [], "numbers": [], "from": None, "to": None, "everything": False}
    elif defect == "requester-placeholder":
        pairs[2] = (labels[2], "<Name, Role, Email, Phone>")
        problems = [("requester." + x, "placeholder") for x in ("name", "role", "email", "phone")]
        complete = False
        request["requester"] = {"name": None, "role": None, "email": None, "phone": None}
    elif defect == "title-placeholder":
        subject = "Data <Export/Delete> Request" + rng.choice([" –", "", " – " + company])
        problems, complete = [("kind", "placeholder")], False
        request["kind"] = None
    elif defect == "both-kinds":
        other = "delete" if kind == "export" else "export"
        subject = rng.choice([f"Data Export and Delete Request – {company}", f"Data Export Request & Data Delete Request"])
        problems, complete = [("kind", "conflict")], False
        request["kind"] = None
        del other
    elif defect == "ambiguous":
        pairs[0] = (labels[0], "number +91 98765 43210, since 01/02/2025")
        request["scope"] = {"account": None, "users": [], "numbers": ["+919876543210"], "from": "2025-02-01", "to": None, "everything": False}
        problems = [("scope", "ambiguous")]
        if language != "en":
            pairs[0] = (labels[0], "+91 98765 43210, 01/02/2025 - 05/03/2025")
            request["scope"]["to"] = "2025-03-05"
    elif defect == "kind-line":
        subject = rng.choice(["Request", "My request", "Hello", ""])
        pairs.insert(0, (rng.choice(["Request", "Request type", "Type"]), "Export" if kind == "export" else rng.choice(["Delete", "Deletion"])))
    elif defect == "split-requester" and language == "en":
        pairs[2:] = [(labels[2], ""), ("Name", person["name"]), ("Role", person["role"]), ("Email", person["email"]), ("Phone", phone_text)]
        if rng.random() < 0.5:
            pairs.pop(2)
    own_title = defect == "own-title-line"
    before = rng.choice(["", "", rng.choice(dress.GREETINGS[language])])
    after = rng.choice(["", "", rng.choice(dress.SIGNATURES[language]).format(**person)])
    label = {"class": "request", "answer": True, "complete": complete, "request": request,
             "problems": [{"field": f, "code": c} for f, c in problems], "subject": None}
    return build(rng, language, subject, pairs, sentence, before, after, label, own_title, defect)


def build(rng, language, subject, pairs, sentence, before, after, label, own_title, defect):
    """Dresses a form and makes the bytes; returns (bytes, label, tags)."""
    tags = [language, defect or "whole"]
    body, name = dress.layout(rng, pairs, sentence)
    tags.append("layout:" + name)
    if own_title:
        body, subject = f"Subject: {subject}\n{body}", rng.choice(["Request", "Hello", "(no subject)"])
    text = "\n\n".join(x for x in (before, body, after) if x)
    wrap = rng.choice(["none"] * 5 + ["forward", "forward", "quote", "reply-blank", "attached"])
    who = "Asha Rao <asha@acme.example>"
    prefix = rng.choice(dress.PREFIXES) if defect != "kind-line" else ""
    outer = prefix + subject
    if wrap == "forward":
        style = rng.choice(["gmail", "outlook", "outlook-de", "apple", "thunderbird", "original", "inline-quote"])
        text = dress.forwarded(rng, style, subject, text, who)
        outer = rng.choice(["Fwd: ", "FW: ", "WG: ", "TR: "]) + subject if style == "inline-quote" or rng.random() < 0.8 or "title" in str(defect) or defect in ("kind-line",) else "Please handle"
        tags.append("forward:" + style)
    elif wrap == "quote":
        text = rng.choice(["", "Please see my request.\n\n"]) + dress.quoted(text)
        tags.append("quote")
    elif wrap == "reply-blank":
        blank = "Subject: Data <Export/Delete> Request –\nScope: <account/user/number/timeframe>\nLegal basis: Customer request\nRequester: <Name, Role, Email, Phone>\nI acknowledge identity verification may be required.\n"
        if defect is None:
            style = rng.choice(["original", "quote", "outlook"])
            if style == "quote":
                text += "\n\nOn Wed, 9 Apr 2025 at 18:02, Support <support@dsrd.example> wrote:\n" + dress.quoted("Please fill in:\n\n" + blank)
            elif style == "original":
                text += "\n\n-----Original Message-----\nFrom: Support\nSent: 9 April 2025\nTo: Asha\nSubject: How to ask\n\nPlease fill in:\n\n" + blank
            else:
                text += "\n________________________________\nFrom: Support <support@dsrd.example>\nSent: Wednesday, 9 April 2025\nTo: Asha Rao\nSubject: How to ask\n\n" + blank
            tags.append("reply-blank:" + style)
    client = rng.choice(dress.CLIENTS)
    plain_only = wrap in ("forward", "quote", "reply-blank") or own_title
    form = rng.choice(["plain", "plain", "alternative", "html", "alternative-empty"]) if not plain_only else "plain"
    if form in ("html", "alternative-empty") and any("<" in v for _, v in pairs) is False or form != "plain":
        tags.append("client:" + client)
    page = dress.page(rng, client, pairs, sentence, before, after)
    if wrap == "attached" and form == "plain":
        return attached(rng, language, subject, text, label, tags)
    return mail(rng, language, outer, text, page, form, label, tags)


def header_block(rng, subject, extra=b"", mid=True):
    date = rng.choice(["Thu, 10 Apr 2025 10:00:00 +0530", "Thu, 10 Apr 2025 04:30:00 +0000", "10 Apr 2025 12:30:00 +0200", "Thu, 10 Apr 2025 04:30:00 GMT"])
    sender = rng.choice([b"Asha Rao <asha@acme.example>", b"asha@acme.example", b'"Rao, Asha" <asha@acme.example>', b"=?utf-8?B?QXNoYSBSYW8=?= <asha@acme.example>", b"<asha@acme.example>"])
    head = [b"From: " + sender, b"To: " + rng.choice([b"support@dsrd.example", b"Support <support@dsrd.example>"]), b"Subject: " + dress.encode_header(rng, subject), b"Date: " + date.encode()]
    if mid:
        head.append(b"Message-ID: <%d.%d@acme.example>" % (rng.randrange(10**9), rng.randrange(10**6)))
    if rng.random() < 0.2:
        rng.shuffle(head)
    return b"\r\n".join(head) + b"\r\n" + extra


def mail(rng, language, subject, text, page, form, label, tags):
    def part(kind, content):
        delsp = rng.random() < 0.5
        is_flowed = kind == "plain" and "layout:below" not in tags and not any(t.startswith(("quote", "forward", "reply", "layout:")) and t not in ("layout:plain", "layout:bold", "layout:upper", "layout:numbered", "layout:reversed") for t in tags) and rng.random() < 0.2
        params = ""
        if is_flowed:
            content = dress.flowed(content, delsp)
            params = "; format=flowed" + ("; delsp=yes" if delsp else "")
            tags.append("flowed")
        elif kind == "plain" and rng.random() < 0.15 and not any(t in tags for t in ("layout:pipes", "layout:paragraph", "layout:tabs", "layout:wide")):
            content = dress.wrapped(content)
            tags.append("wrapped")
        declared, data = dress.in_charset(rng, language, content.replace("\n", "\r\n"))
        tags.append(f"charset:{declared}")
        wide = declared and declared.lower().startswith("utf-16")
        prefer = "base64" if wide else None
        name, body = dress.transfer(rng, data, prefer)
        quotes = rng.choice(['"', ""])
        charset = f"; charset={quotes}{declared}{quotes}" if declared else ""
        head = f"Content-Type: text/{kind}{charset}{params}\r\nContent-Transfer-Encoding: {name}\r\n"
        if declared is None and not is_flowed and rng.random() < 0.4 and kind == "plain" and name in ("7bit", "8bit"):
            head = ""
        return head.encode(), body
    extra = {}
    marks = rng.choice([None] * 14 + ["Auto-Submitted: auto-generated", "Precedence: bulk", "List-Id: <users.acme.example>", "X-Auto-Response-Suppress: All"])
    if marks:
        label["answer"] = False
        tags.append("mark")
    mime = b"MIME-Version: 1.0\r\n" + (marks.encode() + b"\r\n" if marks else b"")
    if form == "plain":
        head, body = part("plain", text)
        attach = rng.choice([None] * 8 + ["winmail", "pdf", "ics"])
        if attach and head:
            tags.append("attach:" + attach)
            bound = b"=_mixed_%d" % rng.randrange(10**6)
            kinds = {"winmail": b'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Disposition: attachment; filename="winmail.dat"\r\n', "pdf": b'Content-Type: application/pdf; name="id.pdf"\r\nContent-Disposition: attachment\r\n', "ics": b"Content-Type: text/calendar; method=REQUEST\r\n"}
            rest = b"--" + bound + b"\r\n" + kinds[attach] + b"Content-Transfer-Encoding: base64\r\n\r\neJ8+IgsTAQaQCAAEAAAAAAAB\r\n--" + bound + b"--\r\n"
            raw = header_block(rng, subject, mime + b'Content-Type: multipart/mixed; boundary="' + bound + b'"\r\n') + b"\r\n--" + bound + b"\r\n" + head + b"\r\n" + body + b"\r\n" + rest
        else:
            raw = header_block(rng, subject, mime + head) + b"\r\n" + body
    elif form == "html":
        head, body = part("html", page)
        raw = header_block(rng, subject, mime + head) + b"\r\n" + body
    else:
        bound = b"----=_Part_%d" % rng.randrange(10**6)
        one = part("plain", text if form == "alternative" else rng.choice(["", "\n\n", "This message needs an HTML reader.", " "]))
        two = part("html", page)
        raw = header_block(rng, subject, mime + b"Content-Type: multipart/alternative;\r\n boundary=\"" + bound + b"\"\r\n") + b"\r\n"
        for head, body in (one, two):
            head = head or b"Content-Type: text/plain\r\n"
            raw += b"--" + bound + b"\r\n" + head + b"\r\n" + body + b"\r\n"
        raw += b"--" + bound + b"--\r\n"
        tags.append("form:" + form)
    raw = damaged(rng, raw, form, tags)
    label["subject"] = clean_subject(subject)
    return raw, label, tags


def clean_subject(subject):
    return " ".join(subject.split())


def damaged(rng, raw, form, tags):
    """Line ends and stray bytes that programs leave behind."""
    act = rng.choice([None] * 10 + ["lf", "nul", "bare-cr"])
    if act == "lf":
        raw = raw.replace(b"\r\n", b"\n")
    elif act == "nul" and b"base64" not in raw and b"quoted-printable" not in raw and b"utf-16" not in raw.lower():
        head, _, body = raw.partition(b"\r\n\r\n")
        raw = head + b"\r\n\r\n" + body.replace(b"\r\n", b"\0\r\n", 1)
    elif act == "bare-cr" and form == "plain" and b"multipart" not in raw and b"base64" not in raw and b"quoted-printable" not in raw and b"flowed" not in raw:
        head, _, body = raw.partition(b"\r\n\r\n")
        raw = head + b"\r\n\r\n" + body.replace(b"\r\n", b"\r")
    else:
        return raw
    tags.append("damage:" + act)
    return raw


def attached(rng, language, subject, text, label, tags):
    """The customer's mail as an attachment of a forwarded one."""
    tags.append("attached")
    bound = b"=_fwd_%d" % rng.randrange(10**6)
    inner = header_block(rng, subject, b'MIME-Version: 1.0\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit\r\n') + b"\r\n" + text.replace("\n", "\r\n").encode() + b"\r\n"
    outer = rng.choice(["Fwd: " + subject, "Please handle", "FW: " + subject])
    raw = header_block(rng, outer, b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="' + bound + b'"\r\n') + b"\r\n--" + bound + b"\r\nContent-Type: text/plain\r\n\r\nPlease see the attached mail.\r\n--" + bound + b"\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n" + inner + b"--" + bound + b"--\r\n"
    label["subject"] = clean_subject(outer)
    return raw, label, tags


def make(seed, number):
    rng = random.Random(f"{seed}/{number}")
    return others.make(rng, header_block) if rng.random() < 0.25 else filled(rng)


def own_words_mails():
    """Each sentence in two mails, with and without more words around it; the same mails at every call."""
    for number, (language, asked, text) in enumerate(own_words.sentences()):
        rng = random.Random(f"own-words/{number}")
        for variant in range(2):
            before, after = own_words.AROUND[language][0] if variant == 0 else rng.choice(own_words.AROUND[language][1:])
            subject = rng.choice(own_words.SUBJECTS[language])
            raw = others.plain(header_block(rng, subject), before + text + after)
            yield f"own-words-{language}-{asked or 'other'}-{number:03d}{'ab'[variant]}", raw, own_words.label(asked)


def write_own_words(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw, label in own_words_mails():
        (folder / f"{name}.eml").write_bytes(raw)
        (folder / f"{name}.json").write_text(json.dumps(label, ensure_ascii=False))


def recall(folder, command, show):
    done = subprocess.run([*command, str(folder)], stdout=subprocess.PIPE, check=True)
    counts = collections.defaultdict(collections.Counter)
    for line in map(json.loads, done.stdout.splitlines()):
        path = pathlib.Path(line["path"])
        if path.suffix != ".eml":
            continue
        expected = json.loads(path.with_suffix(".json").read_text())
        is_request, found = expected["class"] == "request", line["class"] == "request"
        cell = {(True, True): "hit", (True, False): "missed", (False, True): "false alarm", (False, False): "let be"}[is_request, found]
        if is_request and found and line["request"]["kind"] != expected["request"]["kind"]:
            cell = "wrong kind"
        for key in ("all", path.stem.split("-")[2]):
            counts[key][cell] += 1
        if cell not in ("hit", "let be") and show > 0:
            show -= 1
            print(f"{path.name}: {cell}: {line['reason']}")
    print(f"{'':8}{'mails':>6}{'requests':>9}{'precision':>11}{'recall':>8}")
    worst = 1.0
    for key, cells in counts.items():
        taken = cells["hit"] + cells["wrong kind"] + cells["false alarm"]
        asked = cells["hit"] + cells["wrong kind"] + cells["missed"]
        precision, recalled = cells["hit"] / max(taken, 1), cells["hit"] / max(asked, 1)
        worst = min(worst, precision, recalled) if key == "all" else worst
        print(f"{key:8}{sum(cells.values()):6}{asked:9}{precision:11.3f}{recalled:8.3f}")
    return 0 if worst >= 0.95 else 1


def differences(expected, actual, path=""):
    if isinstance(expected, dict):
        actual = actual if isinstance(actual, dict) else {}
        for key, value in expected.items():
            yield from differences(value, actual.get(key), f"{path}.{key}" if path else key)
    elif isinstance(expected, list) and expected and isinstance(expected[0], dict):
        keep = [{k: a.get(k) for k in expected[0]} for a in actual or []]
        if sorted(map(str, keep)) != sorted(map(str, expected)):
            yield path, expected, keep
    elif isinstance(expected, list) and path == "problems":
        keep = [(a.get("field"), a.get("code")) for a in actual or []]
        if keep:
            yield path, expected, keep
    elif expected != actual:
        yield path, expected, actual


def write(seed, count, folder):
    folder.mkdir(parents=True, exist_ok=True)
    tags = {}
    for number in range(count):
        raw, label, tagged = make(seed, number)
        name = f"{seed}-{number:06d}"
        (folder / f"{name}.eml").write_bytes(raw)
        (folder / f"{name}.json").write_text(json.dumps(label, ensure_ascii=False, indent=1))
        tags[name] = (label, tagged)
    return tags


def score(seed, count, command, show):
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        made = write(seed, count, folder)
        done = subprocess.run([*command, str(folder)], stdout=subprocess.PIPE, check=True)
        lines = {pathlib.Path(x["path"]).stem: x for x in map(json.loads, done.stdout.splitlines()) if x["path"].endswith(".eml")}
    wrong, by_tag, seen = 0, collections.Counter(), collections.Counter()
    for name, (label, tags) in made.items():
        found = list(differences(label, lines.get(name, {})))
        seen.update(tags)
        if found:
            wrong += 1
            by_tag.update(tags)
            if wrong <= show:
                print(name, " ".join(tags))
                for path, expected, actual in found[:4]:
                    print(f"    {path}: expected {expected!r}, got {actual!r}")
    print(f"{count - wrong} of {count} right")
    for tag, number in sorted(by_tag.items(), key=lambda x: -x[1] / seen[x[0]])[:25]:
        print(f"  {number:4d} of {seen[tag]:5d} wrong: {tag}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("act", choices=["write", "score", "own-words", "recall"])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("rest", nargs="*")
    args = parser.parse_intermixed_args()
    rest = args.rest
    if args.act == "write":
        write(args.seed, args.count, pathlib.Path(rest[0]))
        return 0
    if args.act == "own-words":
        write_own_words(pathlib.Path(rest[0]))
        return 0
    if args.act == "recall":
        return recall(pathlib.Path(rest[0]), rest[1:], args.show)
    return 1 if score(args.seed, args.count, rest, args.show) else 0


if __name__ == "__main__":
    sys.exit(main())
