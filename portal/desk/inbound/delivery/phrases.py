"""How mail servers say what became of a mail, in the languages we have met; each phrase a regular expression."""

import re

# Beginnings of subjects: something was not delivered, or not yet.
FAILED_SUBJECT = re.compile(
    r"^\W{0,3}(?:"
    + "|".join(
        (
            r"(?:mail|message|e-?mail) (?:delivery )?(?:failed|failure|system error|status)",
            r"(?:mail|message|e-?mail) (?:could not be|cannot be|not delivered)",
            r"(?:permanent )?(?:mail )?(?:delivery|transport) (?:has )?(?:fail|status notif|problem|report|error)",
            r"(?:mail )?delivery (?:unsuccessful|notif|incomplete|delay)",
            r"fail(?:ure|ed) (?:notice|delivery|mail|to deliver)",
            r"undeliver",
            r"non-?deliver",
            r"not delivered",
            r"returned (?:mail|message|to sender)",
            r"warning:? (?:message|could|delayed|e-?mail)",
            r"(?:could|can) ?not (?:deliver|send|be delivered)",
            r"unable to deliver",
            r"unzustellbar",
            r"nicht zustellbar",
            r"delivery failure",
            r"notice: mail delivery",
            r"message (?:status|you sent|undeliverable)",
            r"error sending",
            r"mail (?:could|bounced|failure)",
            r"user unknown",
            r"bounced?",
            r"\[postmaster\]",
            r"email delivery fail",
            r"automatically rejected",
            r"rejected",
            r"blocked",
            r"zpožděn|opožděn|zdržen",
            r"nedoru[čc]",
            r"nelze doru[čc]",
            r"zpr[áa]vu (?:se )?(?:nelze|nepoda|ne)",
            r"zpráva nebyla",
            r"nezdařené doru",
            r"chyba (?:při )?doru",
            r"vrácen[áýo]",
            r"doručení (?:se )?(?:nezda|selh|zpráv)",
            r"selhání doru",
            r"oznámení o (?:stavu )?(?:doru|nedoru)",
            r"nedoručiteľ",
            r"správu (?:sa )?ne",
            r"nie je možné doru",
            r"niedostarcz",
            r"nie można dostarcz",
            r"zwrot",
            r"zurück",
            r"не ?доставлен",
            r"недоставленное",
            r"ошибка доставки",
            r"non remis",
            r"non distribuable",
            r"mancata consegna",
            r"no se puede entregar",
            r"配信不能",
            r"delivery has failed",
            r"échec",
            r"mail error",
            r"(?:re:)?.{0,150}(?:delivery failed|non remis|undeliverable|nedoručeno|unzustellbar)\W{0,3}$",
        )
    )
    + r")",
    re.IGNORECASE,
)

# Words and codes of those that were not delivered.
FAILED_WORDS = re.compile(
    r"(?:"
    + "|".join(
        (
            r"(?:\b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b)",
            r"\b55[0-9]\b",
            r"#?\b5\.\d\.\d{1,3}\b",
            r"user unknown",
            r"unknown user",
            r"no such (?:user|recipient|person|mailbox)",
            r"could not be delivered",
            r"did not reach",
            r"was not delivered",
            r"(?:cannot|can't|couldn't|wasn't|unable to|not) (?:be )?deliver",
            r"undeliver",
            r"delivery (?:has )?fail",
            r"permanent(?:ly)? (?:fatal )?(?:error|fail)",
            r"mailbox (?:full|is full|unavailable|disabled|not found)",
            r"quota exceeded",
            r"over quota",
            r"address (?:rejected|not found|unknown)",
            r"host (?:unknown|not found)",
            r"recipient (?:rejected|unknown|not found)",
            r"returned (?:to sender|message|mail)",
            r"copy of (?:the|your) message",
            r"giving up",
            r"bounce",
            r"not listed in",
            r"nepoda[řr]ilo (?:se )?doru[čc]",
            r"nelze doru[čc]",
            r"nedoru[čc]",
            r"neexistuje",
            r"schránka (?:je )?pln",
            r"nebylo možné doru",
            r"nebyla doručena",
            r"zugestellt werden",
            r"unzustellbar",
            r"не доставлен",
            r"не может быть доставлен",
            r"не удалось",
        )
    )
    + r")",
    re.IGNORECASE,
)

# Words of those that are late.
DELAYED_WORDS = re.compile(
    r"(?:"
    + "|".join(
        (
            r"\bdelay(?:ed)?\b",
            r"\bwarning message only",
            r"still trying",
            r"not yet been delivered",
            r"will (?:be )?(?:retr|continue to)",
            r"warning: (?:could not send|message)",
            r"zpožd",
            r"zdržel",
            r"opožd",
            r"odložen",
            r"verzöger",
            r"delivery (?:is )?deferred",
            r"no action is required",
            r"opóźni",
            r"temporarily deferred",
        )
    )
    + r")",
    re.IGNORECASE,
)

# Words that no server uses for those that are only late.
GIVEN_UP_WORDS = re.compile(
    r"(?:"
    + "|".join(
        (
            r"permanent (?:fatal )?(?:error|failure)",
            r"\(failure\)",
            r"giving up",
            r"given up",
            r"could not be delivered to one or more",
            r"undeliverable",
            r"retry timeout exceeded",
            r"has been returned",
            r"returned to sender",
            r"mail delivery failed",
            r"expired",
        )
    )
    + r")",
    re.IGNORECASE,
)

# Beginnings of subjects: it was delivered.
DELIVERED_SUBJECT = re.compile(
    r"^\W{0,3}(?:"
    + "|".join(
        (
            r"delivered",
            r"relayed",
            r"expanded",
            r"doručeno",
            r"předáno",
            r"rozbaleno",
            r"zugestellt",
            r"übermittelt",
            r"erweitert",
            r"doručené",
            r"dostarczono",
            r"remis",
            r"success(?:ful)? (?:mail )?delivery",
            r"delivery status notification \((?:success|relay)",
            r"delivery report: success",
            r"oznámení o doručení",
            r"potvrzení o doručení",
            r"mail delivered",
        )
    )
    + r")(?:\b|(?<=\)))",
    re.IGNORECASE,
)

# Beginnings of subjects: it was read, or deleted unread.
READ_SUBJECT = re.compile(
    r"^\W{0,3}(?:"
    + "|".join(
        (
            r"read",
            r"not read",
            r"přečteno",
            r"čteno",
            r"nepřečteno",
            r"prečítané",
            r"gelesen",
            r"ungelesen",
            r"odczytano?",
            r"przeczytano",
            r"lu",
            r"letto",
            r"leído",
            r"read receipt",
            r"return receipt",
            r"disposition notification",
            r"potvrzení o přečtení",
            r"potvrdenie o prečítaní",
            r"lesebestätigung",
            r"doručenka",
        )
    )
    + r")\b.{0,3}(?::|\(|$|-)",
    re.IGNORECASE,
)

# Words of those that were read, or deleted unread.
READ_WORDS = re.compile(
    r"\b(?:was|has been|were|byla|bola|byl|wurde|została) "
    r"(?:read|opened|displayed|přečten|prečítan|zobrazen|otevřen|gelesen|am .{5,40} gelesen|odczytan"
    r"|smazána bez|deleted without)",
    re.IGNORECASE,
)

# Lines below which the mail stands that is returned.
COPY_OF_THE_MAIL = re.compile(
    r"^.{0,20}(?:"
    + "|".join(
        (
            r"below this line is a copy",
            r"this is a copy of",
            r"original message (?:headers )?follows",
            r"copy of your message",
            r"headers of (?:your|the) (?:original )?message",
            r"transcript of session",
            r"message-id:",
            r"received: from",
        )
    )
    + r")",
    re.IGNORECASE | re.MULTILINE,
)

# Local parts of the addresses that report.
SYSTEM_ADDRESS = re.compile(
    r"^(?:"
    + "|".join(
        (
            r"mailer[-._]?daemon",
            r"mail[-._]?daemon",
            r"postmaster",
            r"post_master",
            r"mdaemon",
            r"microsoftexchange\w*",
            r"smtp[-._]?daemon",
            r"bounces?",
            r"mail[-._]?delivery",
            r"delivery",
            r"mailadmin",
            r"no-?reply-?postmaster",
            r"daemon",
            r"system",
            r"mailsystem",
            r"mmdf",
        )
    )
    + r")(?:[+=-].*)?$",
    re.IGNORECASE,
)

# Names of those that report.
SYSTEM_NAME = re.compile(
    r"(?:"
    + "|".join(
        (
            r"mail delivery",
            r"mailer[- ]?daemon",
            r"postmaster",
            r"system administrator",
            r"mail administrator",
            r"delivery subsystem",
            r"mail ?(?:server|system)",
            r"microsoft outlook",
            r"internet mail (?:delivery|connector)",
            r"mdaemon",
            r"správce systému",
            r"systém doručování",
            r"doručovací systém",
            r"mail router",
        )
    )
    + r")",
    re.IGNORECASE,
)

# Sentences and fields that machines write about a mail, and people who ask about one do not.
OF_MACHINES = re.compile(
    r"(?:"
    + "|".join(
        (
            r"(?:reporting|remote|sender)-mta",
            r"^[ \t>]*(?:rcpt to|mail from)\s?:",
            r"error message (?:below|follows)",
            r"(?:your|the) (?:message|mail|e-?mail) (?:could not|was not|did not|cannot|wasn't|to)\b",
            r"the following (?:recipient|address|message|user)",
            r"automatic(?:ally)? (?:generated|created)",
            r"automaticky (?:vygenerovan|vytvořen|generovan)",
            r"(?:vaši|vaše) (?:zprávu|zpráva|e-?mail) (?:se ne|nel|neb)",
        )
    )
    + r")",
    re.IGNORECASE | re.MULTILINE,
)

# Addresses from which no person writes, and which are not only a mail server's.
NO_PERSON = re.compile(r"^(?:no|do-?not)[-_.]?reply|^(?:notif|alert|system|mail)[\w.-]{0,20}@", re.IGNORECASE)

# How a report begins that has no other sign of a machine; people who ask about one begin with words of their own.
OPENING = re.compile(
    r"[\W_]{0,300}(?:message from [^\n]{1,80}\n[\W_]{0,100})?(?:"
    + "|".join(
        (
            r"(?:your|the(?: following)?|a|this) (?:e-?mail|mail|message)(?: below| that you sent)?"
            r"(?:\s+(?:with )?subject\W[^\n]{0,200})?\s+(?:to [^\n]{1,100} )?"
            r"(?:could not|can ?not|was not|has not been|has encountered|is undeliverable|did not)",
            r"failed recipients?\b",
            r"(?:could|can) ?not deliver (?:the |your )?(?:message|mail|e-?mail)",
            r"(?:unable to deliver|delivery) (?:to|of) (?:the|your) (?:following|message|mail)",
            r"an error was detected while (?:processing|delivering)",
            r"this (?:message|e-?mail) was (?:created|generated) automatically",
            r"(?:non-?delivery|delivery failure) (?:report|notification)",
            r"votre message n.a pas pu",
            r"(?:vaši|vaše|následující|tuto) (?:zprávu|zpráva|e-?mail)[^\n.?]{0,100}"
            r"(?:nepodařilo|nelze|nebylo možné|nebyla?|nemohla? být) (?:se )?doruč",
            r"(?:ihre|die folgende) (?:nachricht|e-?mail)[^\n.?]{0,150}(?:nicht|konnte)",
            r"(?:twoja|państwa) wiadomość[^\n.?]{0,100}nie (?:mogła|została)",
            r"(?:vašu|vaša) správ[ua][^\n.?]{0,100}(?:nepodarilo|nebolo možné|nebola)",
        )
    )
    + r")",
    re.IGNORECASE,
)
