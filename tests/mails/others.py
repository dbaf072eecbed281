"""Mails that are no form: automatic mail, lists, bounces, our own, ordinary support mail, answers to a challenge."""

import replies


def make(rng, header_block):
    kind = rng.choice(["auto", "list", "own", "bounce", "other", "reply", "reply", "reply"])
    return replies.reply(rng, header_block, plain) if kind == "reply" else globals()[kind](rng, header_block)


def plain(head, text):
    return head + b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text.replace("\n", "\r\n").encode() + b"\r\n"


def auto(rng, header_block):
    subject, mark = rng.choice([
        ("Out of office", "Auto-Submitted: auto-replied"), ("Automatic reply: Data Export Request", ""), ("Abwesenheitsnotiz", "X-Autoreply: yes"),
        ("Réponse automatique : absence", "Precedence: bulk"), ("Respuesta automática: fuera de la oficina", ""), ("I am away", "X-Autorespond: 1"),
        ("Ticket #4711 received", "Auto-Submitted: auto-generated"), ("Resposta automática: ausente", ""),
    ])
    text = rng.choice(["I am out of the office until Monday.", "Ich bin bis Montag nicht im Büro.", "Je suis absent jusqu'à lundi."])
    extra = (mark + "\r\n").encode() if mark else b""
    return plain(header_block(rng, subject, extra), text), {"class": "auto", "answer": False}, ["auto:" + subject]


def list(rng, header_block):  # noqa: A001: the class is called list
    return plain(header_block(rng, rng.choice(["Weekly news", "[users] meeting", "Your March digest"]), b"List-Id: <news.acme.example>\r\nList-Unsubscribe: <mailto:u@acme.example>\r\n"), "All the news of the week."), {"class": "list", "answer": False}, ["list"]


def own(rng, header_block):
    raw = plain(header_block(rng, "Data Export Request"), "Scope: account")
    for sender in (b"Asha Rao <asha@acme.example>", b'"Rao, Asha" <asha@acme.example>', b"=?utf-8?B?QXNoYSBSYW8=?= <asha@acme.example>", b"<asha@acme.example>", b"From: asha@acme.example"):
        new = b"support+tok@dsrd.example" if not sender.startswith(b"From") else b"From: support@dsrd.example"
        raw = raw.replace(sender, new)
    return raw, {"class": "own", "answer": False}, ["own"]


def bounce(rng, header_block):
    raw = (b"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.acme.example (Mail Delivery System)\r\nTo: support@dsrd.example\r\nSubject: Undelivered Mail Returned to Sender\r\nDate: Thu, 10 Apr 2025 10:00:00 +0530\r\n"
           b"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nThis is the mail system.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.acme.example\r\n\r\n"
           b"Final-Recipient: rfc822; asha@acme.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n")
    return raw, {"class": "bounce", "answer": False}, ["bounce"]


OTHER = [
    ("Invoice 2025-031", "Please send me a copy of the invoice for March."),
    ("Call quality", "The calls to +91 98765 43210 drop since 2025-01-01. Account: 481516."),
    ("Export", "How do I export my contacts to CSV?"),
    ("Scope of project", "Scope: website\nBudget: 500\nRequester: Marketing"),
    ("Re: pricing", "Thanks, that works.\n\nOn Mon, 7 Apr 2025, Support wrote:\n> What data plan do you want?"),
    ("Rechnung", "Bitte senden Sie mir die Rechnung für März."),
    ("Facture", "Pouvez-vous m'envoyer la facture de mars ?"),
    ("Delete a user", "Please remove user Ravi from our account."),
    ("Password", "I cannot log in. My email: asha@acme.example, phone: 98765 43210"),
]


def other(rng, header_block):
    subject, text = rng.choice(OTHER)
    return plain(header_block(rng, subject), text), {"class": "other", "answer": False}, ["other:" + subject]
