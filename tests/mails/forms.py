"""What people put into the template, and what it means: scopes, time frames, requesters, in six languages.

Every function takes a `random.Random` and returns the words with their meaning. Nothing here knows a mail program;
`dress.py` puts the words into mails.
"""

import datetime

DAY = datetime.timedelta(days=1)

FIRST = {
    "en": ["Asha Rao", "John Smith", "Mary-Jane O'Neill", "Priya Iyer", "Wei Chen", "Robert Downey", "Anne Marie Scott"],
    "de": ["Jürgen Groß", "Käthe Müller", "Hans-Peter Weiß", "Anja Schröder"],
    "fr": ["Éloïse Lefèvre", "François Dupont", "Anaïs Côté", "Jean-Noël Ménard"],
    "es": ["Íñigo Muñoz", "María José Peña", "José Ángel Ruiz", "Lucía Fernández"],
    "pt": ["João Gonçalves", "Conceição Araújo", "Inês Magalhães", "André Simões"],
    "hi": ["आशा राव", "रवि शर्मा", "सुनीता वर्मा", "Anil Kumar"],
}
ROLES = {
    "en": ["Owner", "Managing Director", "Admin", "Employee", "Account Manager", "Customer", "CEO"],
    "de": ["Inhaberin", "Geschäftsführer", "Mitarbeiter", "Kundin"],
    "fr": ["Gérante", "Propriétaire", "Directrice", "Cliente"],
    "es": ["Propietaria", "Gerente", "Empleado", "Titular"],
    "pt": ["Proprietário", "Gerente", "Sócia", "Diretora"],
    "hi": ["मालिक", "प्रबंधक", "निदेशक", "Owner"],
}
LABELS = {
    "en": [("Scope", "Legal basis", "Requester")],
    "de": [("Umfang", "Rechtsgrundlage", "Antragsteller"), ("Geltungsbereich", "Rechtsgrundlage", "Anfragender"),
           ("Umfang", "Rechtliche Grundlage", "Antragstellerin")],
    "fr": [("Portée", "Base légale", "Demandeur"), ("Périmètre", "Base juridique", "Demandeur"),
           ("Champ d'application", "Fondement juridique", "Demandeur")],
    "es": [("Alcance", "Base legal", "Solicitante"), ("Ámbito", "Base jurídica", "Solicitante"),
           ("Alcance", "Fundamento jurídico", "Solicitante")],
    "pt": [("Âmbito", "Base legal", "Requerente"), ("Escopo", "Base legal", "Solicitante"),
           ("Escopo", "Fundamento legal", "Requerente")],
    "hi": [("दायरा", "कानूनी आधार", "अनुरोधकर्ता"), ("क्षेत्र", "कानूनी आधार", "आवेदक")],
}
BASIS = {
    "en": ["Customer request", "GDPR Article 15", "DPDP Act 2023, section 11", "Customer request"],
    "de": ["Kundenanfrage", "Art. 15 DSGVO", "Anfrage des Kunden"],
    "fr": ["Demande du client", "Article 15 du RGPD"],
    "es": ["Solicitud del cliente", "Artículo 15 del RGPD"],
    "pt": ["Pedido do cliente", "Solicitação do cliente", "LGPD, artigo 18"],
    "hi": ["ग्राहक अनुरोध", "ग्राहक का अनुरोध"],
}
ACKNOWLEDGES = {
    "en": ["I acknowledge identity verification may be required.", "I acknowledge that identity verification may be required.",
           "I hereby acknowledge identity verification may be required"],
    "de": ["Ich bestätige, dass eine Identitätsprüfung erforderlich sein kann.",
           "Ich nehme zur Kenntnis, dass eine Identitätsprüfung erforderlich sein kann.",
           "Ich erkenne an, dass eine Überprüfung meiner Identität erforderlich sein kann."],
    "fr": ["Je reconnais qu'une vérification d'identité peut être requise.",
           "Je reconnais qu\u2019une vérification de mon identité peut être nécessaire."],
    "es": ["Reconozco que puede ser necesaria la verificación de identidad.",
           "Reconozco que se puede requerir una verificación de identidad."],
    "pt": ["Reconheço que a verificação de identidade pode ser necessária.",
           "Reconheço que poderá ser exigida a verificação de identidade."],
    "hi": ["मैं स्वीकार करता हूँ कि पहचान सत्यापन आवश्यक हो सकता है।",
           "मैं स्वीकार करती हूं कि पहचान सत्यापन की आवश्यकता हो सकती है।"],
}
TITLES = {
    "en": {"export": ["Data Export Request", "DATA EXPORT REQUEST", "data export request"],
           "delete": ["Data Delete Request", "Data Deletion Request", "data delete request"]},
    "de": {"export": ["Datenexport-Anfrage", "Antrag auf Datenexport", "Anfrage zum Datenexport", "Datenexportanfrage"],
           "delete": ["Datenlöschung-Anfrage", "Antrag auf Datenlöschung", "Antrag auf Löschung meiner Daten", "Datenlöschanfrage"]},
    "fr": {"export": ["Demande d'exportation de données", "Demande d\u2019export de données", "Demande d'accès aux données"],
           "delete": ["Demande de suppression de données", "Demande d'effacement des données"]},
    "es": {"export": ["Solicitud de exportación de datos", "Solicitud de acceso a datos"],
           "delete": ["Solicitud de eliminación de datos", "Solicitud de supresión de datos", "Solicitud de borrado de datos"]},
    "pt": {"export": ["Pedido de exportação de dados", "Solicitação de exportação de dados", "Solicitação de acesso aos dados"],
           "delete": ["Pedido de eliminação de dados", "Solicitação de exclusão de dados", "Pedido de apagamento de dados"]},
    "hi": {"export": ["डेटा निर्यात अनुरोध", "डेटा निर्यात के लिए अनुरोध"],
           "delete": ["डेटा हटाने का अनुरोध", "डेटा विलोपन अनुरोध"]},
}
WORDS = {  # account, user, number, all data
    "en": ("account", "user", "number", "all data"),
    "de": ("Konto", "Benutzer", "Nummer", "alle Daten"),
    "fr": ("compte", "utilisateur", "numéro", "toutes les données"),
    "es": ("cuenta", "usuario", "número", "todos los datos"),
    "pt": ("conta", "usuário", "número", "todos os dados"),
    "hi": ("खाता", "उपयोगकर्ता", "नंबर", "सभी डेटा"),
}
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "hi": "जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
}
COMPANIES = ["Acme Traders", "Patel & Sons", "Müller GmbH", "Café Soleil", "Export House Pvt. Ltd.", "Delete Key Games",
             "Data Works", "Access Bank", "O'Brien Telecom", "株式会社サンプル", "Request Records Ltd"]


def month_end(year, month):
    nxt = datetime.date(year + month // 12, month % 12 + 1, 1)
    return nxt - DAY


def phone(rng):
    """A number as written and in E.164."""
    mobile = rng.choice("6789") + "".join(rng.choice("0123456789") for _ in range(9))
    if mobile[0] == "6":  # some 6xxx ranges are unassigned
        mobile = "9" + mobile[1:]
    if mobile[0] in "78":  # likewise
        mobile = "98" + mobile[2:]
    mobile = "98" + mobile[2:]
    a, b = mobile[:5], mobile[5:]
    india = "+91" + mobile
    forms = [
        (f"+91 {a} {b}", india), (f"+91{mobile}", india), (f"+91-{a}-{b}", india), (f"+91-{mobile}", india),
        (f"{a} {b}", india), (mobile, india), (f"0{a} {b}", india), (f"0091 {a} {b}", india), (f"(+91) {a} {b}", india),
        (f"+91 ({a}) {b}", india), (f"{a}-{b}", india), (f"+91.{a}.{b}", india), (f"+ 91 {a} {b}", india),
        (f"+91 (0) {a} {b}", india), (f"+91 {mobile[:4]} {mobile[4:7]} {mobile[7:]}", india),
        (f"+91\u00a0{a}\u00a0{b}", india), (f"+91 {a}\u2011{b}", india),
    ]
    foreign = [
        ("+49 30 12345678", "+493012345678"), ("+49 (0)30 12345678", "+493012345678"), ("+49 30/12345678", "+493012345678"),
        ("+44 20 7946 0958", "+442079460958"), ("+1 (212) 555-0123", "+12125550123"), ("+1-212-555-0123", "+12125550123"),
        ("+33 1 42 68 53 00", "+33142685300"), ("+34 912 34 56 78", "+34912345678"), ("+351 21 123 4567", "+351211234567"),
        ("+55 11 91234-5678", "+5511912345678"), ("080 4040 5555", "+918040405555"), ("+91 80 4040 5555", "+918040405555"),
        ("00 49 30 12345678", "+493012345678"),
    ]
    return rng.choice(forms + foreign)


def between(rng, language, day):
    """A time frame: words, first day, last day, whether ambiguous. `day` is the mail's date."""
    months = MONTHS[language].split()
    year = rng.choice([2023, 2024])
    start = datetime.date(year, rng.randint(1, 12), rng.randint(1, 28))
    end = start + datetime.timedelta(days=rng.randint(10, 200))
    to = {"en": ["to", "-", "–", "until", "till", "through"], "de": ["bis"], "fr": ["au"], "es": ["a", "hasta"], "pt": ["a", "até"], "hi": ["से"]}[language]
    to = rng.choice(to)
    iso = lambda d: d.isoformat()
    def long(d):
        m = months[d.month - 1]
        if language == "en":
            return rng.choice([f"{d.day} {m} {d.year}", f"{d.day} {m[:3]} {d.year}", f"{m} {d.day}, {d.year}",
                               f"{d.day}{'st' if d.day in (1, 21) else 'nd' if d.day in (2, 22) else 'rd' if d.day in (3, 23) else 'th'} {m} {d.year}",
                               f"{d.day}-{m[:3]}-{d.year}", f"{m[:3]} {d.day} {d.year}"])
        if language == "de":
            return f"{d.day}. {m} {d.year}"
        if language == "fr":
            return f"{'1er' if d.day == 1 else d.day} {m} {d.year}"
        if language in ("es", "pt"):
            return f"{d.day} de {m} de {d.year}"
        return f"{d.day} {m} {d.year}"
    def numeric(d, sep):
        return f"{d.day:02d}{sep}{d.month:02d}{sep}{d.year}"
    choices = ["iso", "iso", "long", "numeric", "since", "until", "last", "month", "quarter", "year"]
    if language == "en":
        choices += ["months", "between", "from-to", "iso-interval", "dots", "last-unit", "fy", "half", "onwards", "short-year"]
    kind = rng.choice(choices)
    if kind == "iso":
        tail = " तक" if language == "hi" else ""
        return f"{iso(start)} {to} {iso(end)}{tail}", start, end, False
    if kind == "iso-interval":
        return f"{iso(start)}/{iso(end)}", start, end, False
    if kind == "dots":
        return f"{iso(start)}..{iso(end)}", start, end, False
    if kind == "long":
        lead = {"en": rng.choice(["", "from "]), "de": rng.choice(["vom ", ""]), "fr": "du ", "es": rng.choice(["del ", "desde el ", ""]), "pt": rng.choice(["de ", ""]), "hi": ""}[language]
        joint = {"de": "bis zum" if lead else "bis", "fr": "au", "es": {"del ": "al", "desde el ": "hasta el", "": "a"}.get(lead, "a"), "pt": "a" if lead else "até", "hi": "से"}.get(language, to)
        return f"{lead}{long(start)} {joint} {long(end)}" + (" तक" if language == "hi" else ""), start, end, False
    if kind == "numeric":
        sep = {"de": ".", "en": rng.choice("/-.")}.get(language, "/")
        lo = start.replace(day=rng.randint(13, 28))
        hi = end.replace(day=rng.randint(13, 28))
        if lo > hi:
            lo, hi = hi, lo
        return f"{numeric(lo, sep)} {to if to != '-' or sep != '-' else 'to'} {numeric(hi, sep)}", lo, hi, False
    if kind == "since":
        word = {"en": "since", "de": rng.choice(["seit", "ab", "seit dem"]), "fr": "depuis le", "es": "desde el", "pt": "desde", "hi": ""}[language]
        if language == "hi":
            return f"{long(start)} से", start, None, False
        return f"{word} {long(start)}", start, None, False
    if kind == "onwards":
        return f"{long(start)} onwards", start, None, False
    if kind == "until":
        word = {"en": rng.choice(["until", "till", "up to"]), "de": "bis", "fr": "jusqu'au", "es": "hasta el", "pt": "até", "hi": ""}[language]
        if language == "hi":
            return f"{long(end)} तक", None, end, False
        return f"{word} {long(end)}", None, end, False
    if kind == "last":
        n = rng.choice([7, 30, 60, 90, 180])
        text = {"en": rng.choice([f"last {n} days", f"past {n} days", f"the last {n} days"]), "de": rng.choice([f"letzte {n} Tage", f"die letzten {n} Tage"]),
                "fr": rng.choice([f"les {n} derniers jours", f"{n} derniers jours"]), "es": rng.choice([f"últimos {n} días", f"los últimos {n} días"]),
                "pt": rng.choice([f"últimos {n} dias", f"os últimos {n} dias"]), "hi": f"पिछले {n} दिन"}[language]
        return text, day - datetime.timedelta(days=n), day, False
    if kind == "last-unit":
        first = day.replace(day=1)
        last = first - DAY
        options = [("last month", last.replace(day=1), last), ("this month", first, day),
                   ("last year", datetime.date(day.year - 1, 1, 1), datetime.date(day.year - 1, 12, 31)),
                   ("this year", datetime.date(day.year, 1, 1), day)]
        text, lo, hi = rng.choice(options)
        return text, lo, hi, False
    if kind == "month":
        m = start.month
        of = {"es": " de ", "pt": " de "}.get(language, " ")
        return f"{months[m - 1]}{of}{year}", datetime.date(year, m, 1), month_end(year, m), False
    if kind == "months":
        a, b = sorted(rng.sample(range(1, 13), 2))
        joint = rng.choice([" to ", "-", " - ", "–"])
        full = rng.random() < 0.5
        name = lambda m: months[m - 1] if full else months[m - 1][:3]
        return rng.choice([f"{name(a)}{joint}{name(b)} {year}", f"{name(a)} {year} to {name(b)} {year}"]), datetime.date(year, a, 1), month_end(year, b), False
    if kind == "between":
        return f"between {long(start)} and {long(end)}", start, end, False
    if kind == "from-to":
        return f"from {iso(start)} to {iso(end)}", start, end, False
    if kind == "quarter":
        q = rng.randint(1, 4)
        text = {"de": rng.choice([f"{q}. Quartal {year}", f"Q{q} {year}"]), "fr": rng.choice([f"T{q} {year}", f"{['1er', '2e', '3e', '4e'][q - 1]} trimestre {year}"]),
                "es": rng.choice([f"T{q} {year}", f"{['primer', 'segundo', 'tercer', 'cuarto'][q - 1]} trimestre de {year}"]), "pt": f"T{q} {year}"}.get(language, rng.choice([f"Q{q} {year}", f"Q{q}/{year}", f"{year} Q{q}", f"Q{q}-{year}"]))
        return text, datetime.date(year, 3 * q - 2, 1), month_end(year, 3 * q), False
    if kind == "half":
        h = rng.randint(1, 2)
        return rng.choice([f"H{h} {year}", f"{'first' if h == 1 else 'second'} half of {year}"]), datetime.date(year, 6 * h - 5, 1), month_end(year, 6 * h), False
    if kind == "fy":
        y = rng.choice([2022, 2023])
        return rng.choice([f"FY {y}-{(y + 1) % 100}", f"FY{y}-{(y + 1) % 100}", f"financial year {y}-{y + 1}"]), datetime.date(y, 4, 1), datetime.date(y + 1, 3, 31), False
    if kind == "short-year":
        a, b = sorted(rng.sample(range(1, 13), 2))
        return f"{months[a - 1][:3]}'{year % 100} - {months[b - 1][:3]}'{year % 100}", datetime.date(year, a, 1), month_end(year, b), False
    return f"{year}", datetime.date(year, 1, 1), datetime.date(year, 12, 31), False


def scope(rng, language, day):
    """A scope: its words and what `dsrd parse` must say of it."""
    account, user, number, everything = WORDS[language]
    out = {"account": None, "users": [], "numbers": [], "from": None, "to": None, "everything": False}
    parts = []
    pick = rng.choice(["number", "number", "numbers", "account", "own", "user", "users", "everything", "mix", "bare-number", "user-id"])
    cap = rng.random() < 0.2
    word = lambda w: w.capitalize() if cap else w
    sep = rng.choice([" ", " ", ": ", " "])
    if pick in ("number", "mix"):
        text, e164 = phone(rng)
        parts.append(f"{word(number)}{sep}{text}")
        out["numbers"].append(e164)
    if pick == "bare-number":
        text, e164 = phone(rng)
        while not text.startswith("+"):
            text, e164 = phone(rng)
        parts.append(text)
        out["numbers"].append(e164)
    if pick == "numbers":
        a, b = phone(rng), phone(rng)
        while a[1] == b[1]:
            b = phone(rng)
        plural = {"en": "numbers", "de": "Nummern", "fr": "numéros", "es": "números", "pt": "números", "hi": "नंबर"}[language]
        parts.append(f"{plural} {a[0]}{rng.choice([', ', '; ', ' & ', ' and '])if language == 'en' else ', '}{b[0]}")
        out["numbers"] += [a[1], b[1]]
    if pick in ("account", "mix"):
        ident = rng.choice(["481516", "AC-4815", "1002", "774411", "ACME-0042"])
        text = f"{word(account)} {ident}"
        if language == "en":
            text = rng.choice([text, f"account no. {ident}", f"account #{ident}", f"account ID {ident}", f"Account: {ident}", f"account number {ident}", f"a/c {ident}"])
        parts.append(text)
        out["account"] = ident
    if pick == "own":
        text = rng.choice([word(account), {"en": "my account", "de": "mein Konto", "fr": "mon compte", "es": "mi cuenta", "pt": "minha conta", "hi": "मेरा खाता"}[language]])
        parts.append(text)
        out["account"] = "own"
    if pick == "user":
        parts.append(f"{word(user)} ravi.k@acme.example")
        out["users"].append("ravi.k@acme.example")
    if pick == "user-id":
        parts.append(f"{word(user)} 42")
        out["users"].append("42")
    if pick == "users":
        parts.append(rng.choice(["ravi.k@acme.example, meera@acme.example", f"{word(user)} ravi.k@acme.example, {user} meera@acme.example"]))
        out["users"] += ["ravi.k@acme.example", "meera@acme.example"]
    if pick == "everything":
        parts.append(word(everything))
        out["everything"] = True
    codes = []
    if rng.random() < 0.75:
        text, lo, hi, ambiguous = between(rng, language, day)
        out["from"] = lo.isoformat() if lo else None
        out["to"] = hi.isoformat() if hi else None
        if rng.random() < 0.12 and language == "en" and pick != "user":
            parts.insert(0, text)
        else:
            parts.append(text)
    text = rng.choice([", ", ", ", "; ", ", "]).join(parts)
    return text, out, codes


def requester(rng, language):
    name, role = rng.choice(FIRST[language]), rng.choice(ROLES[language])
    email = rng.choice(["asha@acme.example", "j.smith@mail.acme.example", "info+dsr@patel.example", "m_o-neill@acme.co.example"])
    text, e164 = phone(rng)
    return {"name": name, "role": role, "email": email, "phone": e164}, text
