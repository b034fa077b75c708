import { promMetrics } from "@warren/host";
import { recordingLog, virtualClock, Waiting } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import type { Alert } from "./alert.ts";
import { CHAT_RATES, memoryLimits } from "../connections/memory-limits.ts";
import { alertLimit, type AlertLimit } from "./alert-limit.ts";
import { Alerts, type AlertsDeps, type AlertsOptions } from "./alerts.ts";
import { AlertEvents } from "./events.ts";
import { DeliveryError } from "./ports.ts";

const HELP: Alert = { event: "help_request", userId: "alice", sessionId: "5e551017", atMs: 0 };
const SECRET = "secret words";
const later = () => new DeliveryError("smtp", { code: "X", status: 451, retry: true });
const never = () => new DeliveryError("smtp", { code: "X", status: 550, retry: false });

/** Carriers that do to each recipient what a test says, else take the message. */
function kit(more: Partial<AlertsOptions> = {}, other: Partial<AlertsDeps> = {}) {
  const clock = virtualClock();
  const log = recordingLog();
  const metrics = promMetrics();
  const sent: string[] = [];
  const doing = new Map<string, (signal: AbortSignal) => Promise<void>>();
  const waiting = new Waiting();
  const carry = async (to: string, signal: AbortSignal) => {
    await doing.get(to)?.(signal);
    signal.throwIfAborted();
    sent.push(to);
    waiting.look();
  };
  const options = {
    emails: ["ada@x.org", "bob@x.org"],
    phones: ["+15550000001", "+15550000002"],
    adminPanelUrl: undefined,
    mostWaiting: 100,
    patienceMs: 900_000,
    ...more,
  };
  const alerts = new Alerts(options, {
    mailer: { send: ({ to }, signal) => carry(to, signal) },
    texter: { send: ({ to }, signal) => carry(to, signal) },
    limit: alertLimit(memoryLimits(CHAT_RATES)),
    clock,
    random: () => 0.5,
    events: new AlertEvents(log, metrics),
    ...other,
  });
  const counted = async (channel: string, outcome: string) =>
    Number(
      new RegExp(`channel="${channel}",outcome="${outcome}"\\} (\\d+)`).exec(
        await metrics.text(),
      )?.[1] ?? 0,
    );
  return { alerts, clock, log, sent, doing, waiting, counted };
}

/** Fails `times`, then takes it. */
function failing(times: number, error: () => Error) {
  let left = times;
  return async () => {
    if (left-- > 0) throw error();
  };
}
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

describe("an alert", () => {
  test("reaches every admin by mail and by SMS", async () => {
    const { alerts, sent, counted } = kit();
    alerts.raise(HELP);
    await alerts.idle();
    expect(sent.sort()).toEqual(["+15550000001", "+15550000002", "ada@x.org", "bob@x.org"]);
    expect(await counted("mail", "sent")).toBe(2);
    expect(await counted("sms", "sent")).toBe(2);
  });

  test("goes by SMS although every mail fails, and by mail although every SMS fails", async () => {
    const { alerts, sent, doing, counted } = kit();
    for (const to of ["ada@x.org", "bob@x.org"]) doing.set(to, failing(99, never));
    alerts.raise(HELP);
    await alerts.idle();
    expect(sent.sort()).toEqual(["+15550000001", "+15550000002"]);
    expect(await counted("mail", "failed")).toBe(2);
    doing.clear();
    for (const to of ["+15550000001", "+15550000002"]) doing.set(to, failing(99, never));
    alerts.raise(HELP);
    await alerts.idle();
    expect(sent.slice(2).sort()).toEqual(["ada@x.org", "bob@x.org"]);
  });

  test("reaches the others while one recipient's carrier hangs", async () => {
    const { alerts, sent, doing, waiting } = kit();
    const hangs = Promise.withResolvers<void>();
    doing.set("ada@x.org", () => hangs.promise);
    alerts.raise(HELP);
    await waiting.until(() => sent.length === 3);
    hangs.resolve();
    await alerts.idle();
    expect(sent).toHaveLength(4);
  });

  test("of the system goes by mail alone", async () => {
    const { alerts, sent } = kit();
    alerts.raise({
      event: "system_alert",
      subject: "disk",
      details: "",
      affectedUsers: 0,
      atMs: 0,
    });
    await alerts.idle();
    expect(sent.sort()).toEqual(["ada@x.org", "bob@x.org"]);
  });

  test("goes where a carrier is set", async () => {
    const { alerts, sent, counted } = kit({}, { texter: undefined });
    alerts.raise(HELP);
    await alerts.idle();
    expect(sent.sort()).toEqual(["ada@x.org", "bob@x.org"]);
    expect(await counted("sms", "failed")).toBe(0);
  });
});

describe("a message that may be taken later", () => {
  test("is tried again after half a minute at least, once taken not again", async () => {
    const { alerts, clock, sent, doing } = kit({ emails: ["ada@x.org"], phones: [] });
    doing.set("ada@x.org", failing(2, later));
    alerts.raise(HELP);
    await settled();
    clock.advance(29_999);
    await settled();
    expect(sent).toEqual([]);
    for (let i = 0; i < 10; i++) {
      clock.advance(60_000);
      await settled();
    }
    await alerts.idle();
    expect(sent).toEqual(["ada@x.org"]);
  });

  test("is given up when patience ends", async () => {
    const { alerts, clock, doing, counted } = kit({ emails: ["ada@x.org"], phones: [] });
    doing.set("ada@x.org", failing(999, later));
    alerts.raise(HELP);
    for (let i = 0; i < 20; i++) {
      await settled();
      clock.advance(60_000);
    }
    await alerts.idle();
    expect(await counted("mail", "failed")).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test("is tried once where the error is a bug, whose words are not logged", async () => {
    const { alerts, doing, log } = kit({ emails: ["ada@x.org"], phones: [] });
    doing.set(
      "ada@x.org",
      failing(9, () => new TypeError(`${SECRET} ada@x.org`)),
    );
    alerts.raise(HELP);
    await alerts.idle();
    expect(log.lines).toMatchObject([
      { level: "error", fields: { recipient: 0, code: "TypeError" } },
    ]);
    expect(JSON.stringify(log.lines)).not.toMatch(/secret|ada@/);
  });
});

describe("the limit", () => {
  test("is five in five minutes for a session; others have their own", async () => {
    const { alerts, sent, counted } = kit({ emails: ["ada@x.org"], phones: [] });
    for (let i = 0; i < 9; i++) alerts.raise(HELP);
    alerts.raise({ ...HELP, sessionId: "0ther" });
    await alerts.idle();
    expect(sent).toHaveLength(6);
    expect(await counted("mail", "limited")).toBe(4);
  });

  test("that cannot be asked lets the alert through", async () => {
    const limit: AlertLimit = { take: () => Promise.reject(new Error("redis is away")) };
    const { alerts, sent, log } = kit({}, { limit });
    alerts.raise(HELP);
    await alerts.idle();
    expect(sent).toHaveLength(4);
    expect(log.lines[0]?.level).toBe("warn");
  });
});

describe("many alerts", () => {
  test("are dropped beyond those that may wait, and counted", async () => {
    const { alerts, doing, counted, sent } = kit({
      emails: ["ada@x.org"],
      phones: [],
      mostWaiting: 10,
    });
    const hangs = Promise.withResolvers<void>();
    doing.set("ada@x.org", () => hangs.promise);
    for (let i = 0; i < 10_000; i++) alerts.raise({ ...HELP, sessionId: `s${i}` });
    await settled();
    hangs.resolve();
    await alerts.idle();
    expect(sent).toHaveLength(10);
    expect(await counted("mail", "dropped")).toBe(9_990);
  });
});

describe("the end", () => {
  test("waits for what is under way", async () => {
    const { alerts, doing, sent } = kit();
    const slow = Promise.withResolvers<void>();
    doing.set("ada@x.org", () => slow.promise);
    alerts.raise(HELP);
    const closed = alerts.close(5_000);
    slow.resolve();
    await closed;
    expect(sent).toHaveLength(4);
  });

  test("drops what is left at its deadline, also what waits for another try", async () => {
    const { alerts, clock, doing, counted } = kit({ phones: [] });
    doing.set(
      "ada@x.org",
      (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        }),
    );
    doing.set("bob@x.org", failing(9, later));
    alerts.raise(HELP);
    await settled();
    const closed = alerts.close(5_000);
    clock.advance(5_000);
    await closed;
    expect(await counted("mail", "dropped")).toBe(2);
    expect(clock.pending).toBe(0);
  });

  test("takes no more alerts", async () => {
    const { alerts, sent, counted } = kit();
    await alerts.close(0);
    alerts.raise(HELP);
    await alerts.idle();
    expect(sent).toEqual([]);
    expect(await counted("sms", "dropped")).toBe(1);
  });
});
