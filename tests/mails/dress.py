"""Puts the words of a form into mails as mail programs send them: layouts, HTML of each client, quoting and forwarding,
charsets and encodings, line ends and other damage.

A mail is built by hand, byte by byte, because Python's own mail classes would repair what people's programs break.
"""

import base64
import html
import quopri
import textwrap

GREETINGS = {
    "en": ["Hi,", "Dear Support Team,", "Hello,\n\nPlease find my request below.", "Good morning,\n\nas discussed on the phone:"],
    "de": ["Guten Tag,", "Sehr geehrte Damen und Herren,\n\nanbei meine Anfrage."],
    "fr": ["Bonjour,", "Madame, Monsieur,\n\nvoici ma demande."],
    "es": ["Hola,", "Estimados señores:\n\nLes envío mi solicitud."],
    "pt": ["Olá,", "Prezados,\n\nsegue meu pedido."],
    "hi": ["नमस्ते,", "महोदय,\n\nकृपया मेरा अनुरोध देखें।"],
}
SIGNATURES = {
    "en": ["Thanks,\n{name}", "Best regards\n{name}\n{role}\nAcme Traders\nPhone: +91 80 2222 3333\nwww.acme.example", "-- \n{name}\nAcme Traders | 12 MG Road | Bengaluru 560001", "Sent from my iPhone",
           "Get Outlook for Android", "Thanks & Regards,\n{name}\nMob: 98450 12345", "Kind regards,\n\n{name}\nEmail: office@acme.example\nTel: +91 80 2222 3333"],
    "de": ["Mit freundlichen Grüßen\n{name}", "Viele Grüße\n{name}\nTel.: +49 30 5556677", "Von meinem iPhone gesendet"],
    "fr": ["Cordialement,\n{name}", "Envoyé de mon iPhone"],
    "es": ["Saludos,\n{name}", "Enviado desde mi iPhone"],
    "pt": ["Atenciosamente,\n{name}", "Enviado do meu iPhone"],
    "hi": ["धन्यवाद\n{name}", "Sent from my Android phone"],
}
PREFIXES = ["", "", "", "Re: ", "RE: ", "Fwd: ", "FW: ", "AW: ", "WG: ", "TR: ", "RV: ", "ENC: ", "RES: ", "Re: Fwd: ", "[EXTERNAL] ", "[Ext] Re: ", "RE : ", "SV: ", "Antw: ", "回复: ", "Re[2]: ", "(External) "]


def layout(rng, pairs, sentence):
    """The form as plain lines, in one of the ways in which people lay it out. `pairs` are label and value."""
    kind = rng.choice(["plain"] * 5 + ["bullets", "bold", "pipes", "below", "blank", "aligned", "numbered", "dashes", "tabs", "upper",
                                        "reversed", "shuffled", "wide", "paragraph", "fullwidth", "nbsp", "zero-width", "stars", "equals", "indented", "checkbox", "spaced", "hash", "lower"])
    order = list(pairs)
    lines = [f"{k}: {v}" for k, v in order]
    ack = sentence
    if kind == "bullets":
        mark = rng.choice(["- ", "* ", "• ", "– ", "▪ ", "→ "])
        lines, ack = [mark + x for x in lines], mark + sentence
    elif kind == "bold":
        lines = [f"**{k}:** {v}" if rng.random() < 0.5 else f"*{k}*: {v}" for k, v in order]
    elif kind == "pipes":
        lines = [f"| {k} | {v} |" for k, v in order]
        if rng.random() < 0.5:
            lines.insert(0, "| Field | Value |")
            lines.insert(1, "|---|---|")
    elif kind == "below":
        lines = [f"{k}:\n{v}" for k, v in order]
    elif kind == "blank":
        lines = [f"{k}: {v}\n" for k, v in order]
    elif kind == "aligned":
        width = max(len(k) for k, _ in order)
        lines = [f"{k:<{width}} : {v}" for k, v in order]
    elif kind == "numbered":
        mark = rng.choice(["{}. ", "{}) ", "({}) "])
        lines = [mark.format(i + 1) + x for i, x in enumerate(lines)]
    elif kind == "dashes":
        dash = rng.choice([" - ", " – ", " — "])
        lines = [f"{k}{dash}{v}" for k, v in order]
    elif kind == "tabs":
        lines = [f"{k}\t{v}" if rng.random() < 0.5 else f"{k}:\t{v}" for k, v in order]
    elif kind == "upper":
        lines = [f"{k.upper()}: {v}" for k, v in order]
    elif kind == "lower":
        lines = [f"{k.lower()}: {v}" for k, v in order]
    elif kind == "reversed":
        lines.reverse()
        if rng.random() < 0.5:
            return "\n".join([ack] + lines), kind
    elif kind == "shuffled":
        rng.shuffle(lines)
    elif kind == "wide":
        lines = [f"{k}    {v}" for k, v in order]
    elif kind == "paragraph":
        return "; ".join(lines) + ". " + ack, kind
    elif kind == "fullwidth":
        lines = [f"{k}\uff1a{v}" for k, v in order]
    elif kind == "nbsp":
        lines = [f"{k}\u00a0:\u00a0{v}" for k, v in order]
        ack = ack.replace(" ", "\u00a0", 2)
    elif kind == "zero-width":
        lines = [f"\u200b{k}\u200b: \ufeff{v}\u200e" for k, v in order]
    elif kind == "stars":
        lines = [f"{k} *: {v}" for k, v in order]
    elif kind == "equals":
        lines = [f"{k} = {v}" for k, v in order]
    elif kind == "indented":
        lines = ["    " + x for x in lines]
        ack = "    " + ack
    elif kind == "checkbox":
        ack = rng.choice(["[x] ", "[X] ", "☑ ", "✔ "]) + ack
    elif kind == "spaced":
        lines = [f"{k} :{v}" for k, v in order]
    elif kind == "hash":
        lines = [f"### {k}\n{v}" for k, v in order]
    return "\n".join(lines + [ack]), kind


def esc(text):
    return html.escape(text, quote=False)


def page(rng, client, pairs, sentence, before, after):
    """The form as HTML of one client."""
    rows = [f"{k}: {v}" for k, v in pairs] + [sentence]
    pre = before.split("\n") if before else []
    post = after.split("\n") if after else []
    if client == "gmail":
        body = '<div dir="ltr">' + "<br>".join(esc(x) for x in pre + [""] + rows) + "</div>"
        if post:
            body += '<br clear="all"><div><br></div><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature">' + "<br>".join(esc(x) for x in post) + "</div>"
        return body
    if client == "gmail-divs":
        return '<div dir="ltr">' + "".join(f"<div>{esc(x) or '<br>'}</div>" for x in pre + [""] + rows + [""] + post) + "</div>"
    if client == "outlook":
        para = lambda x: f'<p class="MsoNormal"><span lang="EN-US" style="font-size:11.0pt;mso-fareast-language:EN-US">{esc(x) or "&nbsp;"}<o:p></o:p></span></p>'
        rows = [f"<b>{esc(k)}:</b> {esc(v)}" for k, v in pairs] + [esc(sentence)]
        raw = lambda x: f'<p class="MsoNormal"><span lang="EN-US">{x}<o:p></o:p></span></p>'
        return ('<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
                "<!--[if !mso]><style>v\\:* {behavior:url(#default#VML);}</style><![endif]--><style><!--\n/* Font Definitions */\np.MsoNormal, li.MsoNormal {margin:0in; font-size:11.0pt;}\n--></style>"
                '</head><body lang="EN-US" link="#0563C1"><div class="WordSection1">' + "".join(map(para, pre + [""])) + "".join(map(raw, rows)) + "".join(map(para, [""] + post)) + "</div></body></html>")
    if client == "owa":
        return ('<html><head><style type="text/css" style="display:none;"> P {margin-top:0;margin-bottom:0;} </style></head><body dir="ltr">'
                + "".join(f'<div class="elementToProof" style="font-family: Calibri, sans-serif; color: rgb(0, 0, 0);">{esc(x) or "<br>"}</div>' for x in pre + [""] + rows + [""] + post) + "</body></html>")
    if client == "apple":
        return ('<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;">'
                + "".join(f"<div>{esc(x) or '<br>'}</div>" for x in pre + [""] + rows) + '<br><div id="AppleMailSignature">' + "<br>".join(map(esc, post)) + "</div></body></html>")
    if client == "thunderbird":
        return "<!DOCTYPE html>\n<html>\n  <head>\n\n    <meta http-equiv=\"content-type\" content=\"text/html; charset=UTF-8\">\n  </head>\n  <body>\n    " + "\n    ".join(f"<p>{esc(x) or '<br>'}</p>" for x in pre + rows + post) + "\n  </body>\n</html>\n"
    if client == "yahoo":
        return '<html><head></head><body><div class="ydp1a2b3c4dyahoo-style-wrap" style="font-family:Helvetica Neue, sans-serif;font-size:13px;">' + "".join(f'<div dir="ltr" data-setdir="false">{esc(x) or "<br>"}</div>' for x in pre + [""] + rows + [""] + post) + "</div></body></html>"
    if client == "zoho":
        return '<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN"><html><head><meta content="text/html;charset=UTF-8" http-equiv="Content-Type"></head><body ><div style="font-family: Verdana, Arial, Helvetica, sans-serif; font-size: 10pt;"><div>' + "<br></div><div>".join(esc(x) for x in pre + [""] + rows) + '<br></div><div id="Zm-_Id_-Sgn" data-sigid="1"><div>' + "<br>".join(map(esc, post)) + "</div></div></div></body></html>"
    if client == "table":
        border = rng.choice(['border="1"', 'cellpadding=0 cellspacing=0 style="border-collapse:collapse"'])
        cell = rng.choice(["td", "th"])
        colon = rng.choice(["", ":"])
        trs = "".join(f"<tr><{cell}>{esc(k)}{colon}</{cell}><td>{esc(v)}</td></tr>" for k, v in pairs)
        return "<html><body>" + "".join(f"<p>{esc(x)}</p>" for x in pre) + f"<table {border}><tbody>{trs}</tbody></table><p>{esc(sentence)}</p>" + "".join(f"<p>{esc(x)}</p>" for x in post) + "</body></html>"
    if client == "table-mso":
        trs = "".join(f'<tr style="height:15.0pt"><td width="120" valign="top" style="padding:0in 5.4pt"><p class="MsoNormal"><b>{esc(k)}<o:p></o:p></b></p></td><td width="400"><p class="MsoNormal">{esc(v)}<o:p></o:p></p></td></tr>' for k, v in pairs)
        return f'<html><body><div class="WordSection1"><table class="MsoTableGrid" border="1">{trs}<tr><td colspan="2"><p class="MsoNormal">{esc(sentence)}<o:p></o:p></p></td></tr></table></div></body></html>'
    if client == "table-across":
        return "<table><tr>" + "".join(f"<th>{esc(k)}</th>" for k, _ in pairs) + "</tr><tr>" + "".join(f"<td>{esc(v)}</td>" for _, v in pairs) + f"</tr></table><p>{esc(sentence)}</p>"
    if client == "dl":
        return "<html><body>" + "".join(f"<p>{esc(x)}</p>" for x in pre) + "<dl>" + "".join(f"<dt>{esc(k)}</dt><dd>{esc(v)}</dd>" for k, v in pairs) + f"</dl><p>{esc(sentence)}</p></body></html>"
    if client == "ul":
        return "<html><body><ul>" + "".join(f"<li><strong>{esc(k)}</strong>: {esc(v)}</li>" for k, v in pairs) + f"<li>{esc(sentence)}</li></ul></body></html>"
    if client == "br-soup":
        return "<br/>\r\n<BR>".join(f"<font size=2 face=\"Arial\"><span><b><span>{esc(k)}</span></b><span>:</span></span>&nbsp;<span>{esc(v)}</span></font>" for k, v in pairs) + "<br><br><br>" + esc(sentence) + "<br>"
    if client == "headings":
        return "".join(f"<h3>{esc(k)}</h3><p>{esc(v)}</p>" for k, v in pairs) + f"<p>{esc(sentence)}</p>"
    if client == "spans":
        return '<div style="white-space:normal">' + "".join(f'<div><span style="font-weight:bold">{esc(k)}</span><span> : </span><span>{"<wbr>".join(esc(w) for w in v.split("@")) if False else esc(v)}</span></div>' for k, v in pairs) + f"<div><em>{esc(sentence)}</em></div></div>"
    if client == "links":
        def link(v):
            return " ".join(f'<a href="mailto:{w.strip(",;")}">{esc(w)}</a>' if "@" in w else esc(w) for w in v.split(" "))
        return "".join(f"<p>{esc(k)}: {link(v)}</p>" for k, v in pairs) + f"<p>{esc(sentence)}</p>"
    if client == "pre":
        return "<html><body><pre>" + esc("\n".join(rows)) + "</pre></body></html>"
    raise ValueError(client)


CLIENTS = ["gmail", "gmail-divs", "outlook", "owa", "apple", "thunderbird", "yahoo", "zoho", "table", "table-mso", "table-across", "dl", "ul",
           "br-soup", "headings", "spans", "links", "pre"]


def wrapped(text, width=76):
    return "\n".join(textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) if line.strip() else line for line in text.split("\n"))


def flowed(text, delsp):
    """format=flowed: soft breaks; with DelSp the blank before the break is the program's own."""
    out = []
    for line in text.split("\n"):
        if line == "-- " or not line.strip():
            out.append(line)
            continue
        line = line.rstrip()
        pieces = textwrap.wrap(line, 60, break_long_words=False, break_on_hyphens=False, drop_whitespace=True) or [""]
        for i, piece in enumerate(pieces):
            last = i == len(pieces) - 1
            if piece.startswith((">", " ", "From ")):
                piece = " " + piece
            out.append(piece if last else piece + (" " if not delsp else "  "))
    return "\n".join(out)


def quoted(text):
    return "\n".join("> " + line if line else ">" for line in text.split("\n"))


def forwarded(rng, style, subject, text, who):
    head = {
        "gmail": f"---------- Forwarded message ---------\nFrom: {who}\nDate: Thu, 10 Apr 2025 at 09:12\nSubject: {subject}\nTo: <support@dsrd.example>\n\n\n",
        "outlook": f"\n________________________________\nFrom: {who}\nSent: Thursday, 10 April 2025 09:12\nTo: support@dsrd.example\nSubject: {subject}\n\n",
        "outlook-de": f"\n\nVon: {who}\nGesendet: Donnerstag, 10. April 2025 09:12\nAn: support@dsrd.example\nBetreff: {subject}\n\n",
        "apple": f"\n\nBegin forwarded message:\n\nFrom: {who}\nSubject: {subject}\nDate: 10 April 2025 at 09:12:33 IST\nTo: support@dsrd.example\n\n",
        "thunderbird": f"\n\n-------- Forwarded Message --------\nSubject: \t{subject}\nDate: \tThu, 10 Apr 2025 09:12:33 +0530\nFrom: \t{who}\nTo: \tsupport@dsrd.example\n\n\n\n",
        "original": f"\n-----Original Message-----\nFrom: {who}\nSent: 10 April 2025 09:12\nTo: support@dsrd.example\nSubject: {subject}\n\n",
        "inline-quote": f"\nOn Thu, 10 Apr 2025 at 09:12, {who} wrote:\n\n",
    }[style]
    note = rng.choice(["", "FYI", "Please handle.", "See below.\n\nRegards\nMeera"])
    return note + "\n" + head + (quoted(text) if style == "inline-quote" or (style == "apple" and rng.random() < 0.7) else text)


def encode_header(rng, text, charset="utf-8", style=None):
    if text.isascii() and style is None and rng.random() < 0.8:
        return text.encode()
    style = style or rng.choice(["b", "q", "b-folded", "raw"])
    if style == "raw":
        return text.encode("utf-8")
    words, piece = [], ""
    for c in text:  # an encoded word holds whole characters and at most 75 bytes
        if len((piece + c).encode(charset)) > 36:
            words.append(piece)
            piece = ""
        piece += c
    words.append(piece)
    def word(w):
        data = w.encode(charset)
        if style.startswith("b"):
            return b"=?" + charset.encode() + b"?B?" + base64.b64encode(data) + b"?="
        q = "".join("_" if b == 32 else chr(b) if chr(b).isalnum() and b < 128 else f"={b:02X}" for b in data)
        return f"=?{charset}?Q?{q}?=".encode()
    return b"\r\n ".join(word(w) for w in words)


def transfer(rng, data, prefer=None):
    """Bytes in a transfer encoding, with its name."""
    options = ["quoted-printable", "base64"]
    if b"\0" not in data and max((len(x) for x in data.split(b"\n")), default=0) < 990:
        options += ["8bit"] * 2
        if data.isascii():
            options += ["7bit"] * 3
    name = prefer or rng.choice(options)
    if name == "base64":
        raw = base64.b64encode(data)
        return name, b"\r\n".join(raw[i:i + 76] for i in range(0, len(raw), 76)) + b"\r\n"
    if name == "quoted-printable":
        return name, quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return name, data


CHARSETS = {
    "en": ["utf-8"] * 6 + ["us-ascii", "iso-8859-1", "windows-1252", "utf-16", "gb18030", "iso-2022-jp", "koi8-r", "windows-1251", "big5", "shift_jis", "euc-kr", "x-unknown", None, "utf-16le-nobom", "windows-1250", "iso-8859-15"],
    "de": ["utf-8"] * 4 + ["iso-8859-1", "windows-1252", "iso-8859-15", "utf-16", "gb18030", "x-unknown", None, "macintosh"],
    "fr": ["utf-8"] * 4 + ["iso-8859-1", "windows-1252", "iso-8859-15", "utf-16", None],
    "es": ["utf-8"] * 4 + ["iso-8859-1", "windows-1252", None, "cp850"],
    "pt": ["utf-8"] * 4 + ["iso-8859-1", "windows-1252", None],
    "hi": ["utf-8"] * 6 + ["utf-16", "gb18030", None, "x-unknown"],
}


def in_charset(rng, language, text):
    """The charset to declare and the bytes; falls back to UTF-8 where the text does not fit."""
    name = rng.choice(CHARSETS[language])
    codec = {None: "utf-8", "x-unknown": "utf-8", "utf-16le-nobom": "utf-16-le"}.get(name, name)
    codec = {"macintosh": "mac-roman"}.get(codec, codec)
    try:
        data = text.encode(codec)
    except UnicodeEncodeError:
        name, data = "utf-8", text.encode("utf-8")
    declared = {"utf-16le-nobom": "utf-16le", "x-unknown": rng.choice(["x-unknown", "unknown-8bit", "utf-8859-1", "ansi"])}.get(name, name)
    if declared and rng.random() < 0.2:
        declared = declared.upper()
    return declared, data
