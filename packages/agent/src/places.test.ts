import { expect, test } from "vitest";
import { Places } from "./places.ts";
import { createEndpointsTarget, createTarget, type Target } from "./target.ts";

const at = (host: string) => createTarget({ host, port: 80 });

function followed() {
  const places = new Places();
  const left: string[] = [];
  places.onLeft(({ host }: Target) => left.push(host));
  return { places, left };
}

test("a place is left with the last publication that leads there", () => {
  const { places, left } = followed();
  places.move([], [at("a")]);
  places.move([], [at("a"), at("b")]);
  places.move([at("a")], []);
  expect(left).toEqual([]);
  places.move([at("a"), at("b")], [at("b")]);
  expect(left).toEqual(["a"]);
});

test("each endpoint of a service is a place", () => {
  const { places, left } = followed();
  const service = { host: "svc", port: 80 };
  const pods = ["10.0.0.1", "10.0.0.2"].map((host) => ({ host, port: 80 }));
  const before = createEndpointsTarget(service, pods, "none");
  places.move([], [before]);
  places.move([before], [createEndpointsTarget(service, pods.slice(1), "none")]);
  expect(left).toEqual(["10.0.0.1"]);
});
