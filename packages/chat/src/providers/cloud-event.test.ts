import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CloudEventError, readCloudEvent, writeCloudEvent } from "./cloud-event.ts";

const STRUCTURED = { "content-type": "application/cloudevents+json; charset=utf-8" };
const BINARY = {
  "content-type": "application/json",
  "ce-specversion": "1.0",
  "ce-id": "1",
  "ce-source": "/a",
  "ce-type": "t",
};
const EVENT = { specversion: "1.0", id: "1", source: "/a", type: "t" };

function read(headers: Record<string, string>, body: string) {
  return readCloudEvent({ header: (name) => headers[name], body });
}

describe("an event", () => {
  test("is the same after both modes, whatever is in it", () => {
    const text = fc
      .string({ unit: "binary", minLength: 1, maxLength: 40 })
      .map((s) => s.toWellFormed());
    const event = fc.record({
      id: text,
      source: text,
      type: text,
      subject: fc.option(text, { nil: undefined }),
      time: fc.constantFrom(undefined, "2026-11-21T12:00:00.000Z"),
      data: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
    });
    fc.assert(
      fc.property(
        event,
        fc.constantFrom("binary" as const, "structured" as const),
        (sent, mode) => {
          const { headers, body } = writeCloudEvent(sent, mode);
          for (const value of Object.values(headers)) expect(value).toMatch(/^[ -~]+$/);
          expect(read(headers, body)).toEqual(sent);
        },
      ),
    );
  });

  test("has its header values percent-encoded as the binding says", () => {
    const { headers } = writeCloudEvent(
      { id: `Euro € 😀 "%`, source: "/a", type: "t", subject: undefined, time: undefined, data: 1 },
      "binary",
    );
    expect(new Headers(headers).get("ce-id")).toBe("Euro%20%E2%82%AC%20%F0%9F%98%80%20%22%25");
  });

  test("may have its data in base64", () => {
    const data_base64 = Buffer.from(`{"a":1}`).toString("base64");
    expect(read(STRUCTURED, JSON.stringify({ ...EVENT, data_base64 })).data).toEqual({ a: 1 });
  });
});

describe("what is wrong with an event is said", () => {
  const cases: { name: string; headers: Record<string, string>; body: unknown; problem: RegExp }[] =
    [
      {
        name: "no event at all",
        headers: { "content-type": "application/json" },
        body: {},
        problem: /^neither/,
      },
      {
        name: "a batch",
        headers: { "content-type": "application/cloudevents-batch+json" },
        body: [],
        problem: /only one of its kind/,
      },
      {
        name: "another format",
        headers: { "content-type": "application/cloudevents+avro" },
        body: "",
        problem: /only one of its kind/,
      },
      {
        name: "another version",
        headers: STRUCTURED,
        body: { ...EVENT, specversion: "0.3" },
        problem: /: specversion$/,
      },
      {
        name: "several that are missing",
        headers: STRUCTURED,
        body: { specversion: "1.0", type: "" },
        problem: /: id, source, type$/,
      },
      {
        name: "a time that is none",
        headers: STRUCTURED,
        body: { ...EVENT, time: "noon" },
        problem: /: time$/,
      },
      { name: "a list", headers: STRUCTURED, body: [EVENT], problem: /one JSON object/ },
      {
        name: "data twice",
        headers: STRUCTURED,
        body: { ...EVENT, data: 1, data_base64: "MQ==" },
        problem: /exclude/,
      },
      {
        name: "data of another kind",
        headers: STRUCTURED,
        body: { ...EVENT, datacontenttype: "text/xml", data: "" },
        problem: /JSON/,
      },
      {
        name: "binary data of another kind",
        headers: { ...BINARY, "content-type": "text/plain" },
        body: "",
        problem: /JSON/,
      },
      {
        name: "an attribute that is no UTF-8",
        headers: { ...BINARY, "ce-id": "%FF" },
        body: 1,
        problem: /percent-encoded/,
      },
      {
        name: "a very long id",
        headers: { ...BINARY, "ce-id": "x".repeat(3000) },
        body: 1,
        problem: /: id$/,
      },
    ];
  test.each(cases)("$name", ({ headers, body, problem }) => {
    expect(() => read(headers, JSON.stringify(body))).toThrow(CloudEventError);
    expect(() => read(headers, JSON.stringify(body))).toThrow(problem);
  });

  test("a body that is no JSON", () => {
    expect(() => read(STRUCTURED, "{")).toThrow("the body is no JSON");
  });
});
