"""Who appears in the demo: three companies with their people, Connectica's technicians, and the price list."""

import unicodedata
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

# How a person's mail program writes: see portal/demo/mail_programs.py.
GMAIL, OUTLOOK, OUTLOOK_OLD = "gmail", "outlook", "outlook-old"
APPLE, THUNDERBIRD, SEZNAM, PHONE = "apple", "thunderbird", "seznam", "phone"


@dataclass(frozen=True, slots=True)
class Player:
    """A person of the demo. vocative is how Czech addresses them: "pane Vymazale"."""

    name: str
    vocative: str
    email: str
    work: str
    program: str
    is_woman: bool
    greeting: str = "Dobrý den,"
    farewell: str = "S pozdravem"

    @property
    def login(self) -> str:
        return self.email.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Troupe:
    """A client company: its people, its hours, its share of the year's tickets."""

    core_id: str
    name: str
    domain: str
    phone: str
    opens: time
    closes: time
    share: int  # of a hundred tickets
    manager: Player
    people: tuple[Player, ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """A line of the price list; months_ago says when it begins, so that the list is as fresh as the year."""

    category: str
    name: str
    rate: Decimal
    months_ago: int
    company: str = ""

    def valid_from(self, today: date) -> date:
        year, month = divmod(today.year * 12 + today.month - 1 - self.months_ago, 12)
        return date(year, month + 1, 1)


def _people(domain: str, lines: str) -> tuple[Player, ...]:
    """One person a line: name; vocative ("paní" is a woman); work; mail program; greeting; farewell."""
    rows = [[cell.strip() for cell in line.split(";")] for line in lines.strip().splitlines()]
    return tuple(
        Player(
            name=name,
            vocative=vocative,
            email=f"{ascii_letters(name)}@{domain}",
            work=work,
            program=program,
            is_woman=vocative.startswith("paní"),
            greeting=greeting or "Dobrý den,",
            farewell=farewell or "S pozdravem",
        )
        for name, vocative, work, program, greeting, farewell in rows
    )


def ascii_letters(name: str) -> str:
    """The name as the first half of an address: "Jana Nečasová" is jana.necasova."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter if letter.isascii() else "" for letter in plain).replace(" ", ".")


def _manager(address: str, name: str, vocative: str, program: str) -> Player:
    return Player(name, vocative, address, "IT manažer", program, is_woman=vocative.startswith("paní"))


TECHNICIANS = _people(
    "connectica.example",
    """
    Radek Vymazal;      pane Vymazale;      vývojář;                outlook;     ; S pozdravem
    Lenka Přibylová;    paní Přibylová;     podpora uživatelů;      outlook;     ; Hezký den
    Tomáš Kříž;         pane Kříži;         sítě a servery;         thunderbird; ; S pozdravem
    Ondřej Štěpánek;    pane Štěpánku;      výjezdový technik;      outlook;     ; Zdravím
    Jana Nečasová;      paní Nečasová;      bezpečnost a konzultace; apple;      ; S pozdravem
    Miloš Žďárský;      pane Žďárský;       vývojář;                thunderbird; ; S přáním hezkého dne
    Barbora Chytilová;  paní Chytilová;     podpora uživatelů;      gmail;       ; Přeji hezký den
    """,
)

# Who takes a ticket: by the category its time is written in first.
SKILLS = {
    "PROGP85": ("radek.vymazal", "milos.zdarsky"),
    "KONZ95": ("jana.necasova", "radek.vymazal", "tomas.kriz"),
    "SITE80": ("tomas.kriz", "tomas.kriz", "ondrej.stepanek"),
    "BEZP90": ("jana.necasova", "tomas.kriz"),
    "VYJEZD70": ("ondrej.stepanek", "ondrej.stepanek", "tomas.kriz"),
    "SPRAVA60": ("lenka.pribylova", "barbora.chytilova", "lenka.pribylova", "ondrej.stepanek"),
}

RATES = (
    Rate("SPRAVA60", "Správa a podpora uživatelů", Decimal("600.00"), 23),
    Rate("VYJEZD70", "Výjezd technika", Decimal("700.00"), 23),
    Rate("SITE80", "Sítě a servery", Decimal("800.00"), 23),
    Rate("PROGP85", "Programátorské práce", Decimal("850.00"), 23),
    Rate("PROGP85", "Programátorské práce", Decimal("890.00"), 5),
    Rate("BEZP90", "Bezpečnost", Decimal("900.00"), 23),
    Rate("KONZ95", "Konzultace", Decimal("950.00"), 23),
    Rate("SPRAVA60", "Správa a podpora uživatelů", Decimal("560.00"), 23, company="vltava"),
)

COMPANIES = (
    Troupe(
        core_id="vltava",
        name="Strojírny Vltava, a. s.",
        domain="strojirny-vltava.example",
        phone="+420 377 000 1",
        opens=time(6, 15),
        closes=time(15, 30),
        share=47,
        manager=_manager("manazer@strojirny-vltava.example", "Karel Brázda", "pane Brázdo", OUTLOOK),
        people=_people(
            "strojirny-vltava.example",
            """
            Petr Novák;          pane Nováku;         vedoucí výroby;        outlook;     ;
            Marie Benešová;      paní Benešová;       mzdová účetní;         outlook;     ; S přáním hezkého dne
            Jaroslav Kučera;     pane Kučero;         mistr obrobny;         phone;       Zdravím,; Kučera
            Věra Pospíšilová;    paní Pospíšilová;    fakturace;             outlook-old; ;
            Zdeněk Říha;         pane Řího;           technolog;             thunderbird; Dobrý den přeji,; Děkuji
            Lucie Kratochvílová; paní Kratochvílová;  personalistka;         outlook;     ; Děkuji a přeji hezký den
            Stanislav Hruška;    pane Hruško;         skladník;              seznam;      Zdravim,; Hruška
            Ivana Šimková;       paní Šimková;        nákupčí;               outlook;     ;
            Miroslav Čermák;     pane Čermáku;        konstruktér;           thunderbird; ; Čermák
            Dana Vaňková;        paní Vaňková;        asistentka ředitele;   outlook;     Krásný den,; S úctou
            Luboš Fiala;         pane Fialo;          konstruktér;           outlook;     Ahoj,; Luboš
            Hana Jelínková;      paní Jelínková;      hlavní účetní;         outlook-old; ; S pozdravem
            František Urban;     pane Urbane;         expedice;              phone;       Dobrý den,; Urban
            Alena Müllerová;     paní Müllerová;      obchod – export;       apple;       ; Mit freundlichen Grüßen
            Roman Závodný;       pane Závodný;        kvalita;               outlook;     ;
            Blanka Štíchová;     paní Štíchová;       recepce;               outlook;     Dobré ráno,; Děkuji
            Vladimír Bárta;      pane Bárto;          údržba;                seznam;      ; Bárta
            Tereza Ťoupalíková;  paní Ťoupalíková;    marketing;             gmail;       ; Děkuju moc
            Josef Ďurica;        pane Ďurico;         programátor CNC;       thunderbird; Zdravím,; Ďurica
            Kateřina Zemanová;   paní Zemanová;       controlling;           outlook;     ;
            Oldřich Žák;         pane Žáku;           bezpečnost práce;      outlook-old; ; S pozdravem
            """,
        ),
    ),
    Troupe(
        core_id="lipy",
        name="Pekárna U Tří lip, s. r. o.",
        domain="tri-lipy.example",
        phone="+420 222 000 2",
        opens=time(5, 30),
        closes=time(14, 30),
        share=31,
        manager=_manager("manazer@tri-lipy.example", "Zdeňka Kolářová", "paní Kolářová", GMAIL),
        people=_people(
            "tri-lipy.example",
            """
            Jitka Vávrová;       paní Vávrová;        vedoucí prodejny Smíchov; phone;    ; Vávrová
            Pavel Konečný;       pane Konečný;        vedoucí rozvozu;       seznam;      Zdravím vás,; Konečný
            Renata Šťastná;      paní Šťastná;        účetní;                thunderbird; ; S pozdravem
            Michal Holub;        pane Holube;         mistr pekař;           phone;       ; Holub
            Eva Bílková;         paní Bílková;        e-shop;                gmail;       Krásný den,; Mějte se hezky
            Lukáš Sedláček;      pane Sedláčku;       sklad surovin;         seznam;      ;
            Simona Kopecká;      paní Kopecká;        vedoucí prodejny Žižkov; phone;     Dobrý den přeji,; Kopecká
            Jiří Vlček;          pane Vlčku;          obchodní zástupce;     gmail;       ; Děkuji
            Monika Říčařová;     paní Říčařová;       fakturantka;           outlook-old; ; Děkuji, s pozdravem
            Anna Nováková;       paní Nováková;       personální;            apple;       ; S pozdravem
            Radim Kolář;         pane Koláři;         jednatel;              apple;       ; RK
            Soňa Machová;        paní Machová;        vedoucí prodejny Nusle; phone;      ; Soňa M.
            Dominik Šulc;        pane Šulci;          technolog;             gmail;       Zdravím,;
            """,
        ),
    ),
    Troupe(
        core_id="hora",
        name="Advokátní kancelář Hora",
        domain="ak-hora.example",
        phone="+420 224 000 3",
        opens=time(8, 0),
        closes=time(17, 45),
        share=22,
        manager=_manager("manazer@ak-hora.example", "Ivo Sýkora", "pane Sýkoro", OUTLOOK),
        people=_people(
            "ak-hora.example",
            """
            Alžběta Horová;      paní doktorko;       advokátka;             outlook;     Dobrý den,; S úctou
            Vít Hora;            pane doktore;        advokát;               apple;       ; S pozdravem
            Magdaléna Ryšavá;    paní magistro;       advokátní koncipientka; outlook;    ; S pozdravem
            Jakub Tichý;         pane magistře;       advokátní koncipient;  gmail;       ; Díky
            Helena Pokorná;      paní Pokorná;        asistentka;            outlook;     ; Děkuji a přeji pěkný den
            Ludmila Štěrbová;    paní Štěrbová;       podatelna;             outlook-old; ; S pozdravem
            Adam Procházka;      pane magistře;       advokát;               outlook;     Vážení,; S pozdravem
            Nikola Janečková;    paní Janečková;      účetní;                thunderbird; ; Děkuji
            Žofie Lišková;       paní Lišková;        asistentka;            gmail;       ; Hezký den
            """,
        ),
    ),
)
