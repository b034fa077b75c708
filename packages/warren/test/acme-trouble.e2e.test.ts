/** Renewals where the CA and the gateway do not remember the same. */
import {
  cpSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leapingClock, pebblePath, startPebble, type TestCa } from "@warren/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AcmeStage, leapUntil, line, shown, YEAR_SECONDS } from "./_kit/acme.ts";

const PEBBLE = pebblePath();
const ASKED_AFTER_MS = 6.1 * 3_600_000;

const accountOf = (records: string) =>
  join(
    records,
    readdirSync(records).find((name) => name.endsWith("-account"))!,
  );

describe.skipIf(PEBBLE === undefined)("a certificate is renewed although", () => {
  const owned = new AsyncDisposableStack();
  let ca: TestCa;
  beforeAll(async () => {
    ca = owned.use(await startPebble(PEBBLE!, { validitySeconds: YEAR_SECONDS }));
  });
  afterAll(() => owned.disposeAsync());

  test.each([
    { name: "the CA says that it has been replaced", renewed: true, failures: [], spoil: () => {} },
    {
      name: "the account that it was ordered by is lost",
      renewed: false,
      failures: [],
      spoil: (records: string) => rmSync(accountOf(records), { recursive: true }),
    },
    {
      name: "the CA has lost the account",
      renewed: false,
      failures: ["accountDoesNotExist"],
      spoil: (records: string) => {
        const file = join(accountOf(records), "account.json");
        const text = readFileSync(file, "utf8");
        writeFileSync(file, text.replace(/my-account\/\w+/, "my-account/none"));
        expect(readFileSync(file, "utf8")).not.toBe(text);
      },
    },
  ])("$name", async ({ renewed, failures, spoil }) => {
    await using stage = new AcmeStage(ca);
    const host = `trouble-${failures.length}-${renewed}.acme.test`;
    const clock = leapingClock();
    const first = await stage.gateway({ hosts: [host], clock });
    await line(first, "certificate issued", host);
    const before = await shown(first.tlsPort, host);
    using backup = mkdtempDisposableSync(join(tmpdir(), "warren-backup-"));
    const records = join(backup.path, "records");
    cpSync(join(first.folder, "records"), records, { recursive: true });
    const [start, end] = [7_200_000, 60_000].map((ms) => new Date(Date.now() - ms));
    await ca.renew(String(before), { start: start!, end: end! });
    if (renewed) {
      clock.leap(ASKED_AFTER_MS);
      await leapUntil(clock, line(first, "certificate renewed", host));
    }
    await first[Symbol.asyncDispose]();
    spoil(records);
    const second = await stage.gateway({
      hosts: [host],
      clock,
      gateway: { dataFolder: backup.path },
    });
    clock.leap(ASKED_AFTER_MS);
    await leapUntil(clock, line(second, "certificate renewed", host));
    expect((await shown(second.tlsPort, host)).serialNumber).not.toBe(before.serialNumber);
    const failed = second.log.lines.filter(({ msg }) => msg === "no certificate");
    const problems = failed.map(({ fields }) => fields["problem"]);
    // An order that time leaps over may take too long by that.
    expect(problems.filter((one) => one !== "timeout")).toEqual(failures);
  });
});
