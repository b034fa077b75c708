import { promMetrics } from "@warren/host";
import { recordingLog, virtualClock } from "@warren/host/testing";
import { LIMITS, type RegisterSuccess } from "@warren/wire";
import { expect, test, vi } from "vitest";
import { Published } from "../published.ts";
import { clockVoice } from "../voice.ts";
import { ControlEvents } from "./control-events.ts";
import type { GatewayTunnelDeps } from "./gateway-tunnel.ts";
import { Gateways } from "./gateways.ts";

const [HOME, LEARNT] = ["wss://home.test", "wss://learnt.test"];

/** Gateways that nobody answers for: the test says which tunnel is up. */
function dialling() {
  const clock = virtualClock();
  const events = new ControlEvents(recordingLog(), promMetrics(), {
    onPort: undefined,
    onPublished: undefined,
  });
  const deps = {
    config: {
      gateways: [HOME],
      minGateways: 2,
      token: () => new Promise<string>(() => {}),
      tunnels: { detectMs: 30_000 },
    },
    world: { clock, random: () => 0.5 },
    limits: LIMITS,
    published: new Published(clockVoice(() => 1_000)),
    events,
  } as unknown as GatewayTunnelDeps;
  const said: string[][] = [];
  const gateways = new Gateways({
    deps,
    onFirstUp: () => {},
    onUp: () => {},
    onAddresses: (urls) => said.push([...urls]),
    onConnected: () => {},
    onReplaced: () => {},
  });
  gateways.start();
  const of = (url: string) => [...gateways.tunnels].find(({ urls }) => urls[0] === url)!;
  const home = of(HOME);
  vi.spyOn(home, "gatewayId", "get").mockReturnValue("g1");
  const up = vi.spyOn(home, "isUp", "get").mockReturnValue(true);
  const info = { names: [], gateways: [{ id: "g2", url: LEARNT }] } as unknown as RegisterSuccess;
  return { gateways, said, of, up, isUp: () => gateways.onUp(home, info) };
}

test("of a learnt gateway that is given up the others' addresses are said, once one is up", () => {
  const { gateways, said, of, up, isUp } = dialling();
  isUp();
  expect(said).toEqual([[HOME]]);
  up.mockReturnValue(false);
  gateways.onRetired(of(LEARNT));
  // Nobody is there who would say what holds now.
  expect(said).toHaveLength(1);
  up.mockReturnValue(true);
  isUp();
  gateways.onRetired(of(LEARNT));
  expect(said.slice(1)).toEqual([[HOME, LEARNT], [HOME]]);
});

test("an address that another tunnel has is not given up with the first", () => {
  const { gateways, said, of, isUp } = dialling();
  isUp();
  const learnt = of(LEARNT);
  vi.spyOn(learnt, "retire").mockReturnValue(); // it carries streams
  gateways.onDrain(learnt, 0);
  gateways.onRetired(learnt);
  expect(said.at(-1)).toEqual([HOME, LEARNT]);
  gateways.onRetired(of(LEARNT));
  expect(said.at(-1)).toEqual([HOME]);
});
