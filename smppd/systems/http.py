"""HTTP towards a system: one session, one way to ask, and one place that says what an answer or a failure means."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import aiohttp
from yarl import URL

from smppd import __version__
from smppd.config import SystemConfig
from smppd.errors import ConfigError
from smppd.model import Outcome, Verdict
from smppd.systems.words import first_words

DELIVERED = Outcome(Verdict.DELIVERED)
UNTOLD = Outcome(Verdict.DEAD, "nobody to tell: systems of this type take no reports, and there is no callback_url")

_IDLE = 4.0  # seconds; Node closes idle connections after 5, and a request sent into a closing one is in doubt
_CONNECT = 15.0  # seconds at most
_LONGEST_WAIT = 86400.0  # seconds; a Retry-After beyond that is a mistake
_LATER = frozenset((408, 425, 429, 502, 503, 504))
_HOST_MISMATCH = frozenset((62, 64))  # OpenSSL: X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_EXPIRED = 10  # OpenSSL: X509_V_ERR_CERT_HAS_EXPIRED


def http_session(config: SystemConfig, *, anywhere: bool = False) -> aiohttp.ClientSession:
    """The session of one system, to be made inside the running loop and closed by its owner.

    `anywhere`: for other places than the system's own; there `ca` is one authority more, and not the only one.
    Raises ConfigError when the file of `ca` cannot be used.
    """
    tls = _tls(config.ca, anywhere)
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=config.concurrency, keepalive_timeout=_IDLE, ssl=tls),
        cookie_jar=aiohttp.DummyCookieJar(),
        # Connecting ends before the whole does: a timeout of the whole then means that the request was under way.
        timeout=aiohttp.ClientTimeout(total=config.timeout, connect=min(_CONNECT, config.timeout / 2)),
        headers={"User-Agent": f"smppd/{__version__}"},
    )
    # aiohttp repeats a GET or PUT by itself when a kept connection breaks. Each repeat may be a second SMS to the
    # system; it is ours to decide and to count.
    session._retry_connection = False
    return session


def _tls(ca: str | None, anywhere: bool) -> ssl.SSLContext | bool:
    if ca is None:
        return True
    try:
        context = ssl.create_default_context(cafile=ca)
        if anywhere:
            context.load_default_certs()
        return context
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or "it holds no certificate"
        raise ConfigError("ca", f"the file cannot be used: {reason}", value=ca) from None


@dataclass(slots=True)
class Answer:
    """What came back. `whole` is False when `body` is only its beginning: too long, or cut off on the way."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool

    @property
    def is_web_page(self) -> bool:
        """A page for people: a login, a captive portal, a proxy's error. No system's interface answers so."""
        return self.headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml"))

    def said(self, texts: Iterable[str] = (), secrets: Iterable[str] = ()) -> str:
        """`409 Conflict: …` with the first words of the body, without `texts` and `secrets`."""
        words = first_words(self.body[:4096], texts, secrets)
        return f"{self.status} {phrase(self.status)}".rstrip() + (f": {words}" if words else "")

    def retry_after(self) -> float | None:
        """Seconds until the time the system named, in either form; by its own clock where it shows one."""
        given = self.headers.get("Retry-After", "").strip()
        if given.isascii() and given.isdigit():
            return min(float(given), _LONGEST_WAIT)
        due = _epoch(given)
        if due is None:
            return None
        now = _epoch(self.headers.get("Date", ""))
        return min(max(due - (time.time() if now is None else now), 0.0), _LONGEST_WAIT)


def phrase(status: int) -> str:
    """The standard words of a status, or ""."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _epoch(date: str) -> float | None:
    try:
        found = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def callable_url(url: URL) -> bool:
    """Whether it can be called at all: by HTTP, at a port, at a host whose name can be asked for (RFC 1035: labels of 1
    to 63 octets)."""
    try:
        return url.scheme in ("http", "https") and bool((url.raw_host or "").encode("idna")) and bool(url.port)
    except ValueError:
        return False


async def ask(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    headers: Mapping[str, str],
    data: bytes | None = None,
    limit: int = 4096,
) -> Answer | Outcome:
    """One request; at most `limit` octets of the answer are read. A failure of the network is an Outcome."""
    try:
        response = await session.request(method, url, data=data, headers=headers, allow_redirects=False)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return failure(error, url, session.timeout)
    except UnicodeError:  # of the name's labels, which only the resolver looks at
        return Outcome(Verdict.PAUSE, f"url cannot be used: {url.origin()}")
    body, whole = b"", True
    try:
        content = response.content
        while not content.at_eof():
            if len(body) > limit:
                body, whole = body[:limit], False
                break
            body += await content.read(limit + 1 - len(body))
    except (aiohttp.ClientError, TimeoutError, OSError):
        whole = False
    finally:
        response.release()  # with octets left to read this closes the connection
    return Answer(response.status, response.headers, body, whole)


def failure(error: BaseException, url: URL, timeout: aiohttp.ClientTimeout) -> Outcome:
    """What it means that a request has no answer: in doubt unless it is certain that nothing was sent."""
    at = str(url.origin())
    match error:
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return Outcome(Verdict.PAUSE, f"url cannot be used: {at}")
        case aiohttp.ClientConnectorCertificateError():
            return Outcome(Verdict.RETRY, _untrusted(error.certificate_error, at))
        case aiohttp.ClientConnectorSSLError():
            return Outcome(Verdict.RETRY, f"TLS with {at} fails: {_os_words(error)}; does url need http:// or a port?")
        case aiohttp.ClientConnectorDNSError():
            return Outcome(Verdict.RETRY, f"the name in {at} cannot be resolved: {_os_words(error)}")
        case aiohttp.ClientConnectorError():
            return Outcome(Verdict.RETRY, f"cannot connect to {at}: {_os_words(error)}")
        case aiohttp.ConnectionTimeoutError():
            return Outcome(Verdict.RETRY, f"no connection to {at} within {timeout.connect:g} s")
        case TimeoutError():
            words = f"no answer from {at} within {timeout.total:g} s"
        case aiohttp.ServerDisconnectedError() | OSError():
            words = f"{at} cut the connection before it answered"
        case _:
            words = f"the answer of {at} is not HTTP"
    return Outcome(Verdict.RETRY, words, in_doubt=True)


def _untrusted(error: Exception, at: str) -> str:
    code = getattr(error, "verify_code", None)
    reason = getattr(error, "verify_message", "").rstrip(".") or "unknown reason"
    if code in _HOST_MISMATCH:
        advice = "use the name that stands in the certificate"
    elif code == _EXPIRED:
        advice = "it has to be renewed there"
    else:
        advice = "set ca = the PEM file of its authority"
    return f"certificate of {at} is not trusted: {reason}; {advice}"


def _os_words(error: aiohttp.ClientConnectorError) -> str:
    inner = error.os_error
    if isinstance(inner, ssl.SSLError):
        return (inner.reason or "unknown reason").replace("_", " ").lower()
    return os.strerror(inner.errno) if inner.errno and inner.errno > 0 else inner.strerror or "unknown reason"


def later(answer: Answer, texts: Iterable[str] = (), secrets: Iterable[str] = ()) -> Outcome:
    """Try again, at the time named. A 504 is a lost reply: whoever gave it had passed the request on."""
    said = answer.said(texts, secrets)
    return Outcome(Verdict.RETRY, said, answer.retry_after(), in_doubt=answer.status == 504)


def refusal(
    answer: Answer, url: URL, suffix: str = "", texts: Iterable[str] = (), secrets: Iterable[str] = ()
) -> Outcome | None:
    """What holds of every system: redirects and credentials stop it, 408, 425, 429, 502, 503, 504 come again.

    None for any other status. `suffix` is what we add to the url of the configuration.
    """
    if 300 <= answer.status < 400:
        return Outcome(Verdict.PAUSE, moved(answer, url, suffix))
    if answer.status in (401, 403):
        return Outcome(Verdict.PAUSE, f"credentials or rights refused: {answer.said(texts, secrets)}")
    if answer.status in _LATER:
        return later(answer, texts, secrets)
    return None


def moved(answer: Answer, url: URL, suffix: str = "") -> str:
    """Words on a redirect, which is never followed: most clients would turn the POST into a GET.

    A path of the operator's own may be a secret, so what it has in common with the target is not shown.
    """
    location = answer.headers.get("Location", "")
    try:
        target = url.join(URL(location))
        place = str(target.origin()) if location else ""
    except (ValueError, IndexError):  # yarl raises the latter on a host of blanks in brackets
        place = ""
    if not place:
        return f"{answer.status}: {url.origin()} redirects, and does not say where; check url"
    path = target.path.rstrip("/").removesuffix(suffix) if suffix else _unshared(target.path, url.path)
    return f'{answer.status}: {url.origin()} redirects; redirects are not followed: set url = "{place}{path}"'


def _unshared(path: str, ours: str) -> str:
    if path == ours:
        return "" if ours == "/" else "/…"
    shared = set(ours.split("/")) - {""}
    return "/".join("…" if part in shared else part for part in path.split("/"))
