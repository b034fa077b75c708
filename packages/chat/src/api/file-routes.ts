import { ChatError } from "@warren/wire";
import { Hono, type Context, type MiddlewareHandler } from "hono";
import { ownerOf, type Served } from "../files/file-desk.ts";
import { limited, type ApiDeps, type Env } from "./http.ts";
import { readLoosely } from "./request-body.ts";
import { streamed } from "./streamed.ts";
import { incomingOf, kindIn } from "./upload-request.ts";

/** Files of one's own that are listed at once. */
const LIST = 1_000;

/** Files in, out and away. A download needs its link alone, all else a token. */
export function fileRoutes(deps: ApiDeps, signedIn: MiddlewareHandler<Env>): Hono<Env> {
  const { files } = deps;
  const routes = new Hono<Env>();
  const own = [signedIn, limited(deps, "upload")] as const;
  routes.post("/upload", ...own, (c) => upload(c, deps));
  routes.post("/uploads", ...own, async (c) => {
    c.set("route", "/uploads");
    await mayWrite(c, deps);
    const { bytes } = await readObject(c);
    if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 1) {
      throw new ChatError("BAD_REQUEST", "expected a JSON body with bytes, a whole number");
    }
    const { id, method, url, headers } = await files.offer(c.get("identity"), bytes);
    return c.json({ upload_id: id, method, url, headers });
  });
  routes.post("/uploads/:id/complete", ...own, async (c) => {
    c.set("route", "/uploads/:uploadID/complete");
    const { name, kind } = await readObject(c);
    if (typeof name !== "string") throw new ChatError("BAD_REQUEST", "expected the file's name");
    const claim = { id: c.req.param("id"), name, kind: kindIn(kind) };
    return c.json(await files.complete(c.get("identity"), claim, c.req.raw.signal));
  });
  routes.get("/files", signedIn, limited(deps, "user"), async (c) => {
    c.set("route", "/files");
    const all = [];
    for await (const file of files.list(c.get("identity"))) {
      if (all.length === LIST) return c.json({ files: all, count: LIST, truncated: true });
      all.push(file);
    }
    return c.json({ files: all, count: all.length, truncated: false });
  });
  routes.get("/files/:id", (c) => download(c, deps));
  routes.delete("/files/:id", ...own, async (c) => {
    c.set("route", "/files/:fileID");
    await files.remove(c.get("identity"), c.req.param("id"));
    return c.json({ status: "removed" });
  });
  routes.post("/files/:id/link", ...own, async (c) => {
    c.set("route", "/files/:fileID/link");
    const query = new URL(c.req.url).searchParams;
    const maySee = (scope: string) => seesScope(c, deps, scope);
    return c.json(await files.renew(c.req.param("id"), query, maySee));
  });
  return routes;
}

/** Also at `/api/upload`, where pages of the reference look for it. */
export function uploadAlias(deps: ApiDeps, signedIn: MiddlewareHandler<Env>): Hono<Env> {
  const own = [signedIn, limited(deps, "upload")] as const;
  return new Hono<Env>().post("/api/upload", ...own, (c) => upload(c, deps));
}

async function upload(c: Context<Env>, deps: ApiDeps): Promise<Response> {
  c.set("route", "/upload");
  await mayWrite(c, deps);
  const stored = await deps.files.upload(c.get("identity"), incomingOf(c), c.req.raw.signal);
  return c.json(stored);
}

/** A session that is named must be one's own, or not begun yet; an admin may name anybody's. */
async function mayWrite(c: Context<Env>, { desk }: ApiDeps): Promise<void> {
  const sessionId = c.req.query("session_id");
  if (sessionId === undefined || sessionId === "") return;
  const { userId, isAdmin } = c.get("identity");
  const owner = await desk.options.folding.owner(sessionId);
  if (owner === undefined || owner.userId === userId || isAdmin) return;
  throw new ChatError("NOT_FOUND", "there is no such session");
}

async function seesScope(c: Context<Env>, { desk }: ApiDeps, scope: string): Promise<boolean> {
  const identity = c.get("identity");
  if (!scope.startsWith("session:")) return scope === ownerOf(identity);
  await desk.find(identity, scope.slice("session:".length));
  return true;
}

async function download(c: Context<Env>, { files, events }: ApiDeps): Promise<Response> {
  c.set("route", "/files/:fileID");
  const question = {
    method: c.req.method === "HEAD" ? ("HEAD" as const) : ("GET" as const),
    range: c.req.header("range"),
    ifRange: c.req.header("if-range"),
    ifNoneMatch: c.req.header("if-none-match"),
  };
  const query = new URL(c.req.url).searchParams;
  const id = c.req.param("id") ?? "";
  const served = await files.serve(id, { query, question }, c.req.raw.signal);
  return sent(c, served, (cause) =>
    events.failed(new ChatError("STORAGE_ERROR", "a file could not be read", { cause })),
  );
}

function sent(c: Context<Env>, served: Served, failed: (cause: unknown) => void): Response {
  if (served.kind === "elsewhere") {
    c.header("Cache-Control", "no-store");
    return c.redirect(served.url, 302);
  }
  const { answer, body } = served;
  const { status, headers } = answer;
  if (body === undefined) return c.body(null, status as 200, headers);
  // Whoever gives up while the file is opened leaves a stream that ends before anybody reads it: its error
  // would end the process. Whoever does read it is told all the same.
  body.on("error", () => undefined);
  return c.body(streamed(c, body, failed), status as 200, headers);
}

async function readObject(c: Context<Env>): Promise<Record<string, unknown>> {
  const said = await readLoosely(c);
  if (typeof said === "object" && said !== null) return said as Record<string, unknown>;
  throw new ChatError("BAD_REQUEST", "expected a JSON body");
}
