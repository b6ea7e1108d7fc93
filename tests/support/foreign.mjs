// A web page of somebody else: another origin than the server under test.

import { createServer } from "node:http";
import { once } from "node:events";

/** Serves one page with this HTML at `url` until `stop()`. */
export async function foreignPage(html) {
  const server = createServer((request, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(request.url === "/" ? `<!doctype html><link rel="icon" href="data:,">${html}` : "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}
