import * as v from "valibot";
import { describe, expect, test } from "vitest";
import * as values from "./values.ts";

const read = (schema: v.GenericSchema<string, unknown>, text: string): unknown => {
  const parsed = v.safeParse(schema, text);
  return parsed.success ? parsed.output : "refused";
};

const tables: [string, v.GenericSchema<string, unknown>, [string, unknown][]][] = [
  [
    "Port",
    values.Port,
    [
      ["0", 0],
      ["8080", 8080],
      ["65535", 65535],
      ["65536", "refused"],
      ["-1", "refused"],
      ["1e3", "refused"],
      [" 80", "refused"],
      ["", "refused"],
    ],
  ],
  [
    "WholeNumber",
    values.WholeNumber,
    [
      ["0", 0],
      ["12", 12],
      ["1.5", "refused"],
      ["-1", "refused"],
      ["0x10", "refused"],
    ],
  ],
  [
    "YesNo",
    values.YesNo,
    [
      ["true", true],
      ["false", false],
      ["1", "refused"],
      ["yes", "refused"],
      ["", "refused"],
    ],
  ],
  [
    "Duration",
    values.Duration,
    [
      ["0", 0],
      ["250ms", 250],
      ["30s", 30_000],
      ["5m", 300_000],
      ["1h30m", 5_400_000],
      ["1.5s", 1500],
      ["90d", 7_776_000_000],
      ["30", "refused"],
      ["s", "refused"],
      ["-1s", "refused"],
      ["1 s", "refused"],
      ["", "refused"],
    ],
  ],
  [
    "Size",
    values.Size,
    [
      ["512", 512],
      ["64KiB", 65_536],
      ["1 MiB", 1_048_576],
      ["2GB", 2e9],
      ["1kB", 1000],
      ["1K", "refused"],
      ["-1B", "refused"],
      ["1.5MiB", "refused"],
    ],
  ],
  [
    "PerSecond",
    values.PerSecond,
    [
      ["100/s", 100],
      ["90/m", 1.5],
      ["36/h", 0.01],
      ["0.5/s", 0.5],
      ["0/s", "refused"],
      ["100", "refused"],
      ["1/d", "refused"],
    ],
  ],
  [
    "HostPort",
    values.HostPort,
    [
      ["a.b:80", { host: "a.b", port: 80 }],
      ["[::1]:443", { host: "::1", port: 443 }],
      ["::1:443", "refused"],
      ["a.b", "refused"],
      ["a b:1", "refused"],
      [":80", "refused"],
      ["a:70000", "refused"],
    ],
  ],
  [
    "PortRange",
    values.PortRange,
    [
      ["30000-30099", { first: 30000, last: 30099 }],
      ["80", { first: 80, last: 80 }],
      ["2-1", "refused"],
      ["0-5", "refused"],
      ["1-2-3", "refused"],
      ["-5", "refused"],
    ],
  ],
  [
    "urlOf",
    values.urlOf("ws", "wss"),
    [
      ["ws://a:1", new URL("ws://a:1")],
      ["http://a", "refused"],
      ["a", "refused"],
    ],
  ],
  [
    "oneOf",
    values.oneOf("least", "round_robin"),
    [
      ["least", "least"],
      ["most", "refused"],
    ],
  ],
];

describe.each(tables)("%s", (_name, schema, cases) => {
  test.each(cases)("%j is read as %j", (text, want) => {
    expect(read(schema, text)).toEqual(want);
  });
});
