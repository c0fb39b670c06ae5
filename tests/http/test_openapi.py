"""The description of the API is valid, names what there is, and the page that shows it needs nothing from elsewhere."""

import re
from typing import Any

import pytest
from aiohttp import web
from openapi_spec_validator import validate

from pdu.encoding import UNMAPPABLE
from smppd.http import message, openapi, schemas
from smppd.http.submitting import MOST
from tests.http.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENT = openapi.document()


async def test_the_document_is_openapi() -> None:
    validate(DOCUMENT)


async def test_the_gateway_serves_what_was_declared(api: Api) -> None:
    async with api.http.get(api.url + "/openapi.json") as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert await answer.json() == DOCUMENT


async def test_each_route_is_described_and_each_description_has_its_route(api: Api) -> None:
    app = api.gateway.http._runner.app
    assert isinstance(app, web.Application)
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith("/api/") and route.method != "HEAD"
    }
    described = {
        (method, path)
        for path, item in DOCUMENT["paths"].items()
        for method in item
        if method in ("get", "post", "delete")
    }
    assert described == routes


async def test_the_message_has_the_fields_that_are_read() -> None:
    described = schemas.message()["properties"]
    assert set(described) == set(message.NAMES)
    assert set(message.UNMAPPABLE) == set(UNMAPPABLE)
    assert set(described["report"]["items"]["enum"]) == set(message.REPORTS)
    assert DOCUMENT["components"]["schemas"]["Messages"]["properties"]["messages"]["maxItems"] == MOST


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["$ref"]} if "$ref" in value else set()
        return found.union(*(references(each) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(references(each) for each in value))
    return set()


async def test_each_schema_is_used() -> None:
    named = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert references(DOCUMENT) == named


async def test_the_page_and_its_parts_come_from_here_alone(api: Api) -> None:
    for path, kind in [("/docs", "text/html"), ("/docs/docs.js", "text/javascript"), ("/docs/docs.css", "text/css")]:
        async with api.http.get(api.url + path) as answer:
            assert (answer.status, answer.content_type) == (200, kind)
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
            body = await answer.text()
        assert not re.search(r"https?://|[\"']//|innerHTML|\son\w+=", body)


async def test_what_a_search_answers_is_as_described(api: Api) -> None:
    import jsonschema

    resolved = {"$defs": {}, **DOCUMENT}
    _, accepted, _ = await api.post({"to": "+255750000001", "text": "hello", "reference": "described"})
    for schema, path in [
        ("Page", "/api/v1/messages"),
        ("Life", f"/api/v1/messages/{accepted['id']}"),
    ]:
        _, told, _ = await api("GET", path)
        jsonschema.Draft202012Validator({**resolved, "$ref": f"#/components/schemas/{schema}"}).validate(told)
    jsonschema.Draft202012Validator({**resolved, "$ref": "#/components/schemas/Accepted"}).validate(accepted)
    _, told, _ = await api.post({"messages": [{"to": "+255750000001", "text": "hello"}, {}]})
    jsonschema.Draft202012Validator({**resolved, "$ref": "#/components/schemas/Results"}).validate(told)
    for schema, path in [("Carrier", "/api/v1/carriers/voda"), ("System", "/api/v1/systems/app")]:
        _, told, _ = await api("GET", path)
        jsonschema.Draft202012Validator({**resolved, "$ref": f"#/components/schemas/{schema}"}).validate(told)
