"""Identity providers: where a company's people, or Connectica's own, prove who they are instead of here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import ForeignKey, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.db import Base, db
from portal.db.unit_of_work import unit_of_work
from portal.domain.companies.models import Company
from portal.domain.users import sessions
from portal.domain.users.models import Person
from portal.domain.users.sessions import FirstProof
from portal.errors import NotFound, Refused
from portal.lib import encryption, urls

ENTRA = "https://login.microsoftonline.com/{tenant}/v2.0"
NOT_ONE_TENANT = frozenset({"common", "organizations", "consumers"})  # anybody's account, from anywhere
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_TENANT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


class IdentityProvider(Base):
    """One way to prove who one is elsewhere. Issuer and tenant never change: links are bound to them."""

    __tablename__ = "identity_provider"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("company.id"), index=True)  # None: Connectica's own
    slug: Mapped[str] = mapped_column(unique=True)  # in the address of its sign-in
    name: Mapped[str]  # as its people call it
    issuer: Mapped[str]
    tenant: Mapped[str] = mapped_column(default="")  # of Microsoft Entra; empty: any other provider
    client_id: Mapped[str]
    sealed_secret: Mapped[str]
    second_factor: Mapped[str] = mapped_column(default="")  # words of amr, acr or acrs that count as one; or none
    allows_password: Mapped[bool] = mapped_column(default=True)  # whether its people may also sign in by theirs
    makes_viewers: Mapped[bool] = mapped_column(default=False)  # whether whom we do not know gets an account
    added_at: Mapped[datetime]

    company = relationship("Company")
    domains = relationship("IdentityProviderDomain", order_by="IdentityProviderDomain.name")

    @property
    def secret(self) -> str:
        """What the provider knows us by. Raises SealBroken when the portal's own secret is another one now."""
        return encryption.unseal(self.sealed_secret)

    @property
    def sign_in_address(self) -> str:
        """Where its people begin: to bookmark."""
        return urls.link(f"/sign-in/sso/{self.slug}")

    @property
    def redirect_address(self) -> str:
        """Where the provider sends people back: to be registered there, exactly so."""
        return f"{self.sign_in_address}/answer"

    def counts_as_second_factor(self, proofs: frozenset[str]) -> bool:
        """Whether what the provider says about the proof is a second factor to us, too."""
        return not proofs.isdisjoint(self.second_factor.split())


class IdentityProviderDomain(Base):
    """A mail domain whose people are led to a provider. It leads: it says nothing about who anybody is."""

    __tablename__ = "identity_provider_domain"

    name: Mapped[str] = mapped_column(primary_key=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("identity_provider.id"), index=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """What an administrator says about a provider."""

    slug: str
    name: str
    company: Company | None
    client_id: str
    secret: str
    issuer: str = ""
    tenant: str = ""
    domains: Sequence[str] = ()
    second_factor: Sequence[str] = ()
    allows_password: bool = True
    makes_viewers: bool = False


def by_slug(slug: str) -> IdentityProvider:
    """Raises NotFound."""
    found = db.session.scalar(select(IdentityProvider).where(IdentityProvider.slug == slug))
    if found is None:
        raise NotFound
    return found


def by_slug_of(company_id: int | None, slug: str) -> IdentityProvider:
    """The same, if it is for a company's people, or Connectica's own. Raises NotFound."""
    found = by_slug(slug)
    if found.company_id != company_id:
        raise NotFound
    return found


def by_domain(written: str) -> IdentityProvider | None:
    """The provider of a mail domain; somebody may well type their whole address."""
    domain = written.strip().lower().rpartition("@")[2]
    wanted = select(IdentityProvider).join(IdentityProviderDomain).where(IdentityProviderDomain.name == domain)
    return db.session.scalar(wanted)


def of(company_id: int | None) -> list[IdentityProvider]:
    """The providers of a company's people, or of Connectica's own."""
    wanted = select(IdentityProvider).where(IdentityProvider.company_id.is_not_distinct_from(company_id))
    return list(db.session.scalars(wanted.order_by(IdentityProvider.name, IdentityProvider.id)))


def everything() -> list[IdentityProvider]:
    """Every provider: for an administrator's eyes only."""
    return list(db.session.scalars(select(IdentityProvider).order_by(IdentityProvider.slug)))


def are_any() -> bool:
    """Whether anybody at all signs in elsewhere."""
    return bool(db.session.scalar(select(exists().where(IdentityProvider.id.is_not(None)))))


def allow_password(company_id: int | None) -> bool:
    """Whether people of a company, or Connectica's own, may sign in by a password."""
    forbids = IdentityProvider.company_id.is_not_distinct_from(company_id) & ~IdentityProvider.allows_password
    return not db.session.scalar(select(exists().where(forbids)))


def add(new: New) -> IdentityProvider:
    """A new provider. Commits. Raises Refused when what is said of it cannot be, or would open too wide a door."""
    tenant = new.tenant.strip().lower()
    issuer = new.issuer.strip() or (ENTRA.format(tenant=tenant) if tenant else "")
    _check(new, issuer=issuer, tenant=tenant)
    provider = IdentityProvider(
        slug=new.slug,
        name=new.name.strip(),
        company_id=new.company.id if new.company else None,
        issuer=issuer,
        tenant=tenant,
        client_id=new.client_id.strip(),
        sealed_secret=encryption.seal(new.secret),
        second_factor=" ".join(new.second_factor),
        allows_password=new.allows_password,
        makes_viewers=new.makes_viewers,
        added_at=clock.now(),
        domains=[IdentityProviderDomain(name=name.strip().lower()) for name in new.domains],
    )
    try:
        with unit_of_work():
            db.session.add(provider)
            _keep_password_out(provider)
    except IntegrityError as error:
        raise Refused("There is such a sign-in address or mail domain already.") from error
    return provider


@unit_of_work()
def change(
    provider: IdentityProvider,
    *,
    secret: str | None = None,
    second_factor: Sequence[str] | None = None,
    allows_password: bool | None = None,
    makes_viewers: bool | None = None,
) -> None:
    """What may change without new links: what is not None. Commits. Raises Refused."""
    if secret is not None:
        provider.sealed_secret = encryption.seal(_long_enough(secret))
    if second_factor is not None:
        provider.second_factor = " ".join(second_factor)
    if allows_password is not None:
        provider.allows_password = allows_password
        _keep_password_out(provider)
    if makes_viewers is not None:
        if makes_viewers:
            _check_viewers(provider.company_id, provider.domains)
        provider.makes_viewers = makes_viewers


def _check(new: New, *, issuer: str, tenant: str) -> None:
    for is_wrong, why in (
        (not _SLUG.fullmatch(new.slug), "A sign-in address is made of a-z, 0-9 and hyphens, 40 at most."),
        (not new.name.strip() or not new.client_id.strip(), "Name and client id are needed."),
        (bool(tenant) and not _TENANT.fullmatch(tenant), "A tenant is a directory id, like 0f1e2d3c-…."),
        (not _is_issuer(issuer), "An issuer is an https address without query; http only on this machine."),
        (not NOT_ONE_TENANT.isdisjoint(issuer.split("/")), "Name one tenant, not everybody's address."),
        (bool(tenant) and tenant not in issuer, "The issuer of an Entra tenant has the tenant in it."),
        (not tenant and "login.microsoftonline" in issuer, "For Microsoft Entra give the tenant."),
        (not all(_DOMAIN.fullmatch(name.strip().lower()) for name in new.domains), "That is no mail domain."),
    ):
        if is_wrong:
            raise Refused(why)
    _long_enough(new.secret)
    if new.makes_viewers:
        _check_viewers(new.company.id if new.company else None, new.domains)


def _check_viewers(company_id: int | None, domains: Sequence[object]) -> None:
    if company_id is None or not domains:
        raise Refused("Accounts are made by themselves only for a company, and only with its mail domains.")


def _is_issuer(issuer: str) -> bool:
    try:
        parts = urlsplit(issuer)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    is_plain = bool(host) and parts.username is None and not parts.query and not parts.fragment
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    return is_plain and is_safe and issuer.isprintable() and " " not in issuer


def _long_enough(secret: str) -> str:
    if not secret:
        raise Refused("The client secret is needed.")
    return secret


def _keep_password_out(provider: IdentityProvider) -> None:
    """Where passwords no longer count, the sessions they opened end, too. In the caller's transaction."""
    if not provider.allows_password:
        theirs = select(Person.id).where(Person.company_id.is_not_distinct_from(provider.company_id))
        sessions.end_begun_by({FirstProof.PASSWORD, FirstProof.INVITATION}, list(db.session.scalars(theirs)))
