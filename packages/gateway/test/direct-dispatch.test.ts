import { describe, expect, test } from "vitest";
import type { RouteInput } from "@warren/wire";
import { moveOn } from "../src/tunnels/moved.ts";
import { DispatchHouse, nameOf } from "./_dispatch-kit.ts";
import { entry } from "./_routes-kit.ts";

const endpoint = { scheme: "https" as const, host: "lb.test", port: 443 };
const on = (mode: RouteInput["mode"], cluster = "c1") => entry({ mode, endpoint }, cluster);

describe("where a request of a public cluster goes", () => {
  test.each<{
    name: string;
    mode: RouteInput["mode"];
    set: (house: DispatchHouse) => void;
    want: string;
  }>([
    {
      name: "both: to an agent, while there is one",
      mode: "both",
      set: (house) => void [house.agent("a"), house.endpoints.add("c1")],
      want: "a",
    },
    {
      name: "both: to another gateway's agent before the endpoint",
      mode: "both",
      set: (house) => void [house.remote("r", "there"), house.endpoints.add("c1")],
      want: "there/r",
    },
    {
      name: "both: to the endpoint at once, when no tunnel takes it",
      mode: "both",
      set: (house) => void [(house.agent("a").attached = false), house.endpoints.add("c1")],
      want: "direct c1",
    },
    {
      name: "both: to the endpoint, when the tunnel is full",
      mode: "both",
      set: (house) => void [(house.agent("a").openable = false), house.endpoints.add("c1")],
      want: "direct c1",
    },
    {
      name: "direct: to the endpoint, although there is an agent",
      mode: "direct",
      set: (house) => void [house.agent("a"), house.endpoints.add("c1")],
      want: "direct c1",
    },
    {
      name: "direct: nowhere, and without a wait, while nobody answers there",
      mode: "direct",
      set: (house) => void house.agent("a"),
      want: "upstream_unreachable",
    },
    {
      name: "tunnel: never to an endpoint",
      mode: "tunnel",
      set: (house) => void [house.agent("a"), house.endpoints.add("c1")],
      want: "a",
    },
  ])("$name", async ({ mode, set, want }) => {
    const house = new DispatchHouse();
    set(house);
    expect(await house.open(house.errand({ entries: [on(mode)] }))).toBe(want);
  });

  test("both: waits for the tunnel as ever when the endpoint does not answer either", async () => {
    const house = new DispatchHouse();
    const agent = house.agent("a");
    agent.attached = false;
    const opened = house.open(house.errand({ entries: [on("both")] }));
    await house.pass(1_000);
    agent.attached = true;
    house.changed();
    expect(await opened).toBe("a");
  });

  test("the cluster whose endpoint answers is chosen among those that share a host", async () => {
    const house = new DispatchHouse();
    house.endpoints.add("c2");
    for (house.point = 0; house.point < 1; house.point += 0.1) {
      const errand = house.errand({ entries: [on("direct", "c1"), on("direct", "c2")] });
      expect((await house.dispatcher.open(errand)).clusterUuid).toBe("c2");
    }
  });

  test("what an endpoint refused unread goes to the tunnel that is back", async () => {
    const house = new DispatchHouse();
    house.endpoints.add("c1");
    const errand = house.errand({ entries: [on("both")] });
    const opened = await house.dispatcher.open(errand);
    expect(nameOf(opened)).toBe("direct c1");
    house.agent("a");
    moveOn(errand, opened, house.clock.now());
    expect(await house.open(errand)).toBe("a");
  });

  test("what the only endpoint refused is answered at once", async () => {
    const house = new DispatchHouse();
    house.endpoints.add("c1");
    const errand = house.errand({ entries: [on("direct")] });
    moveOn(errand, await house.dispatcher.open(errand), house.clock.now());
    expect(await house.open(errand)).toBe("upstream_unreachable");
  });
});
