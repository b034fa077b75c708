import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";

const FILES = [
  { path: "/", file: "index.html", type: "text/html; charset=utf-8" },
  { path: "/page.css", file: "page.css", type: "text/css; charset=utf-8" },
  { path: "/page.js", file: "page.js", type: "text/javascript; charset=utf-8" },
  { path: "/icon.svg", file: "icon.svg", type: "image/svg+xml" },
] as const;

/** Reads the page's few files once; what is returned answers for them, and 404 for the rest. */
export async function loadPage(): Promise<
  (path: string, request: IncomingMessage, response: ServerResponse) => void
> {
  const loaded = await Promise.all(
    FILES.map(async ({ path, file, type }) => {
      const body = await readFile(new URL(`page/${file}`, import.meta.url));
      return [path, { body, type }] as const;
    }),
  );
  const files = new Map<string, { body: Buffer; type: string }>(loaded);
  return (path, request, response) => {
    request.resume();
    const found = files.get(path);
    if (found === undefined) {
      response.writeHead(404, { "content-type": "text/plain" }).end("nothing here\n");
      return;
    }
    response.writeHead(200, {
      "content-type": found.type,
      "content-length": found.body.length,
      "cache-control": "no-cache",
    });
    response.end(request.method === "HEAD" ? undefined : found.body);
  };
}
