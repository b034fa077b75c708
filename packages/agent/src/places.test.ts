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
  const pods = ["10.0.0.1", "10.0.0.2"].map(at);
  const before = createEndpointsTarget(service, pods, "none");
  places.move([], [before]);
  places.move([before], [createEndpointsTarget(service, pods.slice(1), "none")]);
  expect(left).toEqual(["10.0.0.1"]);
});

test("endpoints that many lead to are left with the last of these", () => {
  const { places, left } = followed();
  const pods = ["10.0.0.1", "10.0.0.2"].map(at);
  const [one, other] = ["none", "cookie"].map((affinity) =>
    createEndpointsTarget({ host: "svc", port: 80 }, pods, affinity as "none" | "cookie"),
  );
  places.move([], [one!]);
  places.move([], [other!, at("10.0.0.2")]);
  places.move([one!], []);
  expect(left).toEqual([]);
  places.move([other!], []);
  expect(left).toEqual(["10.0.0.1"]);
});
