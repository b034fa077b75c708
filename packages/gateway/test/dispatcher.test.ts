import { WireError } from "@warren/wire";
import { describe, expect, test } from "vitest";
import { moveOn } from "../src/tunnels/moved.ts";
import { DispatchHouse, nameOf } from "./_dispatch-kit.ts";
import { entry } from "./_routes-kit.ts";

const many = async (house: DispatchHouse, count: number, errand = () => house.errand()) => {
  const seen: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const where = await house.open(errand());
    seen[where] = (seen[where] ?? 0) + 1;
  }
  return seen;
};

describe("which agent gets a request", () => {
  test.each<{
    name: string;
    set: (house: DispatchHouse) => void;
    policy?: object;
    want: Record<string, number>;
  }>([
    {
      name: "idle agents take turns",
      set: (house) => void [house.agent("a"), house.agent("b")],
      want: { a: 5, b: 5 },
    },
    {
      name: "least: the one with fewest outstanding",
      set: (house) => void [(house.agent("a").streams = 3), (house.agent("b").streams = 1)],
      want: { b: 10 },
    },
    {
      name: "round robin: in turn, however busy",
      set: (house) => void [(house.agent("a").streams = 9), house.agent("b")],
      policy: { balance: "round_robin" },
      want: { a: 5, b: 5 },
    },
    {
      name: "not one that drains, that is asked to leave, or whose transport is lost",
      set: (house) => {
        house.agent("a").draining = true;
        house.agent("b").retiring = true;
        house.agent("c").attached = false;
        house.agent("d").streams = 50;
      },
      want: { d: 10 },
    },
    {
      name: "own tunnels before those of other gateways, however busy",
      set: (house) => {
        house.agent("a").streams = 50;
        house.remote("b", "g2");
      },
      want: { a: 10 },
    },
    {
      name: "the hop, where there is no own tunnel",
      set: (house) => void [house.remote("a", "g2"), house.remote("b", "g3")],
      want: { "g2/a": 5, "g3/b": 5 },
    },
    {
      name: "no hop to a tunnel that is leaving",
      set: (house) => {
        house.remote("a", "g2", { leaving: true });
        house.remote("b", "g3");
      },
      want: { "g3/b": 10 },
    },
    {
      name: "no hop to a gateway that does not answer, while there is another way",
      set: (house) => {
        house.remote("a", "g2");
        house.remote("a", "g3");
        house.deaf.add("g2");
      },
      want: { "g3/a": 10 },
    },
    {
      name: "client_ip: the same agent for one address, of all gateways",
      set: (house) => void [house.agent("a"), house.agent("b"), house.remote("c", "g2")],
      policy: { affinity: "client_ip" },
      want: { "g2/c": 10 },
    },
  ])("$name", async ({ set, policy = {}, want }) => {
    const house = new DispatchHouse();
    set(house);
    expect(await many(house, 10, () => house.errand({ policy }))).toEqual(want);
  });

  test("cookie: its agent, here or on another gateway; a new one when that is gone", async () => {
    const house = new DispatchHouse();
    house.agent("a");
    house.remote("b", "g2");
    const policy = { affinity: "cookie" };
    const cookies = new Map<string, string>();
    while (cookies.size < 2) {
      const opened = await house.dispatcher.open(house.errand({ policy }));
      cookies.set(nameOf(opened), opened.setSticky!);
    }
    for (const [where, sticky] of cookies) {
      for (let i = 0; i < 4; i++) {
        const opened = await house.dispatcher.open(house.errand({ policy, sticky }));
        expect([nameOf(opened), opened.setSticky]).toEqual([where, undefined]);
      }
    }
    await house.directory.withdrawTunnel("t-g2-b");
    const sticky = cookies.get("g2/b")!;
    const opened = await house.dispatcher.open(house.errand({ policy, sticky }));
    expect([nameOf(opened), opened.setSticky]).toEqual(["a", cookies.get("a")]);
  });
});

describe("which cluster of a claim group", () => {
  const entries = [entry({}, "c1"), entry({}, "c2")];

  test("by the weight that its agents say", async () => {
    const house = new DispatchHouse();
    house.agent("a", { cluster: "c1", weight: "3" });
    house.remote("b", "g2", { clusterUuid: "c2", weight: 1 });
    const seen: Record<string, number> = {};
    for (let i = 0; i < 400; i++) {
      house.point = i / 400;
      const where = await house.open(house.errand({ entries }));
      seen[where] = (seen[where] ?? 0) + 1;
    }
    expect(seen).toEqual({ a: 300, "g2/b": 100 });
  });

  test("one that can serve now, before one that flaps is waited for", async () => {
    const house = new DispatchHouse();
    house.agent("a", { cluster: "c1" }).attached = false;
    house.agent("b", { cluster: "c2" });
    house.point = 0;
    expect(await many(house, 5, () => house.errand({ entries }))).toEqual({ b: 5 });
  });

  test("another one, when all agents of the first have refused", async () => {
    const house = new DispatchHouse();
    house.remote("a", "g2", { clusterUuid: "c1" });
    house.remote("b", "g3", { clusterUuid: "c2" });
    house.point = 0;
    const errand = house.errand({ entries });
    const first = await house.dispatcher.open(errand);
    moveOn(errand, first, house.clock.now());
    const second = await house.dispatcher.open(errand);
    expect([nameOf(first), nameOf(second)].toSorted()).toEqual(["g2/a", "g3/b"]);
  });
});

describe("a flap", () => {
  test("is waited for, and the request goes on as soon as the tunnel is back", async () => {
    const house = new DispatchHouse({ peers: false });
    const agent = house.agent("a");
    agent.attached = false;
    const opening = house.open();
    await house.pass(3_000);
    agent.attached = true;
    house.changed();
    expect(await opening).toBe("a");
  });

  test("that lasts is cluster_reconnecting after 5 s, whatever else changes meanwhile", async () => {
    const house = new DispatchHouse({ peers: false });
    house.agent("a").attached = false;
    const refused = house.dispatcher.open(house.errand()) as Promise<unknown>;
    let over: WireError | undefined;
    refused.catch((reason: unknown) => (over = WireError.from(reason)));
    for (let i = 0; i < 20; i++) {
      house.changed(); // other agents of the cluster come and go
      await house.pass(200);
    }
    expect(over).toBeUndefined();
    await house.pass(1_100);
    expect(over).toMatchObject({ code: "cluster_reconnecting", http: 503, retryAfterMs: 5_000 });
  });

  test("of a tunnel on another gateway is noticed when it comes back, without a word", async () => {
    const house = new DispatchHouse();
    house.presence.set("c1", { online: true, since: 0 });
    const opening = house.open();
    await house.pass(1_000);
    house.remote("a", "g2");
    await house.pass(300);
    expect(await opening).toBe("g2/a");
  });

  test("is over for good once the agent is gone: cluster_offline at once", async () => {
    const house = new DispatchHouse();
    house.presence.set("c1", { online: false, since: 0 });
    await expect(house.dispatcher.open(house.errand())).rejects.toMatchObject({
      code: "cluster_offline",
      http: 503,
      retryAfterMs: 30_000,
    });
  });

  test("fills the waiting room, and no more than that", async () => {
    const house = new DispatchHouse({ peers: false, most: 3 });
    const agent = house.agent("a");
    agent.attached = false;
    const waiting = [1, 2, 3].map(() => house.open());
    await house.pass(50);
    expect(house.room.count).toBe(3);
    expect(await house.open()).toBe("cluster_reconnecting");
    agent.attached = true;
    house.changed();
    expect(await Promise.all(waiting)).toEqual(["a", "a", "a"]);
    expect(house.room.count).toBe(0);
  });

  test("a dead cluster leaves room for those who wait for another", async () => {
    const house = new DispatchHouse({ peers: false, most: 10, perCluster: 3 });
    const agents = ["c1", "c2"].map((cluster) => house.agent(`a-${cluster}`, { cluster }));
    for (const agent of agents) agent.attached = false;
    const flood = Array.from({ length: 100 }, () => house.open());
    await house.pass(50);
    expect(house.room.count).toBe(3);
    const entries = [entry({}, "c2")];
    const honest = house.open(house.errand({ entries }));
    // A route of both finds a place as long as one of them has any.
    const both = house.open(house.errand({ entries: [entry({}, "c1"), ...entries] }));
    await house.pass(50);
    expect(house.room.count).toBe(5);
    agents[1]!.attached = true;
    house.changed("c2");
    expect(await Promise.all([honest, both])).toEqual(["a-c2", "a-c2"]);
    await house.pass(5_000);
    expect(new Set(await Promise.all(flood))).toEqual(new Set(["cluster_reconnecting"]));
    expect(house.room.count).toBe(0);
  });

  test("a tunnel at its limit of streams is overloaded at once", async () => {
    const house = new DispatchHouse();
    house.agent("a").openable = false;
    expect(await house.open()).toBe("overloaded");
  });
});

describe("a request that was refused unread", () => {
  test("goes to another agent, also where affinity says otherwise", async () => {
    const house = new DispatchHouse();
    house.agent("a");
    house.agent("b");
    const errand = house.errand({ policy: { affinity: "client_ip" } });
    const first = await house.dispatcher.open(errand);
    moveOn(errand, first, house.clock.now());
    const second = await house.dispatcher.open(errand);
    expect(nameOf(second)).not.toBe(nameOf(first));
  });

  test.each([
    {
      name: "an agent here",
      add: (house: DispatchHouse) => void house.agent("a"),
      want: "refused",
    },
    {
      name: "one elsewhere, whose tunnel may be down",
      add: (house: DispatchHouse) => house.remote("a", "g2"),
      want: "cluster_reconnecting",
    },
  ])("by $name waits no longer in all than a new one: then it is $want", async ({ add, want }) => {
    const house = new DispatchHouse();
    add(house);
    const errand = house.errand();
    let refusals = 0;
    let code = "";
    const again = async (): Promise<void> => {
      try {
        moveOn(errand, await house.dispatcher.open(errand), house.clock.now());
        refusals++;
        await again();
      } catch (reason) {
        code = WireError.from(reason).code;
      }
    };
    void again();
    await house.pass(4_900);
    expect(code).toBe("");
    await house.pass(400);
    expect(code).toBe(want);
    expect(refusals).toBeGreaterThan(15);
    expect(refusals).toBeLessThan(25);
  });
});

describe("an agent that does not know yet what its cluster publishes", () => {
  test("is asked for nothing while another one does, though it has least to do", async () => {
    const house = new DispatchHouse();
    const [knows] = [house.agent("knows"), house.agent("starts")];
    knows.streams = 9;
    house.tell("starts", Infinity);
    expect(await many(house, 3)).toEqual({ knows: 3 });
    house.tell("starts", 0);
    expect(await house.open()).toBe("starts");
  });

  test("stands back for one on another gateway", async () => {
    const house = new DispatchHouse();
    house.agent("starts");
    house.tell("starts", Infinity);
    house.remote("knows", "there");
    expect(await house.open()).toBe("there/knows");
  });

  test("is asked where nobody else is", async () => {
    const house = new DispatchHouse();
    house.agent("starts");
    house.tell("starts", Infinity);
    house.remote("too", "there", { unready: true });
    expect(await house.open()).toBe("starts");
  });

  test("stands back for another cluster of the host", async () => {
    const house = new DispatchHouse();
    house.agent("starts");
    house.tell("starts", Infinity);
    house.agent("knows", { cluster: "c2" });
    const entries = [entry({}, "c1"), entry({}, "c2")];
    expect(await house.open(house.errand({ entries }))).toBe("knows");
  });

  test("one that refuses what it has not heard of is left alone for a second", async () => {
    const house = new DispatchHouse();
    const [behind, knows] = [house.agent("behind"), house.agent("knows")];
    knows.streams = 9;
    const errand = house.errand();
    moveOn(errand, await house.dispatcher.open(errand), house.clock.now());
    expect(await house.open(errand)).toBe("knows");
    expect(behind.streams).toBe(0);
    expect(await many(house, 3)).toEqual({ knows: 3 });
    house.clock.advance(1_000);
    expect(await house.open()).toBe("behind");
  });
});
