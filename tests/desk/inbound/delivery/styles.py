"""A generator of delivery reports in the styles of many mail servers, written anew for a letter that was sent."""

from dataclasses import dataclass
from textwrap import dedent

RETURNED = "From: Connectica <noc@connectica.cz>\nTo: {to}\nMessage-ID: {ours}\nSubject: Re: Dotaz\n"


@dataclass(frozen=True, slots=True)
class Style:
    """How one server reports. body and status know {to}, {ours} and {copy} (the returned mail)."""

    name: str
    fate: str
    sender: str
    subject: str
    body: str
    headers: str = ""
    status: str = ""  # fields of one recipient, for a multipart/report
    returned: str = ""  # media type of the part with the returned mail
    container: str = "multipart/report; report-type=delivery-status"
    body_type: str = "text/plain; charset=utf-8"

    def mail(self, ours: str, to: str) -> bytes:
        """The raw report on the letter with this Message-ID to this address."""
        facts = {"to": to, "ours": ours, "copy": RETURNED.format(ours=ours, to=to)}
        body = dedent(self.body).strip().format(**facts)
        head = f"From: {self.sender}\n" if self.sender else ""
        head += f"To: noc@connectica.cz\nSubject: {self.subject}\nMessage-ID: <r.{self.name}@mx.example>\n"
        head += "MIME-Version: 1.0\n" + self.headers.format(**facts)
        if not self.status and not self.returned:
            return f"{head}Content-Type: {self.body_type}\n\n{body}\n".encode()
        parts = [f"Content-Type: {self.body_type}\n\n{body}\n"]
        if self.status:
            fields = dedent(self.status).strip().format(**facts)
            parts.append(f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{fields}\n")
        if self.returned:
            parts.append(f"Content-Type: {self.returned}\n\n{facts['copy']}\nText dopisu.\n")
        whole = "".join(f"--b0und\n{part}\n" for part in parts)
        return f'{head}Content-Type: {self.container}; boundary="b0und"\n\n{whole}--b0und--\n'.encode()


_FAILED = (
    "Final-Recipient: rfc822; {to}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown user"
)
_LATE = "Final-Recipient: rfc822; {to}\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: smtp; 421 4.4.1 timed out"
_DONE = "Final-Recipient: rfc822; {to}\nAction: {action}\nStatus: 2.0.0"
_NULL = "Return-Path: <>\n"
_REPLIED = "Return-Path: <>\nAuto-Submitted: auto-replied\n"

STYLES = (
    Style(
        "postfix",
        "failed",
        "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.example.\n\n<{to}>: host said: 550 5.1.1 User unknown",
        _REPLIED,
        _FAILED,
        "message/rfc822",
    ),
    Style(
        "postfix-late",
        "delayed",
        "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Delayed Mail (still being retried)",
        "THIS IS A WARNING ONLY. YOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\n<{to}>: connect: Connection timed out",
        _REPLIED,
        _LATE,
        "text/rfc822-headers",
    ),
    Style(
        "postfix-done",
        "delivered",
        "MAILER-DAEMON@mx.example (Mail Delivery System)",
        "Successful Mail Delivery Report",
        "Your message was successfully delivered to the destination(s) listed below.\n\n<{to}>: 250 2.0.0 Ok",
        _REPLIED,
        _DONE.replace("{action}", "delivered"),
        "text/rfc822-headers",
    ),
    Style(
        "exim",
        "failed",
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Mail delivery failed: returning message to sender",
        """
        This message was created automatically by mail delivery software.

        A message that you sent could not be delivered to one or more of its
        recipients. This is a permanent error. The following address(es) failed:

          {to}
            host mx.example [192.0.2.1]: 550 5.1.1 no mailbox here by that name

        ------ This is a copy of the message, including all the headers. ------

        {copy}
        """,
        "Return-Path: <>\nX-Failed-Recipients: {to}\nAuto-Submitted: auto-replied\n",
    ),
    Style(
        "exim-late",
        "delayed",
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Warning: message 1kAbCd-0001 delayed 24 hours",
        """
        This message was created automatically by mail delivery software.
        A message that you sent has not yet been delivered to one or more of its
        recipients after more than 24 hours on the queue. The message id is {ours}

        The address to which the message has not yet been delivered is:

          {to}

        No action is required on your part. Delivery attempts will continue for some time.
        """,
        _REPLIED,
    ),
    Style(
        "exim-report",
        "failed",
        "Mail Delivery System <Mailer-Daemon@mx.example>",
        "Mail delivery failed: returning message to sender",
        "A message that you sent could not be delivered.\n\n  {to}\n    retry timeout exceeded",
        "Return-Path: <>\nX-Failed-Recipients: {to}\n",
        "Final-Recipient: rfc822;{to}\nAction: failed\nStatus: 5.0.0",
        "message/rfc822",
    ),
    Style(
        "microsoft-365",
        "failed",
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@vltava.onmicrosoft.com>",
        "=?utf-8?Q?Nedoru=C4=8Diteln=C3=A9:_Re:_Dotaz?=",
        "<html><body><h1>Vaši zprávu pro {to} se nepodařilo doručit.</h1></body></html>",
        "Return-Path: <>\nAuto-Submitted: auto-replied\nX-MS-Exchange-Message-Is-Ndr:\n",
        _FAILED,
        "message/rfc822",
        body_type="text/html; charset=utf-8",
    ),
    Style(
        "exchange-2010",
        "failed",
        "postmaster@outlook.example",
        "Undeliverable: Re: Dotaz",
        "Delivery has failed to these recipients or groups:\n\n{to}\n"
        "The e-mail address you entered couldn't be found.",
        "",
        _FAILED,
        "message/rfc822",
    ),
    Style(
        "exchange-late",
        "delayed",
        "postmaster@outlook.example",
        "Delivery delayed:Re: Dotaz",
        "Delivery to these recipients is delayed. The server will keep trying to deliver this message.\n\n{to}",
        _REPLIED,
        "Final-recipient: RFC822; {to}\nAction: delayed\nStatus: 4.4.7\nWill-retry-until: Sat, 28 Nov 2026 08:00:00",
        "message/rfc822",
    ),
    Style(
        "exchange-relayed",
        "delivered",
        "postmaster@outlook.example",
        "Relayed: Re: Dotaz",
        "Delivery to these recipients is complete, but no delivery notification was sent:\n\n{to}",
        _REPLIED,
        _DONE.replace("{action}", "relayed"),
        "text/rfc822-headers",
    ),
    Style(
        "exchange-expanded",
        "delivered",
        "postmaster@outlook.example",
        "Expanded: Re: Dotaz",
        "The following distribution groups have been expanded:\n\n{to}",
        _REPLIED,
        _DONE.replace("{action}", "expanded"),
    ),
    Style(
        "exchange-55",
        "failed",
        "System Administrator <postmaster@old.example>",
        "Undeliverable: Re: Dotaz",
        """
        Your message

          To:      {to}
          Subject: Re: Dotaz

        did not reach the following recipient(s):

        {to} on Fri, 27 Nov 2026 09:00:00 +0100
            The recipient name is not recognized
            MSEXCH:IMS:OLD:EXAMPLE 0 (000C05A6) Unknown Recipient

        Message-ID: {ours}
        """,
        _NULL,
    ),
    Style(
        "iis",
        "failed",
        "postmaster@iis.example",
        "Delivery Status Notification (Failure)",
        "This is an automatically generated Delivery Status Notification.\n\n"
        "Delivery to the following failed.\n\n {to}",
        "",
        "Final-Recipient: rfc822;{to}\nAction: failed\nStatus: 5.5.0",
        "message/rfc822",
    ),
    Style(
        "gmail",
        "failed",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        "** Address not found **\n\nYour message wasn't delivered to {to} because the address couldn't be found.",
        "Return-Path: <>\nAuto-Submitted: auto-replied\nX-Failed-Recipients: {to}\n",
        _FAILED,
        "message/rfc822",
    ),
    Style(
        "gmail-late",
        "delayed",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Delay)",
        "** Delivery incomplete **\n\n"
        "There was a temporary problem delivering your message to {to}. Gmail will retry for 46 more hours.",
        "Return-Path: <>\nX-Failed-Recipients: {to}\n",
        _LATE,
        "message/rfc822",
    ),
    Style(
        "gmail-old",
        "failed",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        """
        Delivery to the following recipient failed permanently:

             {to}

        Technical details of permanent failure:
        The error that the other server returned was: 550 550 5.1.1 no such user (state 14).

           ----- Original message -----

        {copy}
        """,
        "Return-Path: <>\nX-Failed-Recipients: {to}\n",
    ),
    Style(
        "sendmail",
        "failed",
        "Mail Delivery Subsystem <MAILER-DAEMON@sm.example>",
        "Returned mail: see transcript for details",
        "The original message was received\n\n"
        "   ----- The following addresses had permanent fatal errors -----\n<{to}>",
        _REPLIED,
        _FAILED,
        "message/rfc822",
    ),
    Style(
        "sendmail-5",
        "failed",
        "MAILER-DAEMON@sm5.example (Mail Delivery Subsystem)",
        "Returned mail: User unknown",
        """
           ----- Transcript of session follows -----
        550 {to}... User unknown

           ----- Unsent message follows -----
        {copy}
        """,
    ),
    Style(
        "sendmail-late",
        "delayed",
        "Mail Delivery Subsystem <MAILER-DAEMON@sm.example>",
        "Warning: could not send message for past 4 hours",
        """
            **********************************************
            **      THIS IS A WARNING MESSAGE ONLY      **
            **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
            **********************************************

           ----- Transcript of session follows -----
        <{to}>... Deferred: Connection timed out
        Warning: message still undelivered after 4 hours
        Will keep trying until message is 5 days old
        """,
        _REPLIED,
        _LATE,
        "text/rfc822-headers",
    ),
    Style(
        "qmail",
        "failed",
        "MAILER-DAEMON@qm.example",
        "failure notice",
        """
        Hi. This is the qmail-send program at qm.example.
        I'm afraid I wasn't able to deliver your message to the following addresses.
        This is a permanent error; I've given up. Sorry it didn't work out.

        <{to}>:
        Sorry, no mailbox here by that name. (#5.1.1)

        --- Below this line is a copy of the message.

        {copy}
        """,
        _NULL,
    ),
    Style(
        "qmail-double",
        "failed",
        "MAILER-DAEMON@qm.example",
        "failure notice",
        "Hi. This is the qmail-send program at qm.example.\n"
        "I tried to deliver a bounce message, but it bounced!\n\n{copy}",
        "Return-Path: <#@[]>\n",
    ),
    Style(
        "domino",
        "failed",
        "Postmaster@domino.example",
        "DELIVERY FAILURE: User eva (eva@domino.example) not listed in Domino Directory",
        "Your message\n\n  Subject: Re: Dotaz\n\nwas not delivered to:\n\n  {to}\n\nbecause:\n\n"
        "  User not listed in Domino Directory",
        "",
        "Final-Recipient: rfc822;{to}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: X-Notes; User not listed",
        "message/rfc822",
    ),
    Style(
        "seznam",
        "failed",
        "Mail Delivery System <MAILER-DAEMON@seznam.cz>",
        "=?utf-8?B?TmVkb3J1xI1lbsO9IGUtbWFpbA==?=",
        "Dobrý den,\n\nVaši zprávu se nepodařilo doručit na adresu {to}: schránka neexistuje.\n\n{copy}",
        _NULL,
    ),
    Style(
        "centrum",
        "failed",
        "postmaster@centrum.cz",
        "=?utf-8?Q?Zpr=C3=A1va_nebyla_doru=C4=8Dena?=",
        "Zprávu nelze doručit příjemci {to}, protože jeho schránka je plná.\n\nPůvodní zpráva:\n\n{copy}",
        _NULL,
    ),
    Style(
        "courier",
        "failed",
        '"Courier mail server at mx.example" <@>',
        "NOTICE: mail delivery status.",
        "This is a delivery status notification from mx.example.\n\nUNDELIVERABLE MAIL\n\n<{to}>:\n"
        "    550 User unknown.",
        _NULL,
        "Final-Recipient: rfc822; {to}\nAction: failed\nStatus: 5.0.0",
        "text/rfc822-headers",
    ),
    Style(
        "mail-ru",
        "failed",
        "mailer-daemon@corp.mail.ru",
        "Mail failure.",
        """
        This message was created automatically by mail delivery software.

        A message that you sent could not be delivered to one or more of its
        recipients. This is a permanent error.

          {to}
            unknown user

        ------ This is a copy of your message, including all the headers. ------
        {copy}
        """,
        "X-Failed-Recipients: {to}\n",
    ),
    Style(
        "yandex",
        "failed",
        "mailer-daemon@yandex.example",
        "=?utf-8?B?0J3QtdC00L7RgdGC0LDQstC70LXQvdC90L7QtSDRgdC+0L7QsdGJ0LXQvdC40LU=?=",
        "Это сообщение отправлено почтовым сервером. Сообщение не может быть доставлено: {to}",
        "",
        _FAILED,
        "message/rfc822",
    ),
    Style(
        "yahoo",
        "failed",
        "MAILER-DAEMON@yahoo.example",
        "Failure Notice",
        """
        Sorry, we were unable to deliver your message to the following address.

        <{to}>:
        554: delivery error: dd This user doesn't have an account [-5]

        --- Below this line is a copy of the message.

        {copy}
        """,
    ),
    Style(
        "amazon-ses",
        "failed",
        "MAILER-DAEMON@eu-west-1.amazonses.example",
        "Delivery Status Notification (Failure)",
        "An error occurred while trying to deliver the mail to the following recipients:\n{to}",
        _REPLIED,
        "Final-Recipient: rfc822;{to}\nDiagnostic-Code: smtp; 550 5.1.1 mailbox unavailable\n"
        "Action: failed\nStatus: 5.1.1",
        "message/rfc822",
    ),
    Style(
        "zoho",
        "failed",
        "mailer-daemon@mail.zoho.example",
        "Undelivered Mail Returned to Sender",
        "This message was created automatically by mail delivery software.\n\n"
        "{to}, ERROR CODE :550 - User does not exist.\n\n{copy}",
        "X-Failed-Recipients: {to}\n",
    ),
    Style(
        "groupwise",
        "failed",
        "Mailer-Daemon@gw.example",
        "Message status - undeliverable",
        "The message that you sent was undeliverable to the following:\n\n    {to} (user not found)\n\n{copy}",
        "",
        "",
        "message/rfc822",
        "multipart/mixed",
    ),
    Style(
        "mdaemon",
        "failed",
        "MDaemon at md.example <MDaemon@md.example>",
        "Permanent Delivery Failure",
        "The attached message has FAILED delivery to the following address:\n\n  {to}\n"
        "  5.1.1 No such mailbox\n\n{copy}",
        "Return-Path: <>\nAuto-Submitted: auto-replied\n",
    ),
    Style(
        "kerio",
        "failed",
        "postmaster@kerio.example",
        "Undeliverable mail: Re: Dotaz",
        "The following message could not be delivered:\n\n{to}: 550 5.1.1 unknown mailbox",
        _NULL,
        _FAILED,
        "message/rfc822",
    ),
    Style(
        "imail",
        "failed",
        "Postmaster <postmaster@imail.example>",
        "Undeliverable Mail",
        "Unknown user: {to}\n\nOriginal message follows.\n\n{copy}",
    ),
    Style(
        "mimecast",
        "failed",
        "Postmaster <postmaster@mimecast.example>",
        "[Postmaster] Email Delivery Failure",
        "This is the mail system at mimecast. Your message could not be delivered to {to}: 550 "
        "Invalid Recipient\n\n{ours}",
        _REPLIED,
    ),
    Style(
        "messagelabs",
        "failed",
        "MAILER-DAEMON@messagelabs.example",
        "Mail Delivery Failure",
        "This is the mail delivery agent at messagelabs.\n"
        "I was unable to deliver your message to:\n\n{to}\n\n>>> 550 no such user",
        "",
        _FAILED,
        "text/rfc822-headers",
    ),
    Style(
        "opensmtpd",
        "failed",
        "Mailer Daemon <MAILER-DAEMON@obsd.example>",
        "Delivery status notification: error",
        "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n"
        "{to}: 550 Invalid recipient\n\n{copy}",
    ),
    Style(
        "opensmtpd-late",
        "delayed",
        "Mailer Daemon <MAILER-DAEMON@obsd.example>",
        "Delivery status notification: delayed",
        "    A message is delayed for more than 4 hours for the following recipients.\n\n"
        "    You do not need to resend. {to}\n\n{copy}",
    ),
    Style(
        "gmx",
        "failed",
        "GMX Mailer Daemon <mailer-daemon@gmx.example>",
        "Mail delivery failed: returning message to sender",
        'This message was created automatically by mail delivery software.\n\n"{to}":\n'
        "SMTP error: 550 mailbox unavailable\n\n{copy}",
    ),
    Style(
        "german",
        "failed",
        "Mail Delivery Subsystem <postmaster@firma.example>",
        "Unzustellbar: Re: Dotaz",
        "Ihre Nachricht hat nicht alle Empfänger erreicht und konnte nicht zugestellt werden: {to}\n\n{copy}",
        _NULL,
    ),
    Style(
        "plain-with-null-path",
        "failed",
        "postmaster@strojirny-vltava.example",
        "Undeliverable: Re: Dotaz",
        "Your message did not reach its reader:\n\n  {to}\n  550 5.1.1 User unknown\n\n"
        "Headers of your message:\n\n{copy}",
        _NULL,
    ),
    Style(
        "mixed-with-own-path",
        "failed",
        "postmaster@strojirny-vltava.example",
        "Mail could not be delivered",
        "{to}: 550 5.1.1 unknown user",
        "Return-Path: <postmaster@strojirny-vltava.example>\n",
        "",
        "message/rfc822",
        "multipart/mixed",
    ),
    Style(
        "mixed-with-headers",
        "failed",
        "Mail Administrator <postmaster@isp.example>",
        "Mail System Error - Returned Mail",
        "This Message was undeliverable due to the following reason:\n\n"
        "Your message was not delivered because {to} is unknown.",
        "",
        "",
        "text/rfc822-headers",
        "multipart/mixed",
    ),
    Style(
        "nobody",
        "failed",
        "Mail Delivery System <>",
        "Undelivered Mail Returned to Sender",
        "{to}: 550 5.1.1 unknown user",
        _NULL,
        _FAILED,
        "message/rfc822",
    ),
    Style(
        "no-from",
        "failed",
        "",
        "Undelivered Mail Returned to Sender",
        "{to}: 550 5.1.1 unknown user",
        _NULL,
        _FAILED,
        "message/rfc822",
    ),
    Style(
        "no-action",
        "failed",
        "MAILER-DAEMON@odd.example",
        "Delivery report",
        "Your mail to {to} failed.",
        _NULL,
        "Final-Recipient: rfc822; {to}\nStatus: 5.2.2",
        "text/rfc822-headers",
    ),
    Style(
        "only-the-reader",
        "failed",
        "MAILER-DAEMON@odd.example",
        "Undeliverable",
        "Sorry, your mail could not be delivered.\n\n{to}: mailbox is full",
        _NULL,
    ),
    Style(
        "mailmarshal",
        "failed",
        "postmaster@brana.example",
        'Undeliverable Mail: "Re: Dotaz"',
        "Your message:\n   Subject: Re: Dotaz\n\nCould not be delivered because of\n\n550 5.1.1 User unknown\n\n"
        "The following recipients were affected:\n    {to}\n\nReporting-MTA:      <brana.example>",
    ),
    Style(
        "operator-gateway",
        "failed",
        "post_master@operator.example",
        "Re: Dotaz",
        "Error: Invalid user address\n\nError message below:\n550 - no such user here\n\n  RCPT TO: {to}",
        "In-Reply-To: {ours}\n",
    ),
    Style(
        "no-reply-with-the-mail",
        "failed",
        "no-reply@posta.example",
        "=?utf-8?B?44Oh44O844Or44Ko44Op44O86YCa55+l?=",
        "Your mail sent on: Thu, 26 Nov 2026\n     Could not be delivered to: <{to}>\n     As their mailbox is full.",
        "",
        "",
        "message/rfc822",
        "multipart/mixed",
    ),
    Style(
        "smtp-gateway",
        "failed",
        "Antispam Gateway <gateway@branaplus.example>",
        "Undeliverable message",
        "The following message was not delivered to {to}: 550 5.7.1 rejected by policy\n\n{copy}",
        "Auto-Submitted: auto-generated\n",
    ),
    Style(
        "read-receipt",
        "read",
        "Jan <jan@strojirny-vltava.example>",
        "=?utf-8?Q?P=C5=99e=C4=8Dteno:_Re:_Dotaz?=",
        "Vaše zpráva byla přečtena.\n\n{ours}",
        container="multipart/report; report-type=disposition-notification",
        status="Final-Recipient: rfc822;{to}\nOriginal-Message-ID: {ours}\n"
        "Disposition: manual-action/MDN-sent-manually; displayed",
    ),
    Style(
        "read-in-plain-words",
        "read",
        "Jan <jan@strojirny-vltava.example>",
        "Read: Re: Dotaz",
        "Your message\n\n  To: noc@connectica.cz\n  Subject: Re: Dotaz\n\nwas read on 27. 11. 2026 9:10.",
    ),
    Style(
        "deleted-unread",
        "read",
        "Jan <jan@strojirny-vltava.example>",
        "Not read: Re: Dotaz",
        "Your message to {to} was deleted without being read on 27. 11. 2026.",
    ),
    Style(
        "gateway-with-a-banner",
        "failed",
        "brana@mx.example",
        "Mail could not be delivered",
        """
        ****** Message from Mail Gateway 7 ******

        The following mail could not be delivered.
        Reason: too many attempts. Please verify that the address is correct.

        ******     End of message     ******
        """,
        returned="message/rfc822",
        container="multipart/mixed",
    ),
    Style(
        "daemons-path",
        "failed",
        "Relay 3 <relay@mx.example>",
        "Undelivered mail",
        "An error was detected while processing the enclosed message.\n\nError-for: {to}\nError-Text: 554 loop",
        "Return-Path: <MAILER-DAEMON@mx.example>\n",
    ),
    Style(
        "service-with-a-list",
        "failed",
        "E300_Mail_Service@mx.example",
        "Returned Mail - Error During Delivery",
        "------ Failed Recipients ------\n\n<{to}>: mailbox unavailable [550]\n------ Returned Mail ------\n\n{copy}",
    ),
    Style(
        "french-and-english",
        "failed",
        "relais.internet@mx.example",
        "RE: Dotaz : non remis (delivery failed)",
        "*****\nVotre message n'a pas pu etre delivre a\n{to}\n\nYour message could not be delivered to\n{to}\n",
    ),
    Style(
        "scanner-that-names-the-subject",
        "failed",
        "antivirus_for_gateways@mx.example",
        "Delivery failure notification",
        "Your message with Subject: Re: Dotaz\ncould not be delivered to the following recipients:\n\n{to}\n",
    ),
    Style(
        "nobodys-address",
        "failed",
        '<"System Administrator"@mx.example>',
        "Delivery Failure",
        "Could not deliver message to the following recipient(s):\n\nFailed Recipient: {to}\nReason: 550 unknown",
    ),
    Style(
        "czech-gateway",
        "failed",
        "brana@mx.example",
        "Zprávu nelze doručit",
        "Vaši zprávu se nepodařilo doručit na adresu {to}: schránka neexistuje.",
    ),
    Style(
        "name-without-an-address",
        "failed",
        '"Posta System" <>',
        "Mail Error",
        "Your mail cannot be delivered to the following address(es):\n\n{to} (full)\n\n---- Header ----\n{copy}",
        "Return-Path: <relay@mx.example>\n",
    ),
)
