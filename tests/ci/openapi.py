"""Requests against an OpenAPI 3 description: is there such a path, are its parameters known
and of the right type, is the body what the schema says."""
import json
import re

import jsonschema


class Description:
    def __init__(self, path):
        with open(path) as f:
            self.doc = json.load(f)
        self.resolver = jsonschema.RefResolver("", self.doc)
        self.paths = []
        for template, item in self.doc["paths"].items():
            pattern = re.sub(r"\\\{[^/]+?\\\}", "([^/]+)", re.escape(template))
            # The one with the fewest parameters counts: /pulls/comments before /pulls/{id}.
            self.paths.append((template.count("{"), re.compile(pattern), template, item))
        self.paths.sort(key=lambda p: p[0])

    def resolve(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def value_problem(self, schema, text):
        """A value of a path or query is text: of a type that the schema has."""
        for value in (text, int(text) if re.fullmatch(r"-?\d+", text) else text):
            if not self.problem(schema, value):
                return None
        return self.problem(schema, text)

    def problem(self, schema, value):
        validator = jsonschema.Draft7Validator(schema, resolver=self.resolver)
        error = next(iter(validator.iter_errors(value)), None)
        return error.message if error else None

    def check(self, method, path, query, body):
        """What is wrong with this request; None."""
        for _, pattern, template, item in self.paths:
            m = pattern.fullmatch(path)
            if m and method.lower() in item:
                return self.check_operation(item, item[method.lower()], template, m.groups(),
                                            query, body)
        return "no such method and path in the description"

    def check_operation(self, item, operation, template, values, query, body):
        names = re.findall(r"\{([^/]+?)\}", template)
        known = {}
        for p in item.get("parameters", []) + operation.get("parameters", []):
            p = self.resolve(p)
            known[p["in"], p["name"]] = p
        given = {("path", n): v for n, v in zip(names, values)}
        given.update({("query", n): v for n, v in query.items()})
        for key, value in given.items():
            if key not in known:
                return f"unknown parameter {key}"
            wrong = self.value_problem(known[key].get("schema", {}), value)
            if wrong:
                return f"{key}: {wrong}"
        for key, p in known.items():
            if p.get("required") and key[0] in ("path", "query") and key not in given:
                return f"without parameter {key}"
        return self.check_body(operation.get("requestBody"), body)

    def check_body(self, described, body):
        if described is None:
            return "a body where there is none" if body is not None else None
        described = self.resolve(described)
        if body is None:
            return "without a body" if described.get("required", False) else None
        schema = self.resolve(described["content"]["application/json"]["schema"])
        unknown = set(body) - set(schema.get("properties", {}))
        if unknown:
            return f"unknown members {unknown}"
        return self.problem(schema, body)
