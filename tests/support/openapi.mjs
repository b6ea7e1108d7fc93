// Requests made from a served OpenAPI description.

/** A description with its references followed. */
export class Description {
  constructor(document) {
    this.document = document;
  }

  resolve(thing) {
    let resolved = thing;
    while (resolved?.$ref) {
      resolved = resolved.$ref.slice(2).split("/").reduce((at, key) => at[key.replace("~1", "/")], this.document);
    }
    return resolved;
  }

  /** Every operation: `{method, path, schema}`, the schema of its JSON body, if it has one. */
  *operations() {
    for (const [path, item] of Object.entries(this.document.paths)) {
      for (const method of ["get", "post", "put", "patch", "delete"]) {
        if (!item[method]) continue;
        const body = this.resolve(item[method].requestBody);
        yield { method, path, schema: this.resolve(body?.content?.["application/json"]?.schema), operation: item[method] };
      }
    }
  }

  /** The smallest value of a schema, with `texts` at the names that hold free text. */
  smallest(schema, name = "") {
    const s = this.resolve(schema) ?? {};
    if (s.oneOf || s.anyOf) {
      const choices = (s.oneOf ?? s.anyOf).map((choice) => this.resolve(choice));
      return this.smallest(choices.find((choice) => choice.type !== "null"), name);
    }
    if (s.allOf) return Object.assign({}, ...s.allOf.map((part) => this.smallest(part, name)));
    if (s.const !== undefined) return s.const;
    if (s.enum) return s.enum.find((value) => value !== null);
    const type = Array.isArray(s.type) ? s.type.find((t) => t !== "null") : s.type;
    switch (type) {
      case "object": {
        const wanted = Object.entries(s.properties ?? {}).filter(([key]) => s.required?.includes(key));
        return Object.fromEntries(wanted.map(([key, inner]) => [key, this.smallest(inner, key)]));
      }
      case "array":
        return s.minItems ? [this.smallest(s.items, name)] : [];
      case "integer":
      case "number":
        return s.minimum ?? 1;
      case "boolean":
        return false;
      default:
        if (s.format === "date-time") return `20${40 + (name.endsWith("until") ? 1 : 0)}-01-01T00:00:00Z`;
        if (s.format === "date") return "2020-01-01";
        if (/email|address/.test(name)) return "smallest@example.com";
        return `Smallest ${name}`;
    }
  }

  /** The ways to the free texts of a schema: `["components", 0, "component"]`. */
  *places(schema, way = [], depth = 0) {
    const s = this.resolve(schema);
    if (!s || depth > 5) return;
    for (const part of [...(s.oneOf ?? []), ...(s.anyOf ?? []), ...(s.allOf ?? [])]) yield* this.places(part, way, depth + 1);
    const types = [s.type].flat();
    if (types.includes("string") && !s.enum && s.format !== "date-time" && s.format !== "date") yield way;
    if (types.includes("object")) {
      for (const [key, inner] of Object.entries(s.properties ?? {})) yield* this.places(inner, [...way, key], depth + 1);
    }
    if (types.includes("array")) yield* this.places(s.items, [...way, 0], depth + 1);
  }

  /** `body` with `text` at the end of `way`; what lies on the way is made as small as it can be. */
  with(body, schema, way, text) {
    if (way.length === 0) return text;
    const [key, ...rest] = way;
    const s = this.inner(schema, key);
    const made = structuredClone(body ?? (typeof key === "number" ? [] : {}));
    const there = made[key] ?? (rest.length > 0 ? this.smallest(s) : undefined);
    made[key] = this.with(there, s, rest, text);
    return made;
  }

  inner(schema, key) {
    const s = this.resolve(schema);
    const found = typeof key === "number" ? s?.items : s?.properties?.[key];
    if (found) return found;
    for (const part of [...(s?.oneOf ?? []), ...(s?.anyOf ?? []), ...(s?.allOf ?? [])]) {
      const inPart = this.inner(part, key);
      if (inPart) return inPart;
    }
    return undefined;
  }
}
