"""Who buys: customers, companies on net terms, guests with an e-mail, and nobody at the till."""

from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from sandbox.shop.shops import Shop

_FIRST = ("Ada", "Björn", "Chidi", "Dana", "Emre", "Fatima", "Goro", "Hanna", "Ines", "Jonas", "Kyōko", "Lúcia")
_LAST = (
    "Adler",
    "Bell",
    "Castro",
    "Dubois",
    "Endo",
    "Fischer",
    "Garcia",
    "Haddad",
    "Ivanov",
    "Jensen",
    "Kim",
    "O'Neil",
)
_STREETS = ("High Street", "Lindenallee", "Rue de l'Église", "Market Square", "Harbour Road", "中央通り")
_CITIES = {"US": "Albany", "DE": "Berlin", "GB": "London", "JP": "Kyoto", "KW": "Kuwait City", "CA": "Toronto"}
CUSTOMERS = 90  # per shop, so that some hundred orders share accounts
COMPANIES = 8


@dataclass(frozen=True, slots=True)
class Buyer:
    """A person or company as the shop knows it."""

    kind: Literal["customer", "company", "guest", "till"]
    number: int
    first: str = ""
    last: str = ""
    email: str | None = None
    company: str | None = None
    homes: tuple[dict[str, Any], ...] = ()

    @property
    def customer_id(self) -> int | None:
        """The shop's customer id; guests have none."""
        return None if self.kind in ("guest", "till") else 6_900_000_000_000 + self.number

    @property
    def company_id(self) -> int | None:
        """The shop's company id, for B2B."""
        return 88_000_000 + self.number if self.kind == "company" else None


TILL = Buyer("till", 0)


def pick(shop: Shop, rng: Random) -> Buyer:
    """Choose a buyer of a web order: mostly known customers, some guests who write their e-mail in their own way."""
    if rng.random() < 0.15:
        return _buyer(shop, "guest", rng.randrange(40), spelling=rng.randrange(3))
    return _buyer(shop, "customer", rng.randrange(CUSTOMERS))


def company(shop: Shop, rng: Random) -> Buyer:
    """Choose a company."""
    return _buyer(shop, "company", rng.randrange(COMPANIES))


def _buyer(shop: Shop, kind: Literal["customer", "company", "guest"], number: int, *, spelling: int = 0) -> Buyer:
    rng = Random(f"{shop.code}|{kind}|{number}")
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    plain = f"{kind}.{number}@mail.{shop.code}.example"
    email = (plain, plain.upper(), plain.title())[spelling]
    name = f"{last} & Co {number}" if kind == "company" else None
    homes = tuple(_home(shop, rng, (first, last), name) for _ in range(1 + number % 2))
    # 100,000 apart, so that a company's contact is never also a customer of its own.
    offset = {"customer": 0, "company": 100_000, "guest": 200_000}[kind]
    return Buyer(kind, offset + number, first, last, email, name, homes)


def _home(shop: Shop, rng: Random, person: tuple[str, str], company_name: str | None) -> dict[str, Any]:
    first, last = person
    return {
        "first_name": first,
        "last_name": last,
        "name": f"{first} {last}",
        "company": company_name,
        "address1": f"{rng.choice(_STREETS)} {rng.randrange(1, 400)}",
        "address2": rng.choice((None, None, "Floor 2", "")),
        "city": _CITIES[shop.country],
        "province": None if shop.country in ("DE", "KW") else "Central",
        "province_code": None if shop.country in ("DE", "KW") else "CE",
        "country": shop.country,
        "country_code": shop.country,
        "zip": None if shop.country == "KW" else f"{rng.randrange(10_000, 99_999)}",
        "phone": rng.choice((None, f"+1555{rng.randrange(1_000_000, 9_999_999)}")),
        "latitude": None,
        "longitude": None,
    }
