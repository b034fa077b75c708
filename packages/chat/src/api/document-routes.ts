import { Hono } from "hono";
import { asyncApi } from "../documents/async-api.ts";
import { openApi } from "../documents/open-api.ts";
import { OPERATIONS, ROOT_OPERATIONS } from "./operations.ts";
import type { Env } from "./http.ts";

/** The documents that describe this service to programs, by the name under which they are served. */
export function documentsOf(prefix: string): Readonly<Record<"asyncapi" | "openapi", object>> {
  return {
    asyncapi: asyncApi(prefix),
    openapi: openApi({ prefix, operations: OPERATIONS, roots: ROOT_OPERATIONS }),
  };
}

export function documentRoutes(prefix: string): Hono<Env> {
  const routes = new Hono<Env>();
  for (const [name, document] of Object.entries(documentsOf(prefix))) {
    // Written once: they are the same until the next release.
    const text = JSON.stringify(document);
    routes.get(`/${name}.json`, (c) => {
      c.set("route", `/${name}.json`);
      return c.body(text, 200, { "Content-Type": "application/json; charset=utf-8" });
    });
  }
  return routes;
}
