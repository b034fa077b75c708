import { Hono } from "hono";
import type { RotationState } from "../keys/key-rotation.ts";
import type { ApiDeps, Env } from "./http.ts";

/** Rotation of the master key. Behind an admin's token. */
export function keyRoutes({ rotation }: ApiDeps): Hono<Env> {
  const routes = new Hono<Env>();
  routes.get("/admin/keys", (c) => {
    c.set("route", "/admin/keys");
    return c.json(stateOf(rotation.state));
  });
  routes.post("/admin/keys/rotate", async (c) => {
    c.set("route", "/admin/keys/rotate");
    return c.json(stateOf(await rotation.start()), 202);
  });
  return routes;
}

function stateOf({ currentKeyId, formerKeyIds, ...rest }: RotationState) {
  return { ...rest, current_key_id: currentKeyId, former_key_ids: formerKeyIds };
}
