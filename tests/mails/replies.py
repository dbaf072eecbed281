"""Answers to a challenge, as mail programs of many countries quote it: honest ones, whose first line is the command, and
those that must change nothing because the command stands elsewhere."""

import dress

CODE = "7K3M-9Q2X"
SUBJECT = "[DSR-7K3M-9Q2X] Is it you?"
NOTICE = [
    "Somebody asked for a copy of your data. Was it you?", "", "To say yes, answer this mail. Put this in the first line:", "",
    "    CONFIRM " + CODE, "", "If it was not you, answer: NOT ME",
]
WHO = "Telco Support <support@dsrd.example>"
ATTRIBUTIONS = [
    "On Thu, 10 Apr 2025 at 09:12, {who} wrote:", "On 10/04/2025 09:12, {who} wrote:", "Am 10.04.2025 um 09:12 schrieb {who}:",
    "Am Do., 10. Apr. 2025 um 09:12 Uhr schrieb {who}:", "Le jeu. 10 avr. 2025 à 09:12, {who} a écrit :", "El jue, 10 abr 2025 a las 9:12, {who} escribió:",
    "Em qui., 10 de abr. de 2025 às 09:12, {who} escreveu:", "Il giorno gio 10 apr 2025 alle ore 09:12 {who} ha scritto:", "Op do 10 apr. 2025 om 09:12 schreef {who}:",
    "W dniu czw., 10 kwi 2025 o 09:12 {who} napisał(a):", "чт, 10 апр. 2025 г. в 09:12, {who}:", "10 अप्रैल 2025 को 09:12 बजे {who} ने लिखा:",
    "在 2025年4月10日，09:12，{who} 写道：", "2025年4月10日(木) 9:12 {who}:", "2025년 4월 10일 (목) 오전 9:12, {who}님이 작성:", "10 Nis 2025 Per, 09:12 tarihinde {who} şunu yazdı:",
    "Den tors 10 apr. 2025 kl 09:12 skrev {who}:", "to 10.4.2025 klo 9.12 {who} kirjoitti:", "čt 10. 4. 2025 v 9:12 odesílatel {who} napsal:",
]
HEADERS = [
    ("From", "Sent", "To", "Subject"), ("Von", "Gesendet", "An", "Betreff"), ("De", "Envoyé", "À", "Objet"), ("De", "Enviado el", "Para", "Asunto"),
    ("De", "Enviada em", "Para", "Assunto"), ("Da", "Inviato", "A", "Oggetto"), ("Van", "Verzonden", "Aan", "Onderwerp"), ("Od", "Wysłano", "Do", "Temat"),
    ("От", "Отправлено", "Кому", "Тема"), ("发件人", "发送时间", "收件人", "主题"), ("差出人", "送信日時", "宛先", "件名"), ("प्रेषक", "भेजा गया", "प्रति", "विषय"),
    ("Kimden", "Gönderildi", "Kime", "Konu"), ("Από", "Στάλθηκε", "Προς", "Θέμα"), ("מאת", "נשלח", "אל", "נושא"), ("Från", "Skickat", "Till", "Ämne"),
]
SIGNATURES = ["", "", "\n\nThanks\nAsha Rao", "\n\n-- \nAsha Rao\nI approve of good mail", "\n\nSent from my iPhone", "\n\nGet Outlook for Android", "\n\nVon meinem iPhone gesendet"]


def quoted_below(rng):
    """The notice as it stands below an answer: plain text, one of the ways."""
    way = rng.choice(["attribution", "attribution", "wrapped", "header", "ruled", "original", "bare"])
    quote = dress.quoted("\n".join(NOTICE))
    line = rng.choice(ATTRIBUTIONS).format(who=WHO)
    if way == "attribution":
        return way, line + "\n" + rng.choice(["", "\n"]) + quote
    if way == "wrapped":
        at = line.rfind(" ", 0, 60)
        return way, line[:at] + "\n" + line[at + 1:] + "\n\n" + quote
    labels = rng.choice(HEADERS)
    values = (WHO, "Thursday, 10 April 2025 09:12", "Asha Rao <asha@acme.example>", SUBJECT)
    head = "\n".join(f"{label}: {value}" for label, value in zip(labels, values))
    if way == "header":
        return way, head + "\n\n" + "\n".join(NOTICE)
    if way == "ruled":
        return way, "_" * 32 + "\n" + head + "\n\n" + "\n".join(NOTICE)
    if way == "original":
        return way, rng.choice(["-----Original Message-----", "-----Ursprüngliche Nachricht-----", "-----Message d'origine-----", "-------- Original message --------"]) + "\n" + head + "\n\n" + "\n".join(NOTICE)
    return way, quote


def page(rng, new, after):
    """An answer as HTML of one program."""
    e = dress.esc
    notice = "<br>".join(e(x) for x in NOTICE)
    line = e(rng.choice(ATTRIBUTIONS).format(who=WHO))
    labels = rng.choice(HEADERS)
    head = "".join(f"<b>{e(a)}:</b> {e(b)}<br>" for a, b in zip(labels, (WHO, "Thursday, 10 April 2025 09:12", "Asha Rao", SUBJECT)))
    lines = [x for x in (new + after).split("\n")]
    way = rng.choice(["gmail", "outlook", "owa", "apple", "thunderbird", "yahoo", "zoho", "proton", "gmx"])
    divs = "".join(f"<div>{e(x) or '<br>'}</div>" for x in lines)
    return way, {
        "gmail": f'<div dir="ltr">{"<br>".join(map(e, lines))}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{line}<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex">{notice}</blockquote></div>',
        "outlook": "<div class=WordSection1>" + "".join(f"<p class=MsoNormal>{e(x) or '&nbsp;'}<o:p></o:p></p>" for x in lines) + f"<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in'><p class=MsoNormal>{head}</p></div></div><p class=MsoNormal>{notice}</p></div>",
        "owa": f'{divs}<div id="appendonsend"></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">{head}</font></div><div>{notice}</div>',
        "apple": f'<body style="word-wrap: break-word;">{divs}<div><br><blockquote type="cite"><div>{line}</div><br class="Apple-interchange-newline"><div>{notice}</div></blockquote></div></body>',
        "thunderbird": "".join(f"<p>{e(x)}</p>" for x in lines) + f'<div class="moz-cite-prefix">{line}<br></div><blockquote type="cite" cite="mid:1@x">{notice}</blockquote>',
        "yahoo": f'<div class="ydpyahoo-style-wrap">{divs}</div><div id="yahoo_quoted_12" class="yahoo_quoted"><div>{line}</div><div>{notice}</div></div>',
        "zoho": f'<div>{divs}</div><div class="zmail_extra_hr" style="border-top: 1px solid rgb(204, 204, 204);"></div><div class="zmail_extra" data-zbluepencil-ignore="true"><div>{line}</div><blockquote id="blockquote_zmail">{notice}</blockquote></div>',
        "proton": f'{divs}<div class="protonmail_quote">{line}<br><blockquote class="protonmail_quote" type="cite">{notice}</blockquote></div>',
        "gmx": f'<html><body><div style="font-family: Verdana">{divs}<div name="quote" style="margin:10px 5px"><div><b>Gesendet:</b> Donnerstag</div><div name="quoted-content">{notice}</div></div></div></body></html>',
    }[way]


def reply(rng, header_block, plain):
    """One answer with its label."""
    word = rng.choice(["CONFIRM " + CODE, "confirm 7k3m 9q2x", "Confirm 7K3M9Q2X", "CANCEL", "STATUS", "NOT ME", "not me"])
    expected = {"CONFIRM": "CONFIRM", "CANCEL": "CANCEL", "STATUS": "STATUS", "NOT": "NOTME"}[word.split(" ")[0].upper()]
    honest = rng.random() < 0.6
    after = rng.choice(SIGNATURES)
    new = word
    tags = ["reply:" + ("honest" if honest else "other")]
    if not honest:
        new = rng.choice(["Yes it was me.", "", "I want to confirm, please go on.", "Hello,\n" + word, "Please " + word, word + "?", "\"" + word + "\"", "Thanks, see below.", "> " + word, "Was ist das?", "I did not ask for anything, cancel it please"])
    if rng.random() < 0.5:
        way, below = quoted_below(rng)
        raw = plain(header_block(rng, "Re: " + SUBJECT), new + after + "\n\n" + below)
    else:
        way, body = page(rng, new, after)
        raw = header_block(rng, "Re: " + SUBJECT) + b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body.encode() + b"\r\n"
    tags.append("quoted:" + way)
    label = {"class": "command", "command": {"word": expected} if honest else None}
    if honest and expected == "CONFIRM":
        label["command"]["code"] = "7K3M9Q2X"
    return raw, label, tags
