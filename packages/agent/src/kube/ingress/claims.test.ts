import { Route } from "@warren/wire";
import * as v from "valibot";
import { expect, test } from "vitest";
import type { EndpointAffinity } from "../../endpoint-choice.ts";
import { createEndpointsTarget, createTarget } from "../../target.ts";
import { Claims } from "./claims.ts";

const publication = (path: string, given: { service?: string; port?: number } = {}) => {
  const { service = "web", port = 80 } = given;
  const ingress = { namespace: "default", ingress_name: "shop", host: "a.test" };
  const route = v.parse(Route, { ...ingress, path, path_type: "Prefix", service, port: 80 });
  return { route, targets: [createTarget({ host: "10.0.0.1", port })] };
};

const pods = (...hosts: string[]) => {
  const all = hosts.map((host) => createTarget({ host, port: 80 }));
  const target = createEndpointsTarget({ host: "web.default", port: 80 }, all, "none");
  return { ...publication("/a"), targets: [target] };
};

function filled() {
  const claims = new Claims();
  claims.set("default/shop", [publication("/a"), publication("/b")]);
  claims.take();
  return claims;
}

test("who claims the same again moves nothing", () => {
  const claims = filled();
  claims.set("default/shop", [publication("/a"), publication("/b")]);
  expect(claims.take()).toEqual({ put: [], remove: [], moved: new Set() });
});

test.each([
  { name: "another Service", given: { service: "api" } },
  { name: "another place to dial", given: { port: 81 } },
])("$name is published for its path alone", ({ given }) => {
  const claims = filled();
  const other = publication("/b", given);
  claims.set("default/shop", [publication("/a"), other]);
  expect(claims.take().put).toEqual([other]);
});

test("what is dialled at pods is published with the pods that there are now", () => {
  const claims = new Claims();
  claims.set("default/shop", [pods("10.1.0.1")]);
  claims.take();
  const after = pods("10.1.0.2");
  claims.set("default/shop", [after]);
  expect(claims.take().put).toEqual([after]);
});

test.each([
  { who: "the very same pods moves nothing", affinity: "none" as const, isPut: false },
  { who: "them in another way publishes that", affinity: "client_ip" as const, isPut: true },
])("who claims $who", ({ affinity, isPut }) => {
  const claims = new Claims();
  const endpoints = [createTarget({ host: "10.1.0.1", port: 80 })];
  const dialled = (by: EndpointAffinity) => {
    const target = createEndpointsTarget({ host: "web.default", port: 80 }, endpoints, by);
    return { ...publication("/a"), targets: [target] };
  };
  claims.set("default/shop", [dialled("none")]);
  claims.take();
  const again = dialled(affinity);
  claims.set("default/shop", [again]);
  expect(claims.take().put).toEqual(isPut ? [again] : []);
});
