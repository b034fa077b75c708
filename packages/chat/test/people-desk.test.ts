import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { apiOf } from "./_api.ts";
import { metricOf } from "./_metrics.ts";
import { runningChat, tokenOf } from "./_running-chat.ts";
import { device, entry, resume, say, scriptedModel, UNLIMITED } from "./_talk-kit.ts";

const bobs = tokenOf("bob", ["admin"]);
const MANY = { ...UNLIMITED, admin: { points: 10_000, perMs: 60_000 } };
const opened = new AsyncDisposableStack();
let running: Awaited<ReturnType<typeof runningChat>>;
let model: Awaited<ReturnType<typeof scriptedModel>>;
let port: number;
let bob: ReturnType<typeof apiOf>;
let ids: { assisted: string; waiting: string; ended: string };

beforeAll(async () => {
  model = opened.use(await scriptedModel());
  running = opened.use(await runningChat({ providers: [model.provider], rates: MANY }));
  ({ port } = running.chat);
  bob = apiOf(port, bobs);
  ids = await fixture();
});
afterAll(() => opened.disposeAsync());

/** One session that was answered and assisted, one that waits for a person, one that is over. */
async function fixture() {
  using phone = await device(port, tokenOf("listed"), "phone");
  const { session_id: assisted } = await say(phone, "first");
  await (await model.question(1)).answer("an answer of seven tokens");
  await entry(phone, (one) => one.kind === "message" && one.sender === "ai");
  await bob("POST", `/admin/takeover/${assisted}`);
  await bob("POST", `/admin/leave/${assisted}`);
  using other = await device(port, tokenOf("listed-2"), "phone");
  const { session_id: waiting } = await say(other, "second");
  other.send({ type: "help_request", session_id: waiting, client_message_id: "h" });
  await other.next("message_ack", (ack) => ack.client_message_id === "h");
  using third = await device(port, tokenOf("listed-3"), "phone");
  const { session_id: ended } = await say(third, "third");
  await apiOf(port, tokenOf("listed-3"))("POST", `/sessions/${ended}/end`);
  return { assisted, waiting, ended };
}

describe("those who wait for a person", () => {
  test("are told their place, and the next one when one before them is served", async () => {
    await using own = await runningChat({ rates: MANY });
    const at = own.chat.port;
    const desk = apiOf(at, bobs);
    using alice = await device(at, tokenOf("alice"), "phone");
    using carol = await device(at, tokenOf("carol"), "phone");
    const { session_id: first } = await say(alice, "hello");
    const { session_id: second } = await say(carol, "hello");
    alice.send({ type: "help_request", session_id: first });
    await alice.next("queue", ({ position }) => position === 1);
    carol.send({ type: "help_request", session_id: second });
    const confirmed = await carol.next("connection_status", ({ content }) => content !== undefined);
    expect(confirmed.content).toContain("1 before you");
    const place = await carol.next("queue");
    expect(place).toMatchObject({ session_id: second, position: 2, waiting: 2 });
    expect(Date.parse(place.since!)).toBeGreaterThan(0);

    const { body } = await desk("GET", "/admin/queue");
    expect(body).toMatchObject({
      count: 2,
      total: 2,
      queue: [
        { id: first, user_id: "alice", queue_position: 1, help_requested: true },
        { id: second, user_id: "carol", queue_position: 2 },
      ],
    });
    const [one] = body["queue"] as { waiting_ms: number; help_since: string }[];
    expect(one!.waiting_ms).toBeGreaterThanOrEqual(0);
    expect(Date.parse(one!.help_since)).toBeLessThanOrEqual(Date.now());
    expect((await desk("GET", "/admin/queue?limit=1")).body).toMatchObject({ count: 1, total: 2 });
    expect((await desk("GET", "/admin/queue?limit=many")).status).toBe(400);

    await desk("POST", `/admin/takeover/${first}`);
    await carol.next("queue", ({ position, waiting }) => position === 1 && waiting === 1);
    await alice.next("queue", ({ position }) => position === 0);
    const list = await desk("GET", "/admin/sessions?help_requested=true");
    expect(list.body).toMatchObject({ sessions: [{ id: second, queue_position: 1 }] });
    // A device that comes back learns where it stands.
    using again = await device(at, tokenOf("carol"), "laptop");
    await resume(again, second);
    expect(await again.next("queue")).toMatchObject({ position: 1 });
  });

  test("are not called again for, and do not wait, while a person has them", async () => {
    using alice = await device(port, tokenOf("helped"), "phone");
    const { session_id } = await say(alice, "hello");
    await bob("POST", `/admin/takeover/${session_id}`);
    alice.send({ type: "help_request", session_id, client_message_id: "help" });
    await alice.next("message_ack", (ack) => ack.client_message_id === "help");
    const { body } = await bob("GET", "/admin/queue");
    expect(JSON.stringify(body)).not.toContain(session_id);
  });
});

const find = async (query: string) => {
  const { body, status } = await bob("GET", `/admin/sessions?${query}`);
  expect(status).toBe(200);
  return (body["sessions"] as { id: string }[]).map(({ id }) => id);
};

describe("the list of sessions", () => {
  // T-1: what was said of tokens, times and admins never reached the lists.
  test("shows tokens, response times, who assisted and who asked for help as they are", async () => {
    const { body } = await bob("GET", "/admin/sessions?user_id=listed");
    expect(body).toMatchObject({ count: 1, total: 1, limit: 100, offset: 0 });
    expect(body["sessions"]).toMatchObject([
      {
        id: ids.assisted,
        session_id: ids.assisted,
        user_id: "listed",
        name: "first",
        message_count: 2,
        total_tokens: 7,
        admin_assisted: true,
        is_active: true,
        help_requested: false,
      },
    ]);
    const [one] = body["sessions"] as { max_response_time: number; avg_response_time: number }[];
    expect(one!.max_response_time).toBeGreaterThan(0);
    expect(one!.avg_response_time).toBe(one!.max_response_time);
  });

  test.each<{ name: string; query: string; want: (keyof typeof ids)[]; not: (keyof typeof ids)[] }>(
    [
      {
        name: "active ones",
        query: "status=active",
        want: ["assisted", "waiting"],
        not: ["ended"],
      },
      { name: "ended ones", query: "status=ended", want: ["ended"], not: ["assisted", "waiting"] },
      {
        name: "assisted ones",
        query: "admin_assisted=true",
        want: ["assisted"],
        not: ["waiting", "ended"],
      },
      {
        name: "those that nobody assisted",
        query: "admin_assisted=false",
        want: ["waiting", "ended"],
        not: ["assisted"],
      },
      {
        name: "those that began in a time",
        query: "start_time_from=2020-01-01T00:00:00Z&start_time_to=2099-01-01T00:00:00Z",
        want: ["assisted", "waiting", "ended"],
        not: [],
      },
      {
        name: "those of days, by the other names",
        query: "start_time=2020-01-01&end_time=2020-01-02",
        want: [],
        not: ["assisted", "waiting", "ended"],
      },
    ],
  )("is narrowed to $name", async ({ query, want, not }) => {
    const found = await find(`${query}&limit=1000`);
    for (const key of want) expect(found).toContain(ids[key]);
    for (const key of not) expect(found).not.toContain(ids[key]);
  });

  // T-6: pages were sorted after they were cut, and names of columns were not known.
  test.each([
    "start_time",
    "end_time",
    "message_count",
    "total_tokens",
    "user_id",
    "duration",
    "last_activity",
  ])("is sorted by %s both ways over all pages", async (by) => {
    const all = await find(`sort_by=${by}&sort_order=asc&limit=1000`);
    const down = await find(`sort_by=${by}&sort_order=desc&limit=1000`);
    expect(down.toReversed()).toEqual(all);
    const paged = [
      ...(await find(`sort_by=${by}&sort_order=asc&limit=2`)),
      ...(await find(`sort_by=${by}&sort_order=asc&limit=1000&offset=2`)),
    ];
    expect(paged).toEqual(all);
  });

  test.each([
    { name: "an unknown sort", query: "sort_by=password", field: "sort_by" },
    { name: "an order that is none", query: "sort_order=up", field: "sort_order" },
    { name: "a time without a zone", query: "start_time_from=yesterday", field: "start_time_from" },
    { name: "too long a user id", query: `user_id=${"x".repeat(256)}`, field: "user_id" },
    { name: "an offset beyond what is counted", query: "offset=10001", field: "offset" },
  ])("refuses $name with its name", async ({ query, field }) => {
    const { status, body } = await bob("GET", `/admin/sessions?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: "BAD_REQUEST",
      message: expect.stringContaining(field) as string,
    });
  });

  test("of one user is a list by itself", async () => {
    const { body } = await bob("GET", "/admin/users/listed-2/sessions");
    expect(body).toMatchObject([{ id: ids.waiting, user_id: "listed-2" }]);
  });

  test("is for admins alone", async () => {
    const paths = ["/admin/sessions", "/admin/metrics", "/admin/queue", "/admin/replies"];
    for (const path of paths) {
      expect((await apiOf(port, tokenOf("alice"))("GET", path)).status).toBe(403);
      expect((await apiOf(port, undefined)("GET", path)).status).toBe(401);
    }
  });
});

describe("the sums over sessions", () => {
  // T-44: the pages asked for shapes that the server did not have.
  test("are there in both shapes that clients read, and how many went on at once is a whole number", async () => {
    const { body } = await bob("GET", "/admin/metrics");
    const metrics = body["metrics"] as Record<string, number>;
    expect(body).toMatchObject({
      total_sessions: metrics["TotalSessions"],
      active_sessions: metrics["ActiveSessions"],
      total_tokens: metrics["TotalTokens"],
      avg_response_time: metrics["AvgResponseTime"],
      max_response_time: metrics["MaxResponseTime"],
      admin_assisted_count: metrics["AdminAssistedCount"],
    });
    expect(metrics["TotalSessions"]).toBeGreaterThanOrEqual(3);
    expect(Number.isInteger(body["max_concurrent"])).toBe(true);
    expect(body["max_concurrent"]).toBeGreaterThanOrEqual(1);
    const average = body["avg_concurrent"] as number;
    expect(Math.round(average * 100)).toBeCloseTo(average * 100, 6);
    const { start, end } = body["time_range"] as Record<string, string>;
    expect(Date.parse(end!) - Date.parse(start!)).toBe(86_400_000);
  });

  test("refuse a time that ends before it begins", async () => {
    const query = "start_time=2026-02-01T00:00:00Z&end_time=2026-01-01T00:00:00Z";
    expect((await bob("GET", `/admin/metrics?${query}`)).status).toBe(400);
  });
});

describe("canned replies", () => {
  test("are written, changed and removed by any admin, for all of them", async () => {
    const ann = apiOf(port, tokenOf("ann", ["admin"]));
    const said = { title: "Greeting", text: "Hello, how can I help you?" };
    const made = await bob("POST", "/admin/replies", said);
    expect(made).toMatchObject({ status: 201, body: { ...said, updated_by: "bob" } });
    const at = `/admin/replies/${String(made.body["id"])}`;
    const changed = await ann("PUT", at, { ...said, text: "Hi!" });
    expect(changed).toMatchObject({ status: 200, body: { text: "Hi!", updated_by: "ann" } });
    expect((await bob("GET", "/admin/replies")).body).toEqual({
      replies: [changed.body],
      count: 1,
    });
    expect((await bob("DELETE", at)).status).toBe(204);
    for (const [method, body] of [
      ["PUT", said],
      ["DELETE", undefined],
    ] as const) {
      expect((await bob(method, at, body)).status).toBe(404);
    }
    expect((await bob("GET", "/admin/replies")).body).toEqual({ replies: [], count: 0 });
  });

  test.each([
    { name: "no title", body: { text: "x" }, code: "MISSING_FIELD" },
    { name: "an empty text", body: { title: "x", text: "  " }, code: "INVALID_FORMAT" },
    { name: "a text that is none", body: { title: "x", text: 7 }, code: "INVALID_FORMAT" },
    {
      name: "too long a text",
      body: { title: "x", text: "é".repeat(5_001) },
      code: "INVALID_FORMAT",
    },
    { name: "no JSON", body: "{", code: "INVALID_FORMAT" },
  ])("are refused with $name", async ({ body, code }) => {
    expect(await bob("POST", "/admin/replies", body)).toMatchObject({
      status: 400,
      body: { code },
    });
  });
});

describe("metrics", () => {
  test("count sessions that somebody follows, and drift by nothing", async () => {
    await using own = await runningChat({ rates: MANY });
    const active = () => metricOf(own.metrics)("chatbox_active_sessions_total");
    expect(await active()).toBe(0);
    const phone = await device(own.chat.port, tokenOf("alice"), "phone");
    const { session_id } = await say(phone, "hello");
    using tablet = await device(own.chat.port, tokenOf("alice"), "tablet");
    await resume(tablet, session_id);
    using other = await device(own.chat.port, tokenOf("carol"), "phone");
    await say(other, "hello");
    expect(await active()).toBe(2);
    // Ended twice, as in the service that this one follows: there it went below zero.
    for (const client_message_id of ["once", "twice"]) {
      tablet.send({ type: "end_session", session_id, client_message_id });
      await tablet.next("message_ack", (ack) => ack.client_message_id === client_message_id);
      await apiOf(own.chat.port, tokenOf("alice"))("GET", `/sessions/${session_id}`);
    }
    expect(await metricOf(own.metrics)("chatbox_sessions_ended_total")).toBe(1);
    expect(await active()).toBe(2);
    phone.socket.close();
    await phone.closed;
    tablet.socket.close();
    await tablet.closed;
    await expect.poll(active).toBe(1);
  });

  test("count what was not sent to an admin who does not read", async () => {
    await using words = await scriptedModel();
    await using own = await runningChat({
      providers: [words.provider],
      rates: MANY,
      connections: { most: 100, mostOfUser: 10, mostWaitingBytes: 65_536 },
    });
    const dropped = () => metricOf(own.metrics)("chatbox_admin_messages_dropped_total");
    using phone = await device(own.chat.port, tokenOf("alice"), "phone");
    const { session_id } = await say(phone, "hello");
    const headers = { authorization: `Bearer ${bobs}` };
    const url = `ws://127.0.0.1:${own.chat.port}/chat/ws?session_id=${session_id}`;
    const deaf = new WebSocket(url, { headers });
    await once(deaf, "open");
    deaf.pause();
    const question = await words.question(1);
    while ((await dropped()) === 0) {
      for (let i = 0; i < 10; i++) await question.say("x".repeat(30_000));
    }
    deaf.terminate();
    expect(await metricOf(own.metrics)("chatbox_slow_consumers_total")).toBeGreaterThanOrEqual(1);
  });
});
