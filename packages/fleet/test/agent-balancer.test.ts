import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AgentBalancer,
  rendezvous,
  type AgentQuestion,
  type AgentState,
} from "../src/agent-balancer.ts";

const LIFE_MS = 10_800_000;
const balancer = () =>
  new AgentBalancer({
    affinityMs: LIFE_MS,
    remembered: 3,
    tag: (text) => `T${text.length}${text}`,
  });
const agent = (agentId: string, outstanding = 0, usable = true, readyAt = 0): AgentState => ({
  agentId,
  outstanding,
  usable,
  readyAt,
});
const ask = (
  policy: Partial<AgentQuestion["policy"]>,
  given: Partial<AgentQuestion> = {},
): AgentQuestion => ({
  clusterUuid: "c",
  policy: { affinity: "none", balance: "least", ...policy },
  address: "192.0.2.1",
  sticky: undefined,
  ...given,
});

describe("which agent of a cluster", () => {
  const cookie = balancer().cookie.valueOf("c", "b");
  const busy = [agent("a", 1), agent("b", 9)];
  test.each([
    { name: "none where there is none", agents: [], question: ask({}), want: "" },
    { name: "none that is unusable", agents: [agent("a", 0, false)], question: ask({}), want: "" },
    { name: "the one with least to do", agents: busy, question: ask({}), want: "a" },
    {
      name: "an unusable one has least to do but gets nothing",
      agents: [agent("a", 0, false), agent("b", 5)],
      question: ask({}),
      want: "b",
    },
    {
      name: "one that is not ready has least to do but gets nothing",
      agents: [agent("a", 0, true, Infinity), agent("b", 5)],
      question: ask({}),
      want: "b",
    },
    {
      name: "one that is not ready has no turn",
      agents: [agent("a", 0, true, Infinity), agent("b", 5)],
      question: ask({ balance: "round_robin" }),
      want: "b",
    },
    {
      name: "one that is not ready is asked where there is no other",
      agents: [agent("a", 0, true, Infinity), agent("b", 0, false)],
      question: ask({}),
      want: "a",
    },
    {
      name: "one that is not ready is asked where there is no other, also by its address",
      agents: [agent("a", 0, true, Infinity), agent("b", 0, false)],
      question: ask({ affinity: "client_ip" }),
      want: "a",
    },
    {
      name: "another when the cookie's agent is not ready",
      agents: [agent("a", 9), agent("b", 0, true, Infinity)],
      question: ask({ affinity: "cookie" }, { sticky: cookie }),
      want: "a",
    },
    {
      name: "the cookie's agent when it refused something lately",
      agents: [agent("a", 9), agent("b", 0, true, 1_000_000_000)],
      question: ask({ affinity: "cookie" }, { sticky: cookie }),
      want: "b",
    },
    {
      name: "not one that refused something lately",
      agents: [agent("a", 9), agent("b", 0, true, 1_000_000_000)],
      question: ask({}),
      want: "a",
    },
    {
      name: "the cookie's agent, however busy",
      agents: busy,
      question: ask({ affinity: "cookie" }, { sticky: cookie }),
      want: "b",
    },
    {
      name: "another when the cookie's agent drains",
      agents: [agent("a", 9), agent("b", 0, false)],
      question: ask({ affinity: "cookie" }, { sticky: cookie }),
      want: "a",
    },
    {
      name: "a made-up cookie is as good as none",
      agents: busy,
      question: ask({ affinity: "cookie" }, { sticky: "b.b" }),
      want: "a",
    },
    {
      name: "a cookie of another cluster too",
      agents: busy,
      question: ask({ affinity: "cookie" }, { sticky: balancer().cookie.valueOf("d", "b") }),
      want: "a",
    },
    {
      name: "a cookie means nothing without cookie affinity",
      agents: busy,
      question: ask({}, { sticky: cookie }),
      want: "a",
    },
  ])("$name", ({ agents, question, want }) => {
    const at = balancer().choose(agents, question, 0);
    expect(agents[at]?.agentId ?? "").toBe(want);
  });

  test.each(["least", "round_robin"] as const)("%s: idle agents take turns", (balance) => {
    const agents = [agent("a"), agent("b"), agent("c", 0, false), agent("d")];
    const one = balancer();
    const counts = [0, 0, 0, 0];
    for (let n = 0; n < 400; n += 1) counts[one.choose(agents, ask({ balance }), 0)]! += 1;
    expect(counts[2]).toBe(0);
    for (const at of [0, 1, 3]) expect(counts[at]).toBeGreaterThan(50);
  });

  test.each(["least", "round_robin"] as const)(
    "%s: agents share the load also when requests of two clusters come by turns",
    (balance) => {
      const agents = [agent("a"), agent("b")];
      const one = balancer();
      const counts = [0, 0];
      for (let n = 0; n < 400; n += 1) {
        counts[one.choose(agents, ask({ balance }), 0)]! += 1;
        one.choose(agents, ask({ balance }, { clusterUuid: "other" }), 0);
      }
      for (const count of counts) expect(count).toBeGreaterThan(100);
    },
  );

  test("round_robin goes on in order when an agent between cannot take its turn", () => {
    const one = balancer();
    const question = ask({ balance: "round_robin" });
    const [a, b, c] = [agent("a"), agent("b"), agent("c")];
    const without = [a, agent("b", 0, false), c];
    const turns = [[a, b, c], without, without, [a, b, c], [a, b, c], [a, b, c]];
    const order = turns.map((agents) => agents[one.choose(agents, question, 0)]!.agentId);
    expect(order.join("")).toBe("acabca");
  });

  test("a cookie names its cluster, also when the agent has gone", () => {
    const { cookie } = balancer();
    const value = cookie.valueOf("c", "b");
    expect(cookie.namesCluster(value, "c")).toBe(true);
    expect(cookie.namesCluster(value, "d")).toBe(false);
    expect(cookie.namesAgent(value, "c", "x")).toBe(false);
  });
});

const question = (address: string) => ask({ affinity: "client_ip" }, { address });

describe("affinity to a client's address", () => {
  const addresses = Array.from({ length: 200 }, (_, n) => `192.0.2.${n}`);
  const three = ["a", "b", "c"].map((id) => agent(id));

  test("addresses spread, and each keeps its agent on every gateway", () => {
    const first = addresses.map((address) => balancer().choose(three, question(address), 0));
    const second = addresses.map((address) => balancer().choose(three, question(address), 9));
    expect(second).toEqual(first);
    for (const at of [0, 1, 2]) {
      expect(first.filter((one) => one === at).length).toBeGreaterThan(30);
    }
  });

  test("an address stays with its agent when another joins, for as long as it is remembered", () => {
    const four = [...three, agent("d")];
    const moving = addresses.find((address) => rendezvous(address, four) === 3)!;
    const one = balancer();
    const before = one.choose(three, question(moving), 0);
    expect(one.choose(four, question(moving), LIFE_MS - 1)).toBe(before);
    expect(one.choose(four, question(moving), LIFE_MS + 9)).toBe(before);
    expect(one.choose(four, question(moving), 3 * LIFE_MS)).toBe(3);
  });

  test("what is remembered is bounded: the one not seen for longest goes", () => {
    const four = [...three, agent("d")];
    const moving = addresses.filter((address) => rendezvous(address, four) === 3).slice(0, 4);
    const one = balancer();
    for (const address of moving) one.choose(three, question(address), 0);
    expect(one.choose(four, question(moving[0]!), 1)).toBe(3);
    expect(one.choose(four, question(moving[3]!), 1)).not.toBe(3);
  });

  test("it moves on when its agent is unusable", () => {
    const one = balancer();
    const at = one.choose(three, question("192.0.2.1"), 0);
    const without = three.map((each, n) => (n === at ? agent(each.agentId, 0, false) : each));
    const next = one.choose(without, question("192.0.2.1"), 1);
    expect([-1, at]).not.toContain(next);
  });

  test("rendezvous moves a key only if its agent goes", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 9 }),
        fc.string(),
        (ids, key) => {
          const [gone, ...others] = ids;
          const had =
            ids[
              rendezvous(
                key,
                ids.map((id) => agent(id)),
              )
            ];
          if (had === gone) return;
          expect(
            others[
              rendezvous(
                key,
                others.map((id) => agent(id)),
              )
            ],
          ).toBe(had);
        },
      ),
    );
  });
});
