import { KIND, readOpening, WireError } from "@warren/wire";
import { expect, test } from "vitest";
import { entry } from "../../test/_routes-kit.ts";
import { OpeningCache } from "./opening-cache.ts";

const REQUEST = { kind: KIND.http, head: "", staying: undefined };

test("a share of the requests that has an answer gets it, and the others go to their backend", () => {
  const backends = [
    { service: "web", port: 80, weight: 3 },
    { service: "gone", port: 80, weight: 1, answer: 500 as const },
  ];
  const made = entry({ backends });
  let point = 0;
  const cache = new OpeningCache(() => point);
  const counts = new Map<string, number>();
  for (point = 0.0005; point < 1; point += 0.001) {
    const what = outcome(() => cache.opening(made, REQUEST));
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  expect(Object.fromEntries(counts)).toEqual({ "backend 0": 750, invalid_backend: 250 });
});

test("a single backend that has no endpoints is answered so", () => {
  const made = entry({ backends: [{ service: "web", port: 80, answer: 503 }] });
  const cache = new OpeningCache(() => 0);
  expect(outcome(() => cache.opening(made, REQUEST))).toBe("no_endpoints");
});

test("who stays is sent to the same backend each time, in the same shares", () => {
  const backends = [
    { service: "web", port: 80, weight: 3 },
    { service: "next", port: 80, weight: 1 },
  ];
  const made = entry({ backends });
  const cache = new OpeningCache(Math.random);
  const counts = [0, 0];
  for (let n = 0; n < 1_000; n++) {
    const request = { ...REQUEST, staying: `9f86d081884c7d65-${n.toString(36)}` };
    const [first, again] = [cache.opening(made, request), cache.opening(made, request)];
    expect(readOpening(again)!.backend).toBe(readOpening(first)!.backend);
    counts[readOpening(first)!.backend]!++;
  }
  expect(counts[1]).toBeGreaterThan(200);
  expect(counts[1]).toBeLessThan(300);
});

function outcome(open: () => Uint8Array): string {
  try {
    return `backend ${readOpening(open())!.backend}`;
  } catch (error) {
    return WireError.from(error).code;
  }
}
