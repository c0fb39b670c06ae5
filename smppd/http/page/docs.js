"use strict";
// Shows openapi.json. Text is only ever set as text, never as markup.

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function named(api, schema) {
  let found = schema;
  while (found && found.$ref) found = found.$ref.split("/").slice(1).reduce((at, step) => at[step], api);
  return found || {};
}

function kind(api, schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.oneOf) return schema.oneOf.map((each) => kind(api, each)).join(" or ");
  if (schema.enum) return schema.enum.filter((each) => each !== null).join(" | ");
  const types = [].concat(schema.type || "any").filter((each) => each !== "null").join(" or ");
  if (types === "array") return "list of " + kind(api, schema.items || {});
  return schema.format ? `${types} (${schema.format})` : types;
}

function limits(schema) {
  const words = { minLength: "at least", maxLength: "at most", minimum: "from", maximum: "to", default: "default" };
  return Object.entries(words)
    .filter(([key]) => schema[key] !== undefined && schema[key] !== 9223372036854775807)
    .map(([key, word]) => `${word} ${schema[key]}${key.endsWith("Length") ? " characters" : ""}`)
    .join(", ");
}

function table(api, rows) {
  const body = make("tbody");
  for (const [name, schema, required, description] of rows) {
    const about = [description || schema.description, limits(schema)].filter(Boolean).join("; ");
    const mark = required ? [" ", make("span", { class: "required" }, "required")] : [];
    body.append(
      make("tr", {}, make("td", {}, make("code", {}, name), ...mark), make("td", {}, kind(api, schema)), make("td", {}, about)),
    );
  }
  return make("table", {}, body);
}

function fields(api, schema) {
  const real = named(api, schema);
  if (real.oneOf) return make("div", {}, ...real.oneOf.flatMap((each) => [make("p", {}, kind(api, each)), fields(api, each)]));
  const rows = Object.entries(real.properties || {}).map(([name, inner]) => [
    name, inner, (real.required || []).includes(name),
  ]);
  return rows.length ? table(api, rows) : make("p", {}, kind(api, schema));
}

function operation(api, path, method, told, shared) {
  const title = make("summary", {}, make("span", { class: "method" }, method.toUpperCase()), make("code", {}, path), ` ${told.summary}`);
  const node = make("details", { id: told.operationId }, title);
  if (told.description) node.append(make("p", {}, told.description));
  const parameters = [...(shared || []), ...(told.parameters || [])];
  if (parameters.length) {
    node.append(make("h4", {}, "Parameters"));
    node.append(table(api, parameters.map((each) => [each.name, each.schema, each.required, each.description])));
  }
  if (told.requestBody) {
    node.append(make("h4", {}, "Body"), fields(api, told.requestBody.content["application/json"].schema));
  }
  node.append(make("h4", {}, "Answers"));
  for (const [status, answer] of Object.entries(told.responses)) {
    const good = answer.content && answer.content["application/json"];
    const line = make("details", {}, make("summary", {}, make("code", {}, status), ` ${answer.description}`));
    const schema = good ? good.schema : answer.content["application/problem+json"].schema;
    line.append(fields(api, schema));
    node.append(line);
  }
  return node;
}

async function show() {
  const main = document.getElementById("paths");
  const api = await (await fetch("openapi.json")).json();
  const list = make("ul");
  main.replaceChildren();
  for (const tag of api.tags) {
    main.append(make("h2", {}, tag.description));
    for (const [path, item] of Object.entries(api.paths)) {
      for (const method of ["get", "post", "delete"]) {
        const told = item[method];
        if (!told || !told.tags.includes(tag.name)) continue;
        const node = operation(api, path, method, told, item.parameters);
        const link = make("a", { href: `#${told.operationId}` }, told.summary);
        link.addEventListener("click", () => { node.open = true; });
        list.append(make("li", {}, link));
        main.append(node);
      }
    }
  }
  main.append(make("h2", {}, "Kinds"));
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    main.append(make("details", {}, make("summary", {}, make("code", {}, name)), fields(api, schema)));
  }
  document.getElementById("contents").replaceChildren(list);
}

show().catch((error) => {
  document.getElementById("paths").replaceChildren(`The description cannot be shown: ${error}`);
});
