import { describe, expect, test } from "vitest";
import { pinoLog, redacted, type Level } from "./log.ts";
import { recordingLog, silentLog } from "./testing/index.ts";

function written(level: Level = "debug", format: "json" | "pretty" = "json") {
  const lines: string[] = [];
  const log = pinoLog({
    level,
    format,
    to: { write: (line) => void lines.push(line) },
    colours: false,
  });
  return {
    log,
    lines,
    json: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe("pinoLog", () => {
  test("a line has its level as a word, a time, its message and its fields", () => {
    const { log, json } = written();
    log.with({ cluster_uuid: "c1" }).info("Gateway proxy request", { host: "a.b", status: 200 });
    expect(json()).toEqual([
      {
        level: "info",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        cluster_uuid: "c1",
        host: "a.b",
        status: 200,
        msg: "Gateway proxy request",
      },
    ]);
  });

  test("lines below the level are dropped and said to be", () => {
    const { log, lines } = written("warn");
    log.info("no");
    log.warn("yes");
    expect(lines).toHaveLength(1);
    expect([log.enabled("info"), log.enabled("error")]).toEqual([false, true]);
  });

  test("an error comes with its cause", () => {
    const { log, json } = written();
    log.error("it broke", { error: new Error("outer", { cause: new Error("inner") }) });
    expect(json()[0]).toMatchObject({ error: { message: "outer", cause: { message: "inner" } } });
  });

  test.each([
    {
      name: "bound",
      write: (log: ReturnType<typeof pinoLog>, f: object) => log.with({ ...f }).info("m"),
    },
    {
      name: "of a line",
      write: (log: ReturnType<typeof pinoLog>, f: object) => log.info("m", { ...f }),
    },
    {
      name: "nested",
      write: (log: ReturnType<typeof pinoLog>, f: object) =>
        log.info("m", { req: { headers: [f] } }),
    },
  ])("credentials in fields $name are never written", ({ write }) => {
    const { log, lines } = written();
    write(log, {
      Authorization: "Bearer s3cret",
      cookie: "s3cret",
      "X-Auth-Token": "s3cret",
      a: 1,
    });
    expect(lines.join("")).not.toContain("s3cret");
    expect(lines.join("")).toContain("[redacted]");
  });

  test("pretty is for people", () => {
    const { log, lines } = written("info", "pretty");
    log.info("listening", { port: 8080 });
    expect(lines.join("")).toMatch(/INFO.*listening/);
  });
});

test("fields without credentials are not copied", () => {
  const fields = { host: "a", nested: { path: "/" } };
  expect(redacted(fields)).toBe(fields);
});

test("fields that contain themselves are cut, not followed for ever", () => {
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  expect(JSON.stringify(redacted(loop))).toContain("too deep");
});

test("recordingLog keeps lines of its children and tells who waits for one", async () => {
  const log = recordingLog();
  const later = log.line((line) => line.msg === "second");
  log.with({ a: 1 }).info("first", { b: 2 });
  log.warn("second", { cookie: "x" });
  expect(log.lines[0]).toEqual({ level: "info", msg: "first", fields: { a: 1, b: 2 } });
  expect(await later).toEqual({ level: "warn", msg: "second", fields: { cookie: "[redacted]" } });
  expect(await log.line((line) => line.msg === "first")).toBe(log.lines[0]);
});

test("silentLog drops everything", () => {
  expect(silentLog().with({}).enabled("error")).toBe(false);
});
