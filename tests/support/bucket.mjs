// A bucket: as much of Amazon S3 as a mirror needs. It takes nothing that is not signed, and checks signatures by the
// published algorithm (Signature Version 4, in the query), written here from its description.

import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
const encoded = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** The signature of a request whose address is signed. `headers` are those of the request, in lower case. */
export function signature(method, url, headers, secret) {
  const asked = [...url.searchParams].filter(([name]) => name !== "X-Amz-Signature");
  const query = asked.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).sort().join("&");
  const get = (name) => url.searchParams.get(name) ?? "";
  const signed = get("X-Amz-SignedHeaders").split(";");
  const fields = signed.map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/g, " ")}\n`).join("");
  const request = [method, url.pathname, query, fields, signed.join(";"), "UNSIGNED-PAYLOAD"].join("\n");
  const [, day, region, service, end] = get("X-Amz-Credential").split("/");
  const text = ["AWS4-HMAC-SHA256", get("X-Amz-Date"), [day, region, service, end].join("/"), sha256(request)].join("\n");
  const key = [day, region, service, end].reduce((key, part) => hmac(key, part), `AWS4${secret}`);
  return hmac(key, text).toString("hex");
}

const problem = (code, message) =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;

/** Starts one that knows this key. Path style: `/NAME/KEY`. */
export async function bucket({ name, region, key, secret }) {
  const state = { objects: new Map(), log: [], fails: null };
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const url = new URL(request.url, `http://${request.headers.host}`);
    const answer = (status, text = "") => response.writeHead(status, { "Content-Type": "application/xml" }).end(text);
    if (state.fails?.(request.method, url.pathname)) return answer(503, problem("SlowDown", "Please reduce your request rate."));
    const get = (field) => url.searchParams.get(field) ?? "";
    const [who, day, where] = get("X-Amz-Credential").split("/");
    if (who !== key) return answer(403, problem("InvalidAccessKeyId", "The access key does not exist."));
    if (where !== region) return answer(400, problem("AuthorizationQueryParametersError", `expecting '${region}'`));
    const at = Date.parse(get("X-Amz-Date").replace(/^(....)(..)(..T..)(..)(..)Z$/, "$1-$2-$3:$4:$5Z"));
    const isFresh = get("X-Amz-Date").startsWith(day) && Math.abs(Date.now() - at) < Number(get("X-Amz-Expires")) * 1000;
    if (!isFresh) return answer(403, problem("AccessDenied", "Request has expired"));
    // What changes how an object is given must be signed, too.
    const signed = get("X-Amz-SignedHeaders").split(";");
    const must = ["host", ...["content-type", "cache-control"].filter((field) => field in request.headers)];
    const isSigned = get("X-Amz-Signature") === signature(request.method, url, request.headers, secret);
    if (!isSigned || !must.every((field) => signed.includes(field))) {
      return answer(403, problem("SignatureDoesNotMatch", "The signature does not match."));
    }
    const [, inBucket, object] = url.pathname.match(/^\/([^/]+)\/(.*)$/) ?? [];
    if (inBucket !== name) return answer(404, problem("NoSuchBucket", "The bucket does not exist."));
    if (object === "") {
      const found = [...state.objects.keys()].filter((held) => held.startsWith(get("prefix"))).sort();
      const listed = found.slice(0, Number(get("max-keys"))).map((held) => `<Contents><Key>${held}</Key></Contents>`);
      return answer(200, `<ListBucketResult><KeyCount>${listed.length}</KeyCount>${listed.join("")}</ListBucketResult>`);
    }
    state.log.push(`${request.method} ${object}`);
    if (request.method === "PUT") {
      state.objects.set(object, {
        body, type: request.headers["content-type"], cache: request.headers["cache-control"],
      });
      return answer(200);
    }
    if (request.method === "DELETE") {
      state.objects.delete(object);
      return answer(204);
    }
    const held = state.objects.get(object);
    if (!held) return answer(404, problem("NoSuchKey", "The key does not exist."));
    return response.writeHead(200, { "Content-Type": held.type, "Cache-Control": held.cache }).end(held.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  state.url = `http://127.0.0.1:${server.address().port}`;
  state.stop = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return state;
}
