import { randomBytes } from "node:crypto";
import { loadConfig, systemClock } from "@warren/host";
import { silentLog } from "@warren/host/testing";
import { expect, test } from "vitest";
import { chatOptions } from "../src/options.ts";
import { readChatConfig } from "../src/read-config.ts";
import { NO_BUCKET_KEYS } from "../src/read-content-config.ts";

function read(argv: readonly string[]) {
  const given = { argv: ["--dev", ...argv], env: {}, file: undefined, all: [] };
  const loaded = loadConfig(chatOptions, given);
  if (!loaded.ok) throw new Error(loaded.problems.join());
  const keys = { current: randomBytes(32).toString("base64"), former: "" };
  return readChatConfig(loaded.config, {
    folder: "/nowhere",
    jwtSecret: randomBytes(32).toString("base64"),
    mongoUri: "",
    bucketKeys: NO_BUCKET_KEYS,
    carriers: { smtpPass: undefined, smsAuthToken: undefined },
    outbox: "/nowhere/outbox",
    pages: undefined,
    keys,
    keySource: () => Promise.resolve(keys),
    env: {},
    deps: { clock: systemClock, log: silentLog() },
  });
}

const FILES = ["--tls-cert", "c.pem", "--tls-key", "k.pem"];
const tls = { certFile: "c.pem", keyFile: "k.pem" };

test.each([
  { name: "nothing said is plain, on one port", argv: [], want: { tls: undefined } },
  { name: "TLS brings a plain port for probes", argv: FILES, want: { tls, probePort: 8_086 } },
  {
    name: "which may be another",
    argv: [...FILES, "--probe-port", "9100"],
    want: { tls, probePort: 9_100 },
  },
  {
    name: "and may be there without TLS",
    argv: ["--probe-port", "9100"],
    want: { tls: undefined, probePort: 9_100 },
  },
])("of the options of TLS, $name", ({ argv, want }) => {
  expect(read(argv)).toMatchObject({ config: want });
});

test.each([{ argv: ["--tls-cert", "c.pem"] }, { argv: ["--tls-key", "k.pem"] }])(
  "$argv.0 alone is refused with what it needs",
  ({ argv }) => {
    expect(read(argv)).toEqual({
      problems: ["--tls-cert and --tls-key: one of them is not set; TLS needs both"],
    });
  },
);
