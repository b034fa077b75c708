import { Hono, type Context } from "hono";
import type { Pages } from "../pages/pages.ts";
import { pagePolicy } from "../pages/page-policy.ts";
import { isKnown, type StaticFile } from "../pages/static-file.ts";
import type { Env } from "./http.ts";

export interface PageRoutesOptions extends Pages {
  /** Sites that may show the user's pages in a frame. */
  framedBy: readonly string[];
  /** Where files come from and go to, besides the service itself. */
  fileOrigins: readonly string[];
  /** Whoever has no token may come in as a guest. */
  takesGuests: boolean;
}

/** The first page: a user's own sessions. */
const FIRST = "sessions.html";
/** What a user's site may frame. An admin's page is in nobody's frame, where clicks can be stolen. */
const FRAMED = new Set(["sessions.html", "chat.html"]);
/** Below it names have their content's hash: what is under one never changes. */
const HASHED = "assets/";

const FOR_EVER = "public, max-age=31536000, immutable";
/** Asked for again each time, and answered 304: a page is never older than what it loads. */
const ASK_AGAIN = "no-cache";
/** Sites load the widget under one name for years; five minutes after a release they have it. */
const A_MOMENT = "public, max-age=300, stale-while-revalidate=86400";

type Header = readonly [name: string, value: string];

/** The pages under one prefix, and the widget for other sites. */
export function pageRoutes(prefix: string, options: PageRoutesOptions): Hono<Env> {
  const routes = new Hono<Env>();
  const base = prefix === "/" ? "" : prefix;
  for (const at of new Set([`${base}/`, prefix])) {
    routes.all(at, (c) => ledTo(c, `${base}/${FIRST}`));
  }
  for (const [name, file] of options.pages) {
    const headers = headersOf(name, file, options);
    routes.get(`${base}/${name}`, (c) => {
      c.set("route", name.startsWith(HASHED) ? "/assets/:file" : `/${name}`);
      return answer(c, file, headers);
    });
  }
  // What a page must know of the service before anybody has come in.
  routes.get(`${base}/pages.json`, (c) => {
    c.set("route", "/pages.json");
    c.header("Cache-Control", ASK_AGAIN);
    return c.json({ guests: options.takesGuests });
  });
  routes.route("/", widgetRoutes(base, options));
  return routes;
}

/** The widget's files under `base`, for pages of every site: nothing in them is anybody's. */
export function widgetRoutes(base: string, { widget }: Pages): Hono<Env> {
  const routes = new Hono<Env>();
  for (const [name, file] of widget) {
    const headers: Header[] = [
      ["Cache-Control", name.startsWith(HASHED) ? FOR_EVER : A_MOMENT],
      ["Access-Control-Allow-Origin", "*"],
      ["Cross-Origin-Resource-Policy", "cross-origin"],
    ];
    routes.get(`${base}/${name}`, (c) => {
      c.set("route", "/widget");
      // What the origin list said was about what somebody's cookies might open; here is nothing such.
      c.header("Access-Control-Allow-Credentials", undefined);
      return answer(c, file, headers);
    });
  }
  return routes;
}

/** The way to a page, which is no part of what programs ask. */
export function ledTo(c: Context<Env>, path: string): Response | Promise<Response> {
  return ["GET", "HEAD"].includes(c.req.method) ? c.redirect(path, 302) : c.notFound();
}

function headersOf(name: string, file: StaticFile, options: PageRoutesOptions): Header[] {
  if (!file.type.startsWith("text/html")) {
    const cache = name.startsWith(HASHED) ? FOR_EVER : ASK_AGAIN;
    return [
      ["Cache-Control", cache],
      ["Cross-Origin-Resource-Policy", "same-origin"],
    ];
  }
  const framedBy = FRAMED.has(name) ? options.framedBy : [];
  return [
    ["Cache-Control", ASK_AGAIN],
    ["Content-Security-Policy", pagePolicy({ ...options, framedBy })],
    // Old browsers know no frame-ancestors, and this header knows no list.
    ...(framedBy.length === 0 ? ([["X-Frame-Options", "DENY"]] as const) : []),
    ["Cross-Origin-Opener-Policy", "same-origin"],
    ["Permissions-Policy", "camera=(), geolocation=(), microphone=(self)"],
  ];
}

async function answer(
  c: Context<Env>,
  file: StaticFile,
  headers: readonly Header[],
): Promise<Response> {
  const { body, encoding, etag } = await file.sent(c.req.header("accept-encoding"));
  c.header("X-Frame-Options", undefined);
  for (const [name, value] of headers) c.header(name, value);
  c.header("Vary", "Accept-Encoding", { append: true });
  c.header("ETag", etag);
  if (isKnown(etag, c.req.header("if-none-match"))) return c.body(null, 304);
  if (encoding !== "identity") c.header("Content-Encoding", encoding);
  return c.body(body, 200, { "Content-Type": file.type });
}
