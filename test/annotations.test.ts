// docs/annotations.md, and what operations.md says of Ingresses, against the code, both ways.
import { promMetrics } from "@warren/host";
import { silentLog } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import { meaningOf } from "../packages/agent/src/kube/annotations/foreign.ts";
import {
  WARREN_ANNOTATIONS,
  WARREN_PREFIX,
} from "../packages/agent/src/kube/annotations/warren.ts";
import { WELL_KNOWN } from "../packages/agent/src/kube/annotations/well-known.ts";
import { IngressEvents } from "../packages/agent/src/kube/ingress/ingress-events.ts";
import { INGRESS_REASONS } from "../packages/agent/src/kube/ingress/reasons.ts";
import { code, tableUnder } from "./_tables.ts";

const FILE = "docs/annotations.md";
const row = (name: string, { access }: { access: boolean }) => [code(name), access ? "closes" : ""];
const written = (heading: string) => tableUnder(FILE, heading).map((cells) => cells.slice(0, 2));

test("every annotation of Warren's own is listed, and what it does with a value that cannot be read", () => {
  const known = Object.entries(WARREN_ANNOTATIONS);
  expect(written("Warren's own annotations")).toEqual(
    known.map(([name, how]) => row(`${WARREN_PREFIX}${name}`, how)),
  );
});

test("every well-known annotation is listed", () => {
  expect(written("Annotations of other controllers")).toEqual(
    Object.entries(WELL_KNOWN).map(([name, how]) => row(name, how)),
  );
});

const plain = (cell: string | undefined) => (cell ?? "").replaceAll("`", "");

describe("what is not implemented", () => {
  const table = tableUnder(FILE, "What is not implemented").map((cells) => ({
    name: plain(cells[0]),
    value: plain(cells[1]),
    meaning: plain(cells[2]),
  }));
  test.each(table)("$name: $value $meaning", ({ name, value, meaning }) => {
    expect(meaningOf(name, value)).toBe(meaning);
    expect(Object.hasOwn(WELL_KNOWN, name)).toBe(false);
  });
});

test("every reason of an Event is listed", () => {
  const written = tableUnder(FILE, "Events of an Ingress").map(([reason]) => reason);
  expect(written).toEqual(INGRESS_REASONS.map(code));
});

test("metrics of Ingresses", () => {
  const metrics = promMetrics();
  new IngressEvents(silentLog(), metrics).observe(metrics, () => {
    throw new Error("nobody looks");
  });
  const rows = metrics.declared.map(({ name, labels, help }) => [
    code(name),
    labels.map(code).join(", "),
    help,
  ]);
  expect(tableUnder("docs/operations.md", "Metrics of an agent's Ingresses")).toEqual(rows);
});
